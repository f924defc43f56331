/* SPDX-License-Identifier: MIT */
/**
 * weft/executor.h - doors to a pool: with a name, a priority, limits, and an end of their own.
 *
 *     weft_executor *disk;
 *     weft_executor_create(&disk, WEFT_EXECUTOR_CONFIG(.name = "disk", .limit = 4));   // 4 at a time
 *     weft_submit(disk, read_block, &block, &future);
 *     ...
 *     weft_executor_shutdown(disk, WEFT_DRAIN, WEFT_FOREVER);
 *     weft_executor_destroy(disk);
 *
 * Many share one pool and its workers. An executor costs no thread.
 *
 * Lifetime:
 *   1. create ... close (nothing more is accepted) ... shutdown (what was accepted has ended) ... destroy.
 *   2. destroy closes and drains what is not shut down, and frees the executor; its futures live on.
 *   3. The pool is destroyed after its executors.
 *   4. What was accepted ends once: done, or cancelled. An argument's destructor runs once, whatever happens.
 */
#ifndef WEFT_EXECUTOR_H
#define WEFT_EXECUTOR_H

#include <weft/future.h>
#include <weft/limit.h>
#include <weft/pool.h>
#include <weft/stop.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whose tasks go first, among those of executors and what is submitted from outside; tasks that a worker's own tasks
 *  submit to its pool come before. Lower ones age: of 16 tasks taken one is normal, of 64 one is low, if there are any. A
 *  task that runs is not interrupted. */
enum weft_priority { WEFT_PRIORITY_LOW = -1, WEFT_PRIORITY_NORMAL = 0, WEFT_PRIORITY_HIGH = 1 };

/** When queue_limit tasks wait already. From a task of the same pool it is always CALLER_RUNS: a worker never blocks on
 *  its own pool's queue. Where the caller must not run it (a start hook, or inside a task of a serial executor) the queue
 *  takes more then; from outside, a serial executor's CALLER_RUNS runs the oldest ones until there is room. */
enum weft_when_full {
    WEFT_BLOCK = 0,  /**< the caller waits for room */
    WEFT_REJECT,     /**< weft_submit answers -EAGAIN */
    WEFT_CALLER_RUNS /**< the caller runs the task before weft_submit returns */
};

/** Who runs the tasks. */
enum weft_engine {
    WEFT_ENGINE_POOL = 0,
    WEFT_ENGINE_SERIAL /**< nobody but who waits: all that was submitted up to the awaited task runs in the waiter, in
                          the order of submission. For debugging: one thread, one order, no deadlock */
};

typedef struct weft_executor_config {
    size_t size;      /**< sizeof(weft_executor_config); WEFT_EXECUTOR_CONFIG fills it in */
    weft_pool *pool;  /**< NULL: the current or the default pool */
    const char *name; /**< for reports; copied, 31 characters count. NULL: "executor" */
    int engine;       /**< enum weft_engine */
    int priority;     /**< enum weft_priority */
    /** Tasks that run at the same time. 0: as many as the pool has workers. A task that waits for another one of the
     *  executor lends it its place, for it stands still meanwhile. Its children, and its loops' pieces, that other threads
     *  run have none to lend, as it goes on: if all places are taken by tasks that wait for such pieces, their waits answer
     *  -EDEADLK. */
    int limit;
    size_t queue_limit; /**< tasks that wait to begin. 0: no limit */
    int when_full;      /**< enum weft_when_full */
    weft_stop *stop;    /**< fires all its tasks' tokens; retained. NULL: none */
    /** A task ended with another status than 0, and nobody holds its future: told in the thread that ran it. NULL: the
     *  pool's hook is told. */
    void (*on_error)(const char *label, int status, void *ctx);
    void *ctx;
    /** A hint: the NUMA node, as the kernel counts them, near which its tasks should begin: WEFT_NODE(n). 0, or a node
     *  where the pool has no worker: near who submits. A worker of the node is woken first; those of others that are idle
     *  take them, too. */
    int node;
    /** Hooks for what a task of this executor needs and one task at a time may use: a connection, a decoder. The executor
     *  has lanes, as many as its limit, which has to be set, to 64 at most; weft_executor_lane() tells a task its own.
     *  start(lane, ctx) is called before a lane's first task, in the thread that runs it; finish(lane, ctx) by
     *  weft_executor_destroy, for each lane that was started. If start answers another number than 0 the executor is
     *  broken: on_error("start", status) is told, nothing of it runs any more, what waits is cancelled, and it counts as
     *  closed; weft_executor_inspect tells. With a start hook a task never runs above the limit: what a worker submits
     *  while the queue is full goes into it. */
    int (*start)(unsigned lane, void *ctx);
    void (*finish)(unsigned lane, void *ctx);
    int blocking; /**< 1: its tasks wait for something outside: each runs in a blocking section (weft/block.h), and needs no
                       place of the pool, only a thread. A limit of 0 is then spare_max of the pool, and priority and node
                       say nothing: who is free takes it. */
    /** 1: its tasks run on that node and nowhere else, as weft_task_spec.strict says: nor in who waits for them, unless he is
     *  a worker there; a full queue takes more where its caller would run a task. Not with blocking or WEFT_ENGINE_SERIAL. */
    int strict;
    /** The part of the machine that it is confined to: its tasks run on those places of the pool that are in all of the next
     *  three, and nowhere else, as with strict; what they fork and their loops are anybody's again (a pool that is confined
     *  keeps these there, too: weft_pool_config). A limit of 0 is then the number of its workers there. Not with node, blocking
     *  or WEFT_ENGINE_SERIAL. A pool knows 16 different parts.
     *  This one: a list of PUs as Linux counts and writes them, "0-3,8". NULL: all. Not kept, as the next. */
    const char *cpus;
    const char *nodes; /**< the same of NUMA nodes: PUs whose own memory is there. NULL: all */
    int core_kind;     /**< enum weft_core_kind */
} weft_executor_config;

