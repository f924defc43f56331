/* SPDX-License-Identifier: MIT */
/**
 * weft/pool.h - pools of workers, and how a thread of yours enters one.
 *
 *     weft_pool *pool;
 *     int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 8)); // NULL: all defaults
 *     if (err)
 *         return err;
 *     weft_run(pool, root, &args);   // this thread works along, forks in root() may be stolen
 *     weft_pool_destroy(pool);
 *
 * Most programs need none of this: every call that takes a pool takes NULL, which means the pool that
 * the calling thread works in, or else the default pool, which starts on first use.
 *
 * A thread outside the pool that enters it is a guest: it starts at once, in place, and hands work
 * over only when somebody else has time for it. Its affinity, signal mask and floating-point
 * environment are not touched. Guests sit in seats; with no seat free the call runs serially. A guest that
 * works occupies a place: with two workers and one guest, two threads are active at a time, not three, but for as long as
 * one is late that found a place free and then took it.
 */
#ifndef WEFT_POOL_H
#define WEFT_POOL_H

#include <weft/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_pool weft_pool;
struct hwloc_topology;

/** The largest number of workers, and of seats, that a config may ask for. */
#define WEFT_WORKERS_MAX 4096
#define WEFT_SEATS_MAX 1024

/** Where a pool's threads run. Auto: each on a PU of its own if the pool has as many workers as the
 *  process has PUs (or the config's part of them), no CPU quota allows less than that, and no other pool of
 *  the process has bound its threads to some of these PUs; else on the PUs near one. None is ever bound outside the
 *  affinity mask that was found when the pool was created. */
enum weft_bind { WEFT_BIND_AUTO = 0, WEFT_BIND_NONE, WEFT_BIND_PU, WEFT_BIND_DOMAIN };

/** Kinds of cores, of machines that have several: performance are those of the fastest kind, efficiency all others. As hwloc
 *  ranks them; what it cannot rank counts as performance. */
enum weft_core_kind { WEFT_CORES_ALL = 0, WEFT_CORES_PERFORMANCE, WEFT_CORES_EFFICIENCY };

/**
 * What a new pool is to be. The number of workers is said, in this order of authority, by
 *   1. the field `workers`;
 *   2. the environment's WEFT_WORKERS: a decimal number up to WEFT_WORKERS_MAX, 0: no threads. Empty is
 *      as unset, anything else is ignored; so is all of it in a program with raised privileges;
 *   3. the machine: one worker per PU of the affinity mask (with a topology: of that), or fewer, but one at
 *      least, under a CPU quota: as many as can use it (1.5 CPUs: two). What counts is the least quota of the
 *      process's control group and all groups above it, of cgroup v1 and v2, as far as they can be seen.
 * The environment is looked at when the pool is created. What the machine gives is followed later on, by pools that have
 * their size from it, until weft_pool_resize says otherwise: about every 100 ms, while they work, they look at the quotas and
 * at the affinity masks of their own threads (which a cpuset, or taskset -a, changes; a mask of one thread of yours says
 * nothing). Less is less at once, as in weft_pool_resize; more is more when it has stood for a second. PUs that were not
 * there at creation are not found. An idle pool does not look.
 */
