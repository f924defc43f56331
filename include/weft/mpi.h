/* SPDX-License-Identifier: MIT */
/**
 * weft/mpi.h - an executor over the ranks of an MPI program: one rank submits, the others serve. In libweft-mpi, which is
 * built where MPI is found (pkg-config weft-mpi).
 *
 *     static int shrink(void *out, const void *in, void *ctx) { ... return 0; }     // one item, on any rank
 *
 *     static void job(weft_executor *ranks, void *arg)                              // on rank 0
 *     {
 *         weft_executor_map(ranks, shrink, names, sizeof *names, thumbs, sizeof *thumbs, n, NULL);
 *     }
 *
 *     int level;
 *     MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
 *     weft_mpi_run(MPI_COMM_WORLD, job, NULL, NULL);                                // on all ranks, by the main thread
 *     MPI_Finalize();
 *
 * In each rank one thread makes all calls of MPI, which is the one that called weft_mpi_run, and the rank's pool runs what
 * comes. The submitting rank runs no task itself. The calls use a communicator of their own, duplicated from the given one.
 * docs/mpi.md has the rest.
 */
#ifndef WEFT_MPI_H
#define WEFT_MPI_H

#include <mpi.h>
#include <weft/executor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Each rank gives its own; what is not marked (root) counts on every rank for itself. */
typedef struct weft_mpi_config {
    size_t size; /**< sizeof(weft_mpi_config); WEFT_MPI_CONFIG fills it in */
    weft_pool *
        pool; /**< who runs what comes; on the submitting rank: whose threads wait for it. NULL: the current or the
                           default pool */
    int root;         /**< the rank that submits; the same on all ranks */
    const char *name; /**< (root) for reports; copied, 31 characters count. NULL: "ranks" */
    int in_flight; /**< (root) so many calls at most are with the other ranks at the same time, tasks and pieces of maps;
                           a piece is a thread here, that sleeps, a task is none; one that is divided again counts
                           as one for it. 0: two for each worker of theirs, and as many more as came back within the last
                           millisecond, 1,024 at most; at most 65,536 */
    size_t queue_limit; /**< (root) as in weft_executor_config, also the next four */
    int when_full;
    weft_stop *stop;
    void (*on_error)(const char *label, int status, void *ctx);
    void *ctx;
    size_t
        message_bytes; /**< (root) argument bytes of a task, and its result bytes, at most. 0: 64 MiB; at most 1 GiB. A piece
                               of a map has no more, too */
    /** Called on each rank that runs tasks, before the first one, in the calling thread. Answers it another number than 0 on
     *  one rank, the call ends on all, with -ECANCELED. NULL: nothing is called. */
    int (*start)(void *arg);
    void *start_arg;
    char *
        said; /**< NULL, or room for said_bytes: receives a sentence if the call fails, with the rank that is to blame */
    size_t said_bytes;
    const void *
        shared; /**< (root) bytes that all ranks are to have: sent to each once, before start is called there. Not copied on
                               the root: they stay as they are until weft_mpi_run returns, or the executor is gone */
    size_t shared_bytes; /**< (root) how many; of any number. 0: none */
    size_t start_bytes;  /**< of weft_mpi_executor_beside: so many bytes at start_arg are sent to each rank */
} weft_mpi_config;

/** As WEFT_POOL_CONFIG. */
#define WEFT_MPI_CONFIG(...) (&(const weft_mpi_config){.size = sizeof(weft_mpi_config), __VA_ARGS__})