/** As WEFT_POOL_CONFIG. */
#define WEFT_EXECUTOR_CONFIG(...) \
    (&(const weft_executor_config){.size = sizeof(weft_executor_config), __VA_ARGS__})

/**
 * @param executor  receives it; NULL after an error
 * @param config    NULL: all defaults; not kept
 * @return 0; -EINVAL (executor is NULL; a number or list that makes no sense; strict without node), -ENODEV (strict, or
 *         confined: no worker sits there), -ENOMEM (also: a 17th part of the pool), -EOWNERDEAD
 * Any thread.
 */
WEFT_API int weft_executor_create(weft_executor **executor, const weft_executor_config *config);

/** Nothing more is accepted: weft_submit answers -ESHUTDOWN, but tasks of this executor may still submit to it until it
 *  has drained. 0; -EINVAL (NULL, or a pool's own executor). Any thread, any number of times. */
WEFT_API int weft_executor_close(weft_executor *executor);

/** How to end. */
enum weft_shutdown {
    WEFT_DRAIN = 0,      /**< all that was accepted runs */
    WEFT_CANCEL_PENDING, /**< what has not begun is cancelled */
    WEFT_STOP_RUNNING    /**< the same, and what runs is asked to stop: weft_should_stop() */
};

/**
 * Closes the executor and waits until everything that was accepted has ended.
 * @param mode         enum weft_shutdown; a later call may be harsher
 * @param deadline_ns  of CLOCK_MONOTONIC
 * @return 0; -ETIMEDOUT: weft_executor_running tells what still runs; call again. -EDEADLK: from one of its own tasks, or one of
 *         those waits for the caller's (weft_future_get); it is closed then, and to be shut down again.
 *         -EINVAL (NULL, no such mode, a pool's own executor), -EOWNERDEAD
 * Any thread. A worker's place is free meanwhile.
 */
WEFT_API int weft_executor_shutdown(weft_executor *executor, int mode, int64_t deadline_ns);

/** What an executor has to do, at a moment. */
typedef struct weft_executor_state {
    size_t size;              /**< sizeof(weft_executor_state), set by the caller */
    uint64_t accepted, ended; /**< since its creation; accepted - ended wait or run */
    uint64_t waiting;         /**< have not been handed to the pool: beyond the limit */
    int closed;
    int broken;       /**< what its start hook answered; 0: it is not */
    const char *name; /**< lasts as long as the executor */
} weft_executor_state;

/** 0; -EINVAL (NULL, no size), -EOWNERDEAD. Any thread. */
WEFT_API int weft_executor_inspect(weft_executor *executor, weft_executor_state *state);

/**
 * The labels of its tasks that run now, one a line ("?" for tasks without one), for people.
 * @return the length of the whole text, as snprintf; -EINVAL, -EOWNERDEAD
 * Any thread. Labels are as they were a moment ago.
 */
WEFT_API int weft_executor_running(weft_executor *executor, char *text, size_t bytes);

/** The lane that the calling thread is in: of the innermost task of an executor with a limit of 64 at most; below the limit.
 *  -1: none, or it runs above the limit. */