typedef struct weft_pool_config {
    size_t size;        /**< sizeof(weft_pool_config); WEFT_POOL_CONFIG fills it in */
    int workers;        /**< places. 0: WEFT_WORKERS or what the machine gives, see above; WEFT_NONE: no
                              threads, all calls run in their caller; at most WEFT_WORKERS_MAX */
    int seats;          /**< guests at the same time. 0: 16; WEFT_NONE; at most WEFT_SEATS_MAX */
    int bind;           /**< enum weft_bind */
    int flat;           /**< 1: do not ask hwloc about the machine; all PUs count as equally far */
    int64_t spin_ns;    /**< how long an idle worker looks round before it sleeps. 0: 30 us with a PU
                              for each worker; 2 us with fewer, or under a CPU quota that is less than
                              the workers or the PUs; WEFT_NONE: not at all; at most 1 s. Who waits in the
                              pool, or for a worker process, and such a process: as long, at most 30 us */
    size_t stack_bytes; /**< of a worker's thread. 0: the system's default; at least 64 KiB */
    int force;          /**< 0: children of a worker that is asked for work and does not come to its next fork
                              for 20 us are made public in its stead, where membarrier(2) is allowed; WEFT_NONE:
                              never (it interrupts every core that runs a thread of the process) */
    const char *name;   /**< of the threads, "name-3"; copied; at most 10 characters count. NULL: "weft" */
    int take_over;      /**< 0: a thread outside that waits for a task which nobody has begun runs it itself;
                              WEFT_NONE: it sleeps until a worker has (for tasks that want a worker's stack or
                              thread). Threads inside always take over: perhaps nobody else could */
    /** An hwloc_topology_t that you have loaded (with the hwloc that this library uses), so that hwloc need not
     *  look again; only read, and only during the call, in which nobody may change it. The pool uses those of its
     *  PUs that are in the affinity mask. If it describes another machine (synthetic, from a file), all of its PUs:
     *  workers then sit and steal as on that machine and are not bound. NULL: the library's own. Not with flat. */
    struct hwloc_topology *topology;
    int spare_max; /**< threads that may stand in for workers which wait in the middle of a task: for a future, a stream, an
                      executor's end, a child, a loop, or for something outside (weft/block.h), while there is anything to
                      take and no worker is idle. Made when they are first needed. 0: 64; WEFT_NONE: none, and nobody looks
                      out for workers that stand still: such a wait may then wait for what nobody runs; at most
                      WEFT_SEATS_MAX. Each has a record of 5.3 KiB from the start, and while there is a thread its stacks:
                      docs/blocking.md */
    int64_t spare_keep_ns; /**< how long such a thread is kept when nobody needs it. 0: 5 s; WEFT_FOREVER */
    int workers_max; /**< as many workers as the pool may ever have (weft_pool_resize). 0: one per PU that it finds, or
                        `workers` if that is more; not below `workers`; what environment or machine say is cut to it. Each
                        has a record of 5 KiB from the start; a thread and a task stack when it first gets a place. A pool
                        without threads stays one */
    int follow; /**< 0: a pool whose size the machine gave follows that: see above; WEFT_NONE: it does not */
    /** The part of the machine that the pool is confined to: those PUs of the affinity mask (of all, on a topology of another
     *  machine) that are in all of the next three. The pool is then as on a machine that has no others: its size, where
     *  nobody says another, its places, whom they rob. No thread of it runs elsewhere, also with WEFT_BIND_NONE, as long as
     *  the kernel lets them be bound. Guests run where they did. docs/sizing.md
     *  This one: a list of PUs as Linux counts and writes them, "0-3,8"; those that are not there do no harm. NULL: all. */
    const char *cpus;
    /** The same of NUMA nodes: the PUs whose own memory is there, node of weft_worker_inspect. NULL: all. Not with flat. */
    const char *nodes;
    int core_kind; /**< enum weft_core_kind. Not with flat */
    /** A task ended with another status than 0, and nobody holds its future: told in the thread that ran it, with the task's
     *  label or NULL. Of tasks of the pool's own executor and of others without a hook of their own, and of what runs inline
     *  after a future. It must not wait. NULL: nobody is told. */
    void (*on_error)(const char *label, int status, void *ctx);
    void *ctx; /**< of on_error; lives as long as the pool */
} weft_pool_config;

/** A pointer to a config in which the named fields are set and all others default (C only; in C++:
 *  `weft_pool_config c = {}; c.size = sizeof c; c.workers = 8;`). */
#define WEFT_POOL_CONFIG(...) (&(const weft_pool_config){.size = sizeof(weft_pool_config), __VA_ARGS__})

