/* SPDX-License-Identifier: MIT */
/**
 * weft/tune.h - what bounds a job: CPU, waiting, memory; and how long it takes with how many threads.
 *
 *     weft_tuning t = {.size = sizeof t};
 *     int err = weft_tune(shrink, names, sizeof *names, thumbs, sizeof *thumbs, 24, NULL, &t);
 *     if (!err)
 *         weft_tune_print(&t, 2);
 *
 *     24 items, 31.2 ms each, of which 0 % waiting
 *       threads    seconds      least       most  speed-up   CPU seconds  rounds
 *             1     0.7490     0.7454     0.7533      1.00        0.7489       5
 *             2     0.3797     0.3770     0.3911      1.97        0.7540       5
 *     pool    2     0.3791     0.3766     0.3850      1.98        0.7521       5
 *     bound by CPU: run again at once, with its data in the cache, an item takes as long (1.01)
 *
 * weft_tune runs a sample of the items, the whole of it each time: in the caller alone, in pools of its own with 2, 4, ...
 * threads and no spares, and in the pool that would be used, as it is. Rows are measured in turn, round by round, so that
 * what else the machine does meets all of them; a row tells the median, and the least and most.
 *
 * How it knows what bounds the job, in this order:
 *   too little   the whole sample takes less than 0.1 ms: what it costs to hand work over decides
 *   waiting      three tenths or more of the time that items take is neither CPU time nor waiting for a CPU (the kernel's
 *                run delay)
 *   memory       items take 1.3 times the CPU time, or more, that they take when they are run again at once: their data
 *                comes from memory then, and from a cache the second time
 *   CPU          they take at most 1.15 times as much
 * CPU time does not count while a thread is descheduled, and what was descheduled between the two runs is left out: so other
 * programs on the machine make it slower to tell, up to "not clear", rather than wrong.
 * Its limits: the sample has to be larger than the caches, else its data is in them in both runs, and one item smaller, else
 * in neither: both look like CPU. That memory bounds a job says that its threads wait for memory; whether the memory is fast
 * enough for all of them tells the column of CPU seconds: it grows from row to row where it is not. (It grows, too, where
 * two PUs are one core's, or where threads write to the same lines.) CPU seconds are the whole process's: what its other
 * threads do meanwhile is counted there. A job that waits by spinning computes.
 */
#ifndef WEFT_TUNE_H
#define WEFT_TUNE_H

#include <weft/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What bounds a job. */
enum weft_bound {
    WEFT_BOUND_UNCLEAR = 0, /**< it could not be told; weft_tuning.reason says why */
    WEFT_BOUND_CPU,
    WEFT_BOUND_WAITING, /**< for disks, hosts, locks: more threads than PUs help */
    WEFT_BOUND_MEMORY, /**< bandwidth or the shared cache: more threads do not help, even if there are PUs for them */
    WEFT_BOUND_SIZE /**< there is too little work in all */
};

/** With a number of threads. */
typedef struct weft_tune_row {
    int threads;        /**< 1: the caller alone */
    int is_pool;        /**< 1: the pool that was given, or the default one; threads: its workers */
    int rounds;         /**< how often the sample was run so */
    double seconds;     /**< of the sample: the median, */
    double least, most; /**< and the range */
    double speed_up;    /**< against the caller alone in the same round, the median */
    double cpu_seconds; /**< of all threads of the process, the median */
} weft_tune_row;

#define WEFT_TUNE_ROWS 12

/** What came of it. */
typedef struct weft_tuning {
    size_t size;         /**< sizeof(weft_tuning), set by the caller */
    size_t items;        /**< in the sample */
    double item_seconds; /**< one, on average, in the caller alone */
    double waiting;      /**< of that, the share that it waits: 0 to 1 */
    double again;        /**< its CPU time / that when it is run again at once: the median; 0: not known */
    int bound;           /**< enum weft_bound */
    int count;           /**< of rows */
    weft_tune_row rows[WEFT_TUNE_ROWS];
    char reason[256]; /**< why it is thought so, a sentence for people */
} weft_tuning;

typedef struct weft_tune_config {
    size_t size;       /**< sizeof(weft_tune_config); WEFT_TUNE_CONFIG fills it in */
    weft_pool *pool;   /**< NULL: the current or the default pool */
    void *ctx;         /**< handed to every call of the item function */
    int64_t budget_ns; /**< begins nothing more after it; it may take one run of the sample longer. 0: 2 s */
    int threads_most; /**< the largest row. 0: twice as many as PUs; 16 times as many for a job that waits; up to 256, and
                          to the number of items */
} weft_tune_config;

/** A pointer to a config in which the named fields are set (C only, see WEFT_POOL_CONFIG). */
#define WEFT_TUNE_CONFIG(...) (&(const weft_tune_config){.size = sizeof(weft_tune_config), __VA_ARGS__})

/**
 * Measures a job: the call that would be weft_parallel_map(pool, fn, in, in_size, out, out_size, n, ...).
 * @param fn      has to bear being called for the same item again and again, and to answer 0; so `out` must not be `in`,
 *                unless it finds its own output as good as the input
 * @param n       items; 20 to 200 typical ones, so that the sample takes 10 to 200 ms in all
 * @param config  NULL: all defaults; not kept
 * @param tuning  its size set by the caller; the rest is filled in, or untouched after an error
 * @return 0, also if it is not clear what bounds it; -EINVAL (as weft_parallel_map; n is 0; tuning is NULL or its size makes no
 *         sense), -ENOMEM, -EOWNERDEAD, -EDEADLK: from inside a pool, whose other work would be measured; WEFT_EITEM: an
 *         item's status was not 0, nothing more was run. A row whose threads cannot be had is left out
 * Any thread outside of pools. It creates threads, and ends them.
 * The sample is always run as a whole: each item is called as often as any other one.
 */
WEFT_API int weft_tune(weft_item_fn *fn, const void *in, size_t in_size, void *out, size_t out_size, size_t n,
                       const weft_tune_config *config, weft_tuning *tuning);

/** Writes it as a table for people; the words may change. 0; -EINVAL; or what write(2) says. Any thread. */
WEFT_API int weft_tune_print(const weft_tuning *tuning, int fd);

/** "CPU", "waiting", "memory", "too little work", "not clear". Any thread. */
WEFT_API const char *weft_bound_name(int bound);

#ifdef __cplusplus
}
#endif
#endif
