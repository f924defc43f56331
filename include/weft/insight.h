/* SPDX-License-Identifier: MIT */
/**
 * weft/insight.h - what a pool has done so far, and what everybody in it does just now.
 *
 *     weft_counters c = WEFT_COUNTERS_INIT;
 *     int err = weft_pool_counters(pool, -1, &c);            // -1: everybody together; else a worker's index
 *     if (!err)
 *         printf("%llu tasks, %llu parks\n", (unsigned long long)c.tasks, (unsigned long long)c.parks);
 *
 *     weft_dump(NULL, 2);                                    // who runs what, who waits for what, to stderr
 *     (gdb) call (int)weft_dump(0, 2)                        // the same of a program that hangs
 *
 * Counters are always on: each has one writer, and costs it a load and a store beside something far dearer. The fork
 * is not counted, for it is a dozen instructions itself, except in what is compiled with WEFT_COUNT_FORKS defined
 * before weft/fork.h is included (in C++: in the whole program alike).
 */
#ifndef WEFT_INSIGHT_H
#define WEFT_INSIGHT_H

#include <weft/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a child was stolen from, how far a victim is: the smallest thing that the PUs of thief and victim share. */
enum weft_steal {
    WEFT_STEAL_CORE = 0, /**< workers of one core, or of one PU */
    WEFT_STEAL_L2,
    WEFT_STEAL_CACHE, /**< the last level; also all PUs of a flat pool */
    WEFT_STEAL_NODE,
    WEFT_STEAL_PACKAGE,
    WEFT_STEAL_MACHINE,
    WEFT_STEAL_GUEST, /**< from a guest or by one: guests have no PU */
    WEFT_STEAL_KINDS
};

/** How often each thing was done since the pool was created. */
typedef struct weft_counters {
    size_t size;           /**< sizeof(weft_counters), set by the caller; WEFT_COUNTERS_INIT does */
    uint64_t tasks;        /**< submitted tasks that workers took from a queue and ran */
    uint64_t taken_over;   /**< submitted tasks run by who waited for them; in a pool without
                                            threads: by who submitted */
    uint64_t forks;        /**< in code compiled with WEFT_COUNT_FORKS, inside the pool; else 0 */
    uint64_t forks_slow;   /**< forks that came to the cold path: asked for, or with no room */
    uint64_t publications; /**< times that a worker made children of its own public */
    uint64_t forced;       /**< times that it made another's public, who did not answer */
    uint64_t steals[WEFT_STEAL_KINDS]; /**< children taken from others and run, by enum weft_steal */
    uint64_t leapfrogs; /**< those of them that were taken while waiting at a join or a loop's end */
    uint64_t cuts;      /**< pieces cut from the loops of others */
    uint64_t fetches;   /**< batches of tasks taken from an inbox */
    uint64_t naps;      /**< short sleeps of the one idle worker that looks round in between */
    uint64_t parks;     /**< sleeps of an idle worker until it was woken */
    uint64_t blocks;    /**< sleeps in the middle of work: at a join, a loop's end, a future */
    uint64_t wakes;     /**< times that it woke another: idle, or waiting at a join or a loop's end */
    uint64_t looks;     /**< times that it looked what the machine gives the pool now */
    uint64_t
        spares; /**< threads that were made to stand in for waiting workers; of the pool, as the next two */
    uint64_t
        spares_capped; /**< times that one was called for and there could not be another: spare_max, or the system */
    uint64_t
        stills; /**< times that somebody was found standing still in a call of its own (docs/blocking.md) */
    uint64_t
        strayed; /**< tasks with a strict home that ran elsewhere: nobody was there any more (docs/executors.md) */
} weft_counters;

#ifdef __cplusplus
#define WEFT_COUNTERS_INIT weft_counters_init_()
static inline weft_counters weft_counters_init_(void)
{
    weft_counters c = weft_counters();
    c.size = sizeof c;
    return c;
}
#else
#define WEFT_COUNTERS_INIT            \
    {                                 \
        .size = sizeof(weft_counters) \
    }
#endif

/**
 * Reads the counters of a pool.
 * @param pool      NULL: the current or the default pool
 * @param index     of a worker or a guest's seat, 0 <= index < weft_worker_bound(); -1: the sum of all, and of what
 *                  threads outside and guests without a seat did
 * @param counters  its size set by the caller; what the library does not know yet is set to 0
 * @return 0; -EINVAL (counters is NULL, a size or an index that makes no sense), -ENOMEM (no default pool),
 *         -EOWNERDEAD (a parent's pool, after fork(2))
 * Any thread; costs some loads a worker, disturbs nobody. Each counter only grows; those of who runs meanwhile are a
 * moment old, and not all of the same moment. What happened before something that the caller waited for is in.
 */
WEFT_API int weft_pool_counters(weft_pool *pool, int index, weft_counters *counters);

/**
 * Writes what everybody does just now as text: a line for the pool, one for each worker and for each guest inside.
 *
 *     pool weft 0x5581..: started 2 of 2, searching 0, napping 0, sleeping 1, blocked 0, inbox 3, open
 *     worker 0 tid 4711 pu 0: running task fn=0x5581.. arg=0x7ffd.. for 12.3 ms; private 0, public 0, units 0, ...
 *     worker 1 tid 4712 pu 1: sleeping; private 0, ...
 *     guest 2 tid 4700 pu 0: waiting for a child taken by worker 0, in root; private 1, ...
 *
 * Started: workers that have a place, or have not left it yet, of so many places.
 * A worker is searching, napping, sleeping, without a place, running (and maybe standing still, in a call of its own), or
 * waiting for: a child taken by somebody, the end of a loop (with the units that are left), a future (with its state),
 * something outside (a blocking section); what waits names what it waits in. Spares are shown while they stand in for
 * somebody; the pool's line tells how many of how many are out, and that all are, with what waits for one. Times: since the
 * task began that was taken from a queue (what a waiter takes over and runs in the middle of another counts from that
 * one's beginning); for all else since the worker turned active; of guests they are not known. Private and public: forked
 * children; units: of loops, that others may cut; queued: run queue + batch; then some of the counters. The text is
 * for people: it may change.
 *
 * @param pool  NULL: all pools of the process (after fork(2): of the child), or a line that says that there are none
 * @param fd    where to; if it is a pipe or socket without a reader, SIGPIPE is the host's matter
 * @return 0; -EOWNERDEAD (a parent's pool); -EBUSY (pool is NULL, and the list of pools was held for long: the text
 *         says so); or what write(2) says: -EBADF, -EAGAIN, -EPIPE, ... Lines before the error have been written.
 * Any thread, any time, also from a debugger and from a signal handler: no lock is held while it writes, none is
 * waited for, nothing is allocated, errno stays. Waits where fd does. Reads what others write meanwhile: a line may
 * mix two moments of a busy worker; what stands still is shown as it is. Threads that wait outside of all pools are
 * not shown. A pool that is given must not be destroyed meanwhile.
 */
WEFT_API int weft_dump(weft_pool *pool, int fd);

#ifdef __cplusplus
}
#endif
#endif