/**
 * Creates a pool and starts its threads.
 * @param pool    receives the pool; NULL after an error
 * @param config  may be NULL; not kept
 * @return 0; -EINVAL (pool is NULL; a size, number or list that makes no sense; a topology that is not loaded, of
 *         another hwloc, or without a PU of the affinity mask), -ENODEV (no PU that the pool may use is in cpus, nodes
 *         and core_kind at once), -ENOMEM, -EAGAIN (workers
 *         were asked for and not one thread could be created). The first thread that cannot be created
 *         ends the attempt: the pool works with those before it, weft_pool_workers tells how many.
 * Any thread; waits for nothing but the start of the threads. The threads block all signals but the
 * synchronous ones and have the floating-point environment of the caller; one that is made later (weft_pool_resize, a
 * spare, the clock) has that of the thread that made it.
 */
WEFT_API int weft_pool_create(weft_pool **pool, const weft_pool_config *config);

/**
 * Runs what was submitted and accepted, waits for it, ends the threads of the pool and frees it, and with it the
 * worker-local values made for it. Its futures may be read and released afterwards.
 * @param pool  may be NULL: 0. The default pool may be destroyed too; the next use starts a new one.
 * @return 0; -EDEADLK from inside the pool; -EBUSY while guests are inside. After an error the pool
 *         is as before. After a fork(2), in the child: -EOWNERDEAD.
 * No thread may enter the pool during or after the call, nor submit to it from outside. While the call lasts no thread
 * outside may be in a call that waits for one of its futures or cancels one, not even in one that it began before.
 */
WEFT_API int weft_pool_destroy(weft_pool *pool);

/**
 * Gives back memory that the pool keeps and does not need now: where queues of submitted tasks lay before they grew. It is
 * less than what the queues take anyway; a pool does not do it by itself, for it has to wait.
 * @return 0, or an error as in weft_run. NULL: the current or the default pool.
 * Any thread. Waits for read sections of liburcu (memb flavour) that run in the process: not to be called in one.
 */
WEFT_API int weft_pool_trim(weft_pool *pool);

/**
 * The default pool: all defaults, as many workers as WEFT_WORKERS or else the machine says (see
 * weft_pool_config), started by the first call that needs it. If no thread can be
 * created it has none and all calls run in their callers.
 * @param pool  receives it; it belongs to the library
 * @return 0, -EINVAL, -ENOMEM
 * Any thread. The process may exit with it alive.
 */
WEFT_API int weft_pool_default(weft_pool **pool);

/**
 * Calls fn(arg) in the calling thread, as a part of the pool: what fn forks and maps may run on all
 * workers. Equals `fn(arg);`. From inside the same pool it is just that call.
 * @param pool  NULL: the current or the default pool
 * @param fn    has to return: not to be left by an exception, longjmp or pthread_exit
 * @return 0 after fn returned; -EINVAL (fn is NULL), -ENOMEM (no default pool), -EOWNERDEAD (the pool
 *         was created before a fork(2), by the parent)
 * Any thread, also a worker of another pool. Waits only for what fn itself forked.
 */
WEFT_API int weft_run(weft_pool *pool, void (*fn)(void *arg), void *arg);

/** The number of places of the pool (NULL: current or default): so many of its workers and guests are active at a time.
 *  In each sits a worker; guests are not counted. Negative: an error as in weft_run. Any thread. */
WEFT_API int weft_pool_workers(weft_pool *pool);

/**
 * Gives the pool another number of places, while it works.
 *   Fewer: the workers beyond the first `places` stop after what they run just now: a task, a stolen child, their piece of a
 * loop; never in the middle of it. What they have queued, and what is left of their loops, others take. Their threads stay
 * and cost nothing. Until the last of them has stopped more than `places` may be at work (weft_worker_inspect tells).
 *   More: workers that stopped go on, others get a thread. The first ones work: PUs near each other, one of each core before
 * a core's second one. How they are bound does not change.
 * @param places  1 <= places <= workers_max of the config
 * @return 0, when the number holds; -EINVAL, -ESHUTDOWN (the pool is being destroyed: from one of its tasks), -EAGAIN or
 *         -ENOMEM (a thread could not be created: nothing has changed), or an error as in weft_run
 * Any thread, also a task of the pool. Waits for no task; only for other calls of the same kind: one goes after the other.
 */