WEFT_API int weft_executor_lane(void);

/** Shuts it down (WEFT_DRAIN) if that was not done, and frees it. 0 (also NULL); -EDEADLK as weft_executor_shutdown;
 *  -EINVAL (a pool's own), -EOWNERDEAD. Nobody may use it during or after the call. */
WEFT_API int weft_executor_destroy(weft_executor *executor);

/* ---- submitting, with everything ------------------------------------------------------------------ */

struct weft_codec; /* weft/bulk.h */

/**
 * A task with more than a function and a pointer. Zero means: none.
 */
typedef struct weft_task_spec {
    size_t size;      /**< sizeof(weft_task_spec) */
    weft_task_fn *fn; /**< fn(arg), or */
    /** fn2(arg, result): result points to result_bytes zeroed bytes, aligned for any type of that size, which
     *  weft_future_result gives to who asks. */
    int (*fn2)(const void *arg, void *result);
    void *arg;
    size_t arg_bytes; /**< not 0: so many bytes at arg are copied; the task gets the copy, aligned to 16 */
    size_t result_bytes;
    void (*destroy)(
        void *arg); /**< called once with what the task got, after it ran, or instead of running it */
    const char *
        label; /**< for dumps and reports; not copied: it has to live as long as the executor and the future */
    weft_stop *stop;  /**< the task's token; retained until it has ended */
    int64_t start_ns; /**< of CLOCK_MONOTONIC: it does not begin before; weft/timer.h */
    int64_t
        deadline_ns; /**< of CLOCK_MONOTONIC: then its token fires: not begun, it is cancelled when its turn comes;
                            running, it sees weft_should_stop(). Waits for it go on */
    weft_limit *limit; /**< with others of this limit, at most so many at a time: weft/limit.h; retained */
    int blocking;      /**< 1: it waits for something outside: runs in a blocking section (weft/block.h) */
    /** Hints: near which NUMA node, WEFT_NODE(n), or which worker, WEFT_WORKER(n), it should begin; one of them at most. As
     *  node of weft_executor_config; an executor's own says more: they are for tasks of the pool's own executor. */
    int node, worker;
    /** 1: there and nowhere else; neither who waits for it nor a thief runs it, only a worker of the node, or that one. What
     *  it forks and its loops are anybody's. It comes before other tasks from outside, and its priority is none. While such a
     *  worker waits inside a task, a spare runs it in his stead, bound as he is. If his place is gone (weft_pool_resize, a
     *  PU taken away) the others of his node do, if all of the node's are gone anybody, which weft_counters calls strayed.
     *  docs/executors.md */
    int strict;
    /** How the value at arg (arg_bytes) and the result, if they have pointers, go to another process (weft/bulk.h), and come back;
     *  NULL: as the bytes that they are. Not called where the task runs in this process. The value is packed when the task begins:
     *  what it points to has to live until that has ended, or destroy frees it. A result that failed is zeros; what else it
     *  points to belongs to who asks for it, as what fn2 leaves there in this process. */
    const struct weft_codec *arg_codec, *result_codec;
} weft_task_spec;

/**
 * As weft_submit.
 * @return 0; before anything was done -EINVAL (no function, or both; node and worker; no such worker; strict without either,
 *         with blocking, or through an executor that was created; a codec without pack, unpack or bytes), -ENODEV (strict:
 *         nobody sits there), -ENOMEM, -EAGAIN (full), -EDEADLK (it would never have room), -ESHUTDOWN (closed),
 *         -EOWNERDEAD (also: limit is of a parent process). After an error destroy is not called: the argument is still
 *         the caller's.
 */
WEFT_API int weft_submit_task(weft_executor *executor, const weft_task_spec *spec, weft_future **future);

/** The result bytes of a task that is DONE, until the future is released; NULL: there are none, or not yet. Any thread
 *  that holds the future. */
WEFT_API const void *weft_future_result(const weft_future *future);

/** What a task says about its failure: kept with its future, at most 255 characters count. Inside a task only; answers
 *  status, so that `return weft_fail(-EIO, "%s: short read", name);` is what tasks end with. */
WEFT_API int weft_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** What its task said by weft_fail, or the sentence of its status; never NULL. Of an ended future, until it is released.
 *  Any thread that holds it. */
WEFT_API const char *weft_future_error(const weft_future *future);

/** The label that it was submitted with, or NULL. Any thread that holds it. */
WEFT_API const char *weft_future_label(const weft_future *future);

#ifdef __cplusplus
}
#endif
#endif
