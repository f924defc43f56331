/* SPDX-License-Identifier: MIT */
/**
 * weft/process.h - an executor whose tasks run in processes of their own: a crash is one task's, a library that keeps
 * global state is there once for each.
 *
 *     static int parse(const void *name, void *page) { ... return 0; }        // runs in a worker process
 *
 *     weft_executor *parsers;
 *     weft_executor_processes(&parsers, WEFT_PROCESSES_CONFIG(.name = "parsers", .time_limit_ns = 5000000000));
 *     weft_submit_task(parsers, &(weft_task_spec){.size = sizeof(weft_task_spec), .fn2 = parse,
 *         .arg = name, .arg_bytes = strlen(name) + 1, .result_bytes = sizeof(struct page)}, &future);
 *     weft_future_get(future, &status);              // WEFT_EDIED: parse crashed; weft_future_error tells how
 *     weft_executor_destroy(parsers);
 *
 * A worker process is this program's own image, started anew. Its constructors run there, and then, instead of main, the
 * tasks. For that this header has to be included somewhere in the program itself: it is not a part of weft/weft.h.
 *
 * What a task gets and answers are bytes: no pointers in them, nor does it see variables that main has set. Functions are
 * named by the build-id of the program or library that they are in: the linker has to give it one (--build-id), and a
 * library has to be one that the program is linked with; or by a name that both sides register. docs/processes.md has the rest.
 */
#ifndef WEFT_PROCESS_H
#define WEFT_PROCESS_H

#include <weft/executor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_processes_config {
    size_t size;     /**< sizeof(weft_processes_config); WEFT_PROCESSES_CONFIG fills it in */
    weft_pool *pool; /**< whose threads wait for the processes; NULL: the current or the default pool */
    const char
        *name; /**< for reports, and of the processes; copied, 31 characters count. NULL: "processes" */
    int processes; /**< at most so many, 64 at most, each made when it is first needed. 0: as many as the pool has places */
    int threads;        /**< workers of the default pool of each process. 0: 1 */
    size_t queue_limit; /**< as in weft_executor_config, also the next five */
    int when_full;
    weft_stop *stop;
    void (*on_error)(const char *label, int status, void *ctx);
    void *ctx;
    size_t
        message_bytes; /**< room for the argument and result bytes of a task: address space, memory only where it
                                 is used. 0: 64 MiB */
    int64_t
        time_limit_ns; /**< a task that runs longer is killed: its status is -ETIMEDOUT. It is elapsed time:
                                 waiting for a CPU counts, the making of its process does not. 0: no limit */
    int64_t grace_ns;  /**< one that was asked to stop is killed after so long: its status is -ECANCELED.
                                 0: a second; WEFT_FOREVER: never */
    uint64_t
        tasks_each; /**< a process ends after so many tasks, and the next one gets a new one. 0: no limit */
    size_t
        memory_bytes; /**< address space of each process, its program and that of messages and blocks included
                                 (RLIMIT_AS). 0: no limit */
    unsigned cpu_seconds; /**< CPU time of each process (RLIMIT_CPU): SIGKILL ends it then. 0: no limit */
    /** Called in each process before its first task, with a copy of start_bytes bytes at start_arg. Answers it another
     *  number than 0 in one of the first processes, or ends that, the executor is broken, as by weft_executor_config.start;
     *  later the task fails that the process was made for. NULL: nothing is called. */
    int (*start)(const void *arg);
    const void *start_arg;
    size_t start_bytes;
    int64_t
        start_limit_ns; /**< a process that has not begun, start included, after so long is killed, as if start had answered
                                  -ETIMEDOUT. Until then nobody else ends it: no stop of a task that waits for it, no shutdown.
                                  0: 30 seconds; WEFT_FOREVER: no limit */
    /** The processes' environment, ended by NULL, copied. NULL: of this program's environment HOME, LANG, PATH, TMPDIR,
     *  TZ, USER, and what begins with LC_, LD_, WEFT_, ASAN_, LSAN_, TSAN_ or UBSAN_. */
    const char *const *environment;
} weft_processes_config;

