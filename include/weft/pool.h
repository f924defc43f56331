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
 * works occupies a place: with two workers and one guest, two threads are active at a time, not three.
 */
#ifndef WEFT_POOL_H
#define WEFT_POOL_H

#include <weft/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_pool weft_pool;

/** The largest number of workers, and of seats, that a config may ask for. */
#define WEFT_WORKERS_MAX 4096
#define WEFT_SEATS_MAX 1024

/** Where a pool's threads run. Auto: each on a PU of its own if the pool has as many workers as the
 *  process has PUs, no CPU quota allows less than that, and no other bound pool lives in the process;
 *  else on the PUs near one. None is ever bound outside the affinity mask that was found when the pool
 *  was created. */
enum weft_bind { WEFT_BIND_AUTO = 0, WEFT_BIND_NONE, WEFT_BIND_PU, WEFT_BIND_DOMAIN };

/**
 * What a new pool is to be. The number of workers is said, in this order of authority, by
 *   1. the field `workers`;
 *   2. the environment's WEFT_WORKERS: a decimal number up to WEFT_WORKERS_MAX, 0: no threads. Empty is
 *      as unset, anything else is ignored; so is all of it in a program with raised privileges;
 *   3. the machine: one worker per PU of the affinity mask, or fewer, but one at least, under a CPU quota:
 *      as many as can use it (1.5 CPUs: two). What counts is the least quota of the process's control
 *      group and all groups above it, of cgroup v1 and v2, as far as they can be seen.
 * Environment and machine are looked at when the pool is created. A pool does not follow later changes.
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
                              the workers or the PUs; WEFT_NONE: not at all; at most 1 s */
    size_t stack_bytes; /**< of a worker's thread. 0: the system's default; at least 64 KiB */
    int force;          /**< 0: children of a worker that is asked for work and does not come to its next fork
                              for 20 us are made public in its stead, where membarrier(2) is allowed; WEFT_NONE:
                              never (it interrupts every core that runs a thread of the process) */
    const char *name;   /**< of the threads, "name-3"; copied; at most 10 characters count. NULL: "weft" */
    int take_over;      /**< 0: a thread outside that waits for a task which nobody has begun runs it itself;
                              WEFT_NONE: it sleeps until a worker has (for tasks that want a worker's stack or
                              thread). Threads inside always take over: perhaps nobody else could */
} weft_pool_config;

/** A pointer to a config in which the named fields are set and all others default (C only; in C++:
 *  `weft_pool_config c = {}; c.size = sizeof c; c.workers = 8;`). */
#define WEFT_POOL_CONFIG(...) (&(const weft_pool_config){.size = sizeof(weft_pool_config), __VA_ARGS__})

/**
 * Creates a pool and starts its threads.
 * @param pool    receives the pool; NULL after an error
 * @param config  may be NULL; not kept
 * @return 0; -EINVAL (pool is NULL; a size or number that makes no sense), -ENOMEM, -EAGAIN (workers
 *         were asked for and not one thread could be created). The first thread that cannot be created
 *         ends the attempt: the pool works with those before it, weft_pool_workers tells how many.
 * Any thread; waits for nothing but the start of the threads. The threads block all signals but the
 * synchronous ones and have the floating-point environment of the caller.
 */
WEFT_API int weft_pool_create(weft_pool **pool, const weft_pool_config *config);

/**
 * Ends the threads of a pool and frees it, and with it the worker-local values made for it.
 * @param pool  may be NULL: 0. The default pool may be destroyed too; the next use starts a new one.
 * @return 0; -EDEADLK from inside the pool; -EBUSY while guests are inside. After an error the pool
 *         is as before. After a fork(2), in the child: -EOWNERDEAD.
 * No thread may enter the pool during or after the call.
 */
WEFT_API int weft_pool_destroy(weft_pool *pool);

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

/** The number of threads of the pool (NULL: current or default); guests are not counted. Negative: an
 *  error as in weft_run. Any thread. */
WEFT_API int weft_pool_workers(weft_pool *pool);

/**
 * The index of the calling thread in the pool that it works in: 0 <= index < weft_worker_bound(), no
 * two running threads of the pool have the same. -1 outside a pool (and in a call that found no seat).
 * May change only across a join or the end of a parallel call. Any thread; costs a load.
 */
WEFT_API int weft_worker_index(void);

/** One more than the largest weft_worker_index() that the pool (NULL: current or default) ever gives.
 *  Negative: an error as in weft_run. Any thread. */
WEFT_API int weft_worker_bound(weft_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