WEFT_API int weft_pool_resize(weft_pool *pool, int places);

/**
 * The index of the calling thread in the pool that it works in: 0 <= index < weft_worker_bound(), no
 * two running threads of the pool have the same. -1 outside a pool (and in a call that found no seat).
 * May change only across a join or the end of a parallel call. Any thread; costs a load.
 */
WEFT_API int weft_worker_index(void);

/** One more than the largest weft_worker_index() that the pool (NULL: current or default) ever gives.
 *  Negative: an error as in weft_run. Any thread. */
WEFT_API int weft_worker_bound(weft_pool *pool);

/**
 * Describes a pool for people: a line about its workers and where their number came from, one about the machine
 * that it sees, one about a CPU quota if there is one; then one for each worker: its PU, NUMA node and domain, and
 * whether it is bound there or why not.
 *
 *     char text[4096];
 *     if (weft_pool_describe(NULL, text, sizeof text) > 0)
 *         fputs(text, stderr);
 *
 * The words may change from version to version: programs call weft_pool_inspect and weft_worker_inspect.
 * @param pool   NULL: the current or the default pool
 * @param text   receives the text, cut off where `bytes` end and always ended by a NUL; may be NULL if bytes is 0
 * @return the bytes of the whole text without its NUL, as snprintf answers; -EINVAL (text is NULL), or an error
 *         as in weft_run
 * Any thread; waits until the pool's threads have started to run, which they do without the caller.
 */
WEFT_API int weft_pool_describe(weft_pool *pool, char *text, size_t bytes);

/** Where a number came from. */
enum weft_origin {
    WEFT_ORIGIN_CONFIG = 1,  /**< the config */
    WEFT_ORIGIN_ENVIRONMENT, /**< an environment variable WEFT_* */
    WEFT_ORIGIN_MASK,        /**< the affinity mask of the thread that created the pool */
    WEFT_ORIGIN_TOPOLOGY,    /**< the config's topology */
    WEFT_ORIGIN_QUOTA,       /**< a CPU quota of a control group */
    WEFT_ORIGIN_RESIZE,      /**< weft_pool_resize */
    WEFT_ORIGIN_PART         /**< the part of the machine that the config's cpus, nodes and core_kind leave */
};

/** Who described the machine to the pool. */
enum weft_source {
    WEFT_SOURCE_MASK = 1, /**< the affinity mask alone: flat, or hwloc had nothing to say about these PUs */
    WEFT_SOURCE_HWLOC,    /**< hwloc, asked by the library */
    WEFT_SOURCE_HOST      /**< the config's topology */
};

/** What weft_pool_inspect tells of a pool. */
typedef struct weft_pool_info {
    size_t size;        /**< in: sizeof(weft_pool_info) */
    int workers;        /**< places, as weft_pool_workers */
    int workers_wanted; /**< more than workers if the system refused some threads at creation */
    int workers_origin; /**< of workers_wanted: enum weft_origin */
    int seats;          /**< guests at the same time */
    int bind;           /**< planned: WEFT_BIND_NONE, WEFT_BIND_PU or WEFT_BIND_DOMAIN */
    int source;         /**< enum weft_source */
    int this_system;    /**< 0: source describes another machine; its PUs are names, nothing can be bound */
    int pus;            /**< that the pool may use, of that machine */
    int domains;  /**< groups of those PUs: of one cache, or of one NUMA node where no cores share a cache */
    int mask_pus; /**< in the affinity mask of the thread that created the pool */
    int ignored;  /**< 1: WEFT_WORKERS was looked at and is no number of workers */
    int64_t quota_us;  /**< CPU time that the process's control groups give it in each */
    int64_t period_us; /**< of these periods; both 0: no quota is known */
    int workers_max;   /**< as many workers as it may ever have */
    int threads;       /**< of workers, those that stand still among them */
    int64_t resized;   /**< how often the number of places has changed since the pool was created */
    int follows;       /**< 1: it follows what the machine gives */
    int spare_max;     /**< threads that may stand in for workers that wait */
    int spares;        /**< of these, those that there are now, at work or kept */
    int pus_whole; /**< PUs that it might use if the config had no cpus, nodes and core_kind; without them: as pus */
    int core_kinds; /**< kinds of cores that the whole machine has; 0: not known */
} weft_pool_info;