/**
 * Collective: every rank of comm calls it. On the submitting rank fn(executor, arg) runs in a thread of its own while the
 * calling one carries messages; when fn has returned, what it has not destroyed is drained and destroyed, and the call returns on
 * all ranks. The others run tasks meanwhile.
 *
 * The executor is as those of weft_executor_create: submitted to it is by weft_submit_task with fn2 and bytes, by
 * weft_executor_map and weft_executor_map_async with ctx NULL, by weft_stream_open, whose fn runs there with NULL for ctx,
 * and whose other functions are called here; it is closed, shut down, inspected and destroyed as any other. What the calls
 * answer, too:
 *   -EINVAL    fn, or an arg without arg_bytes, or a ctx: a pointer makes no sense on another rank; other calls that are
 *              given an executor to run functions
 *   -EMSGSIZE  more bytes than message_bytes
 *   -ENOTSUP   the function is in a library without a build-id, and was not registered
 * A function with a registered name (weft_process_register) goes by that, and then the ranks need not run the same program: each
 * name that the submitting rank has at the opening has to be known on all others when start has returned there.
 * A task's status is what it answered; weft_future_error says "rank 2, its label: what it said". Further: -ENOENT, its function
 * is in a library that is not loaded on that rank, or nothing is registered there by its name; -ECANCELED, it was asked to stop
 * (weft_future_cancel, its token, its deadline, WEFT_STOP_RUNNING), and stopped, or had not begun there; WEFT_EDIED, MPI failed
 * and said so. Each rank's weft_should_stop and weft_fail work in it as usual. If a rank dies, mpirun ends the program.
 * A task's destroy, on_error, and what follows it with WEFT_INLINE run here in the thread that calls MPI, and must not wait for
 * tasks on other ranks.
 *
 * A communicator of one: fn runs in the calling thread, and the executor is one of the local pool.
 * @param fn      on the submitting rank; elsewhere it is not looked at
 * @param config  NULL: all defaults; not kept
 * @return on all ranks the same, but for what MPI itself does to one of them: 0; -EINVAL (a number that makes no sense, ranks
 *         that name different roots, no fn on the root, comm is MPI_COMM_NULL or between groups), -ENOTCONN (MPI is not
 *         initialised, or is finalized already), -ENOTSUP (MPI was initialised without threads: MPI_THREAD_FUNNELED is
 *         needed; no build-id), -ELIBBAD (ranks have different libwefts; they run different programs, and the submitting one has
 *         registered no names; one does not know such a name), -ECANCELED (start), -EBUSY (shared), -ENOMEM, -EMFILE,
 *         -EAGAIN (no thread), -EOWNERDEAD; -EIO: MPI failed while tasks ran
 * The thread that MPI allows to call it: with MPI_THREAD_FUNNELED the main thread. It waits. Meanwhile fn and the tasks may
 * call MPI themselves if it was initialised with MPI_THREAD_MULTIPLE.
 */
WEFT_API int weft_mpi_run(MPI_Comm comm, void (*fn)(weft_executor *executor, void *arg), void *arg,
                          const weft_mpi_config *config);

/**
 * The same for programs that want to go on in the calling thread: on the submitting rank it returns at once, and a thread of
 * the executor's calls MPI until weft_executor_destroy, which is called before MPI_Finalize. That needs MPI_THREAD_SERIALIZED
 * there (-ENOTSUP); with that level no other thread calls MPI meanwhile. On the other ranks it returns when that executor has
 * been destroyed, and those of weft_mpi_executor_beside.
 * @param executor  receives it on the submitting rank; NULL on all others, and after an error
 * @return as weft_mpi_run
 */
WEFT_API int weft_mpi_executor(weft_executor **executor, MPI_Comm comm, const weft_mpi_config *config);

/**
 * On the submitting rank: another executor over the same ranks, beside one that is there, to be used at the same time: with a
 * name, limits, a stop token and an end of its own. It costs no thread and no MPI communicator; the other ranks call
 * nothing for it. Which rank a task goes to follows from what all executors have there; each has its own .in_flight, or its
 * own pace.
 *
 * To be destroyed by weft_executor_destroy, in any order: the call of the other ranks returns when all executors are gone.
 * weft_mpi_run drains and destroys those that fn has left; nobody uses them any more then.
 * @param executor  receives it; NULL after an error
 * @param ranks     of weft_mpi_run, weft_mpi_executor or this function; not destroyed during the call
 * @param config    as there, but: .pool NULL: that of `ranks`. .root is not looked at, .shared cannot be there. .start is called
 *        on each rank that runs tasks, before the first one of this executor, as a task: it goes there by its name, and gets a
 *        copy of start_bytes bytes at start_arg. Answers it another number than 0 on one rank, there is no executor
 * @return 0; -EINVAL (executor is NULL, `ranks` is no such executor, a number that makes no sense, a start_arg without
 *         start_bytes), -ENOMEM, -EOWNERDEAD. With start also -ECANCELED: it answered another number than 0, or is not
 *         there, or the token fired; .said receives whose it was, "rank 2, start: what it said (number)"; -EMSGSIZE,
 *         -ENOTSUP as weft_submit_task; WEFT_EDIED; -EDEADLK: in the thread that calls MPI
 * Any thread. With start it waits, else not. Of a communicator of one it is one of the local pool, too.
 */
WEFT_API int weft_mpi_executor_beside(weft_executor **executor, weft_executor *ranks,
                                      const weft_mpi_config *config);

/**
 * In tasks and items that run on a rank, in all threads that work for them, in start, and in weft_mpi_run's fn: the bytes that
 * weft_mpi_config.shared has on the submitting rank, aligned as malloc does; there until the call of this rank returns. On a
 * submitting rank that has got an executor from weft_mpi_executor, and is not alone: NULL.
 * @param bytes  NULL, or receives how many
 * @return NULL: there are none
 * It does not wait. A process has those of one call at a time: a second one at the same time is -EBUSY on all its ranks. All
 * executors over the ranks of one call have the same.
 */
WEFT_API const void *weft_mpi_shared(size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