/** As WEFT_POOL_CONFIG. */
#define WEFT_PROCESSES_CONFIG(...) \
    (&(const weft_processes_config){.size = sizeof(weft_processes_config), __VA_ARGS__})

/**
 * An executor as weft_executor_create makes them, to be closed, shut down, inspected and destroyed by the same calls.
 * Submitted to it is by weft_submit_task with fn2: every field of the spec holds, arg_bytes and result_bytes are what the
 * two processes exchange, destroy is called in this one. weft_submit_task answers further
 *   -EINVAL    fn, or an arg without arg_bytes: a pointer makes no sense in another process
 *   -EMSGSIZE  more bytes than message_bytes
 *   -ENOTSUP   fn2 is in a library, or program, without a build-id, and was not registered
 * weft_executor_map and weft_executor_map_async (weft/bulk.h) run each item there. Its `out` begins as zeros, ctx has to be
 * NULL (-EINVAL), an item that is too large is -EMSGSIZE; an item that its process dies of has the status WEFT_EDIED, and all
 * others are not affected. An array that lies in one block (weft_shared_alloc) is used there in place: nothing is copied, items may
 * be of any size, `out` begins as it was, and what an item that failed or died has written stays there; -ENOMEM: the
 * worker's address space has no room for the block. A call with some of the items counts as one task for tasks_each;
 * time_limit_ns holds for each item. weft_stream_open (weft/stream.h) runs fn there, with NULL for ctx, and the other
 * functions here; the same errors as of maps, but that ctx may be there; of items that are left when it is destroyed the
 * status is -ESHUTDOWN. weft_group_submit_task (weft/group.h) takes what weft_submit_task does.
 * All other calls that are given an executor to run functions answer -EINVAL for this one: a function that gets a pointer makes no
 * sense in another process.
 *
 * A task's status, beside what fn2 answers:
 *   WEFT_EDIED  its process ended before it did: by a signal, by exit; weft_future_error tells which. The other tasks go on,
 *               and the next one there gets a new process
 *   -ETIMEDOUT  it ran for time_limit_ns, and was killed; or the process that was made for it had not begun in start_limit_ns
 *   -ECANCELED  it was asked to stop (weft_future_cancel, its token or deadline, WEFT_STOP_RUNNING), and stopped, or was
 *               killed after grace_ns
 *   -ENOENT     the library that fn2 is in is not loaded there; nothing is registered there by its name
 *   -EPROTO     an item of a map or stream: what its process has left of it makes no sense
 *   -EDEADLK    it was waited for by a hook that reads what its process has answered
 *   -EMFILE, -ENOMEM, -EAGAIN and others of the system: no process could be made for it
 * In the process weft_should_stop and weft_fail are the task's as usual. Its thread is the process's main thread, always.
 *
 * @param executor  receives it; NULL after an error
 * @param config    NULL: all defaults; not kept
 * @return 0; -EINVAL (executor is NULL; a number that makes no sense), -ENOMEM, -EAGAIN (no thread), -EMFILE, -EOWNERDEAD,
 *         -EMSGSIZE (start_bytes), -ENOTSUP (weft/process.h is not included in the program itself; no build-id; the
 *         program has raised privileges: set-user-ID, capabilities of its file)
 * Any thread. No process is made yet. In a worker process it works as anywhere.
 */
WEFT_API int weft_executor_processes(weft_executor **executor, const weft_processes_config *config);

/** Any function: cast. */
typedef void weft_process_fn(void);

/**
 * In the program: a task, map or stream with fn goes to the workers by this name. In a worker process, where its library's
 * constructor, or weft_processes_config.start, calls it: fn is what has this name there. It needs no build-id, nor be the same
 * function on both sides: where only the workers load a library, the program registers one of its own, which stands for it.
 *
 * @param name  copied; 31 characters at most
 * @param fn    NULL: nothing has this name any more, as before its library is unloaded; what was submitted keeps it
 * @return 0, also if it is registered so already; -EEXIST: another function has this name; -EINVAL (no name, or a longer one),
 *         -ENOENT (fn is NULL, and nothing has this name), -ENOMEM
 * Any thread. A function with several names goes by the last one. Executors over ranks (weft/mpi.h) go by the same names.
 */