/** What weft_worker_inspect tells of a worker. */
typedef struct weft_worker_info {
    size_t size;  /**< in: sizeof(weft_worker_info) */
    int pu;       /**< its place, as the operating system counts PUs; two have the same if PUs are fewer */
    int node;     /**< the PU's NUMA node, as the operating system counts them; -1: not known */
    int domain;   /**< the PU's: 0 <= domain < domains of the pool */
    int bound;    /**< WEFT_BIND_NONE; or as planned, if the kernel let it run nowhere else at its start */
    int bind_err; /**< 0, or why the kernel refused to bind it or to tell its mask: a negative errno (-EPERM: a
                       sandbox forbids it; -EINVAL: the PU was taken away from the process) */
    int mask_pus; /**< on how many PUs the kernel lets the thread run, at its start; 0: it would not tell */
    int place; /**< 1: it has one; 0: it has none and stands still; -1: it has none, but has not stopped yet */
    int core_rank; /**< of the PU's core, the fastest kind last: 0 <= core_rank < core_kinds; -1: not known */
} weft_worker_info;

/**
 * Tells a program what weft_pool_describe tells people.
 *
 *     weft_pool_info info = {.size = sizeof info};
 *     int err = weft_pool_inspect(pool, &info);
 *
 * @param info  its size is set by the caller; the rest is filled in, or untouched after an error
 * @return 0; -EINVAL (info is NULL or its size makes no sense), or an error as in weft_run
 * Any thread; waits for a resize that is under way, no longer.
 */
WEFT_API int weft_pool_inspect(weft_pool *pool, weft_pool_info *info);

/**
 * The same for one worker: 0 <= worker < workers_max of weft_pool_inspect.
 * @return as above; -EINVAL also where there is no such worker, or has not been yet
 * Any thread; waits as weft_pool_describe does.
 */
WEFT_API int weft_worker_inspect(weft_pool *pool, int worker, weft_worker_info *info);

/**
 * The other workers in the order in which one looks for work at them: near ones first, of equally far ones each worker
 * begins with another. It comes to guests and spares after them all.
 *
 *     int victims[8], distances[8];
 *     int others = weft_worker_victims(pool, 0, victims, distances, 8);   // may be more than 8
 *
 * @param worker     0 <= worker < workers_max of weft_pool_inspect
 * @param victims    receives their indices, the first `count` of them; may be NULL if count is 0. Those that have never
 *                   had a thread are among them; until they have one they are passed over
 * @param distances  receives how far each is: the smallest thing that both PUs share, WEFT_STEAL_CORE to
 *                   WEFT_STEAL_MACHINE of weft/insight.h; they never fall. NULL: not asked for
 * @param count      how many there is room for
 * @return how many there are, whatever count is: one less than workers_max; -EINVAL (victims is NULL, count is
 *         negative, no such worker), or an error as in weft_run
 * Any thread; waits for nothing: the order is made when the pool is created and does not change.
 */
WEFT_API int weft_worker_victims(weft_pool *pool, int worker, int *victims, int *distances, int count);

#ifdef __cplusplus
}
#endif
#endif