WEFT_API int weft_process_register(const char *name, weft_process_fn *fn);

/* ---- blocks: memory that the worker processes have, too --------------------------------------------- */

/**
 * A block: memory of this program that its worker processes use in place, where bytes would be copied there and back. Its
 * name goes there in the bytes of a task or of an item, and is an address again where the task runs:
 *
 *     struct part { weft_shared_ref rows; size_t n; };
 *     static int sum(const void *arg, void *result)
 *     {
 *         const struct part *part = arg;
 *         void *rows;
 *         int err = weft_shared_at(&part->rows, part->n * sizeof(double), &rows);
 *         return err ? err : add_up(rows, part->n, result);
 *     }
 * The same works where the task runs in the program itself. Of weft_executor_map's arrays each that lies in one block is
 * read and written in place by itself, without a name.
 * @param bytes   rounded up to pages, and a page more: of a file without a name, of which memory is taken only where it is
 *                touched; 0: *block is NULL
 * @param block   receives it, zeroed and aligned to a page; NULL after an error
 * @return 0; -EINVAL (block is NULL), -ENOMEM, -EMFILE and others of the system; -EFBIG: all blocks that there were since the
 *         program had neither a block nor such an executor are more than its largest file may be (RLIMIT_FSIZE)
 * Any thread. A child by fork(2) still shares the memory of its parent's blocks, but to these calls they are no blocks there.
 */
WEFT_API int weft_shared_alloc(size_t bytes, void **block);

/** Gives it back. Where a worker still has it, reading it gives zeros and writing it changes nothing: no crash.
 *  0, also for NULL; -EINVAL: that is the beginning of no block. Any thread. */
WEFT_API int weft_shared_free(void *block);

/** The name of a place in a block, as bytes. One of zeros names nothing. What is in there is nobody's business. */
typedef struct weft_shared_ref {
    uint64_t program_, block_, offset_, home_;
} weft_shared_ref;

/** 0; -EINVAL: the place is in no block (also of a NULL); then it names nothing. Any thread of the program. */
WEFT_API int weft_shared_ref_of(const void *place, weft_shared_ref *ref);

/**
 * The place that has this name, here: in the program, or in a process that works for it, which maps the whole block when it
 * meets it first. There the address is good until the task has returned.
 * @param bytes  that will be used there
 * @param place  receives it; NULL after an error
 * @return 0; -EINVAL (so many do not lie there; a NULL), -ENOENT: the block is gone, or that of another program; in a worker
 *         -ENOMEM: no room in its address space (memory_bytes counts each block whole)
 * Any thread. Costs a system call in a worker, and more when it meets the block first.
 */
WEFT_API int weft_shared_at(const weft_shared_ref *ref, size_t bytes, void **place);

/* ---- what is needed before main -------------------------------------------------------------------- */

typedef void weft_constructor_(int argc, char **argv, char **environment);

/** In a worker process, from a constructor of the program: runs those behind it, and then tasks; does not return. Else:
 *  notes that it is there. For weft_process_constructor_ alone. */
WEFT_API void weft_process_begins_(weft_constructor_ *self, weft_constructor_ *const *first,
                                   weft_constructor_ *const *last, int argc, char **argv, char **environment);

#ifndef WEFT_PROCESS_LIBRARY_ /* weft's own sources */
/* The linker's: the program's own constructors. */
extern weft_constructor_ *const __init_array_start[] __attribute__((weak, visibility("hidden")));
extern weft_constructor_ *const __init_array_end[] __attribute__((weak, visibility("hidden")));

__attribute__((constructor, used)) static void weft_process_constructor_(int argc, char **argv,
                                                                         char **environment)
{
    weft_process_begins_(weft_process_constructor_, __init_array_start, __init_array_end, argc, argv,
                         environment);
}
#endif

#ifdef __cplusplus
}
#endif
#endif
