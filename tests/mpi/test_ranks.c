/* SPDX-License-Identifier: MIT */
/*
 * test_ranks.c - executors over ranks: tasks, errors, cancelling, maps, how they begin and end.
 *
 *     test_ranks funneled|serialized|multiple PLUGIN
 *
 * multiple: the job and its tasks call MPI themselves meanwhile, by a communicator of their own and by the one that was given.
 */
#include "maps.h"

#include <dirent.h>
#include <dlfcn.h>

/* ---- tasks: what other ranks run ----------------------------------------------------------------- */

static int where(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = rank;
    return 0;
}

/* The same bytes, each one more. */
#define LONG ((size_t)1 << 20)
static int each_one_more(const void *arg, void *result)
{
    for (size_t i = 0; i < LONG; i++)
        ((unsigned char *)result)[i] = (unsigned char)(((const unsigned char *)arg)[i] + 1);
    return 0;
}

static int complains(const void *arg, void *result)
{
    (void)result;
    return weft_fail(*(const int *)arg, "disk %d is full", *(const int *)arg);
}

static int silent(const void *arg, void *result)
{
    (void)result;
    return *(const int *)arg;
}

/* ---- tasks: what rank 0 checks ------------------------------------------------------------------- */

static int threads_here(void)
{
    int count = -2; /* . and .. */
    DIR *list = opendir("/proc/self/task");
    while (list && readdir(list))
        count++;
    if (list)
        closedir(list);
    return count;
}

/* None of them is a thread here. */
static void many(weft_executor *e)
{
    enum { N = 10000 };
    static weft_future *future[N];
    int wrong = 0, before = threads_here();
    for (int i = 0; i < N; i++)
        future[i] = submit(e, add, (int[2]){i, 1000 * i}, 2 * sizeof(int), sizeof(int), NULL);
    int threads = threads_here();
    CHECK(threads <= before + 8, "%d threads, %d before", threads, before);
    for (int i = 0; i < N; i++) {
        int status = -1, err = weft_future_get(future[i], &status);
        const int *sum = weft_future_result(future[i]);
        wrong += err || status || !sum || *sum != 1001 * i;
        weft_future_release(future[i]);
    }
    CHECK(!wrong, "%d of %d tasks", wrong, N);
}

static void long_ones(weft_executor *e)
{
    enum { N = 12 };
    weft_future *future[N];
    unsigned char *bytes = malloc(LONG);
    int wrong = 0;
    for (size_t i = 0; i < LONG; i++)
        bytes[i] = (unsigned char)(i * 7);
    for (int i = 0; i < N; i++)
        future[i] = submit(e, each_one_more, bytes, LONG, LONG, NULL);
    for (int i = 0; i < N; i++) {
        (void)weft_future_get(future[i], NULL);
        const unsigned char *r = weft_future_result(future[i]);
        for (size_t k = 0; r && k < LONG; k++)
            wrong += r[k] != (unsigned char)(k * 7 + 1);
        wrong += !r;
        weft_future_release(future[i]);
    }
    CHECK(!wrong, "%d bytes", wrong);
    free(bytes);
}

static void errors(weft_executor *e)
{
    int status, code = 28, from = -1;
    char label[32] = "";
    weft_future *f = submit(e, complains, &code, sizeof code, 0, "backup");
    int err = weft_future_get(f, &status);
    const char *said = weft_future_error(f);
    CHECK(!err && status == 28, "%d, %d", err, status);
    CHECK(sscanf(said, "rank %d, %31[^:]: disk", &from, label) == 2 && from > 0 && from < ranks &&
              !strcmp(label, "backup") && strstr(said, ": disk 28 is full"),
          "it says '%s'", said);
    weft_future_release(f);
    code = -EIO;
    f = submit(e, silent, &code, sizeof code, 0, NULL);
    (void)weft_future_get(f, &status);
    said = weft_future_error(f);
    CHECK(status == -EIO && strstr(said, weft_strerror(-EIO)) && !strncmp(said, "rank ", 5), "%d, '%s'",
          status, said);
    weft_future_release(f);
}

static void cancels(weft_executor *e)
{
    int status;
    weft_future *f = submit_staying(e, "cancel");
    int err = weft_future_cancel(f);
    CHECK(err == -EBUSY, "cancel: %s", weft_strerror(err));
    (void)weft_future_get(f, &status);
    CHECK(status == 7, "it was stopped there: %d, %s", status, weft_future_error(f));
    weft_future_release(f);
}

/* As many tasks that stay as there are ranks to run them: each is on another one. */
static void everywhere(weft_executor *e)
{
    weft_future **future = calloc((size_t)ranks, sizeof *future);
    int *count = calloc((size_t)ranks, sizeof *count), wrong = 0;
    char what[32];
    for (int i = 1; i < ranks; i++) {
        snprintf(what, sizeof what, "everywhere%d", i);
        future[i] = submit_staying(e, what);
    }
    for (int i = 1; i < ranks; i++)
        (void)weft_future_cancel(future[i]);
    for (int i = 1; i < ranks; i++) {
        (void)weft_future_get(future[i], NULL);
        const int *at = weft_future_result(future[i]);
        wrong += !at || *at == rank || count[*at]++;
        weft_future_release(future[i]);
    }
    CHECK(!wrong, "%d tasks on the submitting rank, or two on one", wrong);
    free(count);
    free(future);
}

/* A rank's pool is full of tasks; what waits behind them there is cancelled there. */
static void cancels_waiting(weft_executor *e)
{
    enum { N = 8 };
    weft_future *future[N];
    char name[N][300];
    int status, wrong = 0;
    for (int i = 0; i < N; i++) {
        char what[32];
        snprintf(what, sizeof what, "waits%d", i);
        name_file(name[i], sizeof name[i], what);
        future[i] = submit(e, until_stopped, name[i], strlen(name[i]) + 1, 0, NULL);
    }
    for (int i = N; i--;)
        (void)weft_future_cancel(future[i]);
    for (int i = 0; i < N; i++) {
        (void)weft_future_get(future[i], &status);
        wrong += status != 7 && status != -ECANCELED;
        weft_future_release(future[i]);
    }
    CHECK(!wrong, "%d neither stopped nor cancelled", wrong);
}

static atomic_int destroyed;
static void count_destroy(void *arg)
{
    atomic_fetch_add(&destroyed, *(int *)arg == 12);
}

static void destructor(weft_executor *e)
{
    int two[2] = {12, 30};
    weft_future *f;
    const weft_task_spec spec = {.size = sizeof spec,
                                 .fn2 = add,
                                 .arg = two,
                                 .arg_bytes = sizeof two,
                                 .result_bytes = sizeof(int),
                                 .destroy = count_destroy};
    int err = weft_submit_task(e, &spec, &f);
    CHECK(!err, "%s", weft_strerror(err));
    (void)weft_future_get(f, NULL);
    CHECK(atomic_load(&destroyed) == 1, "destroy was called %d times", atomic_load(&destroyed));
    weft_future_release(f);
}

static int here(void *arg)
{
    (void)arg;
    return 0;
}

static void refused(weft_executor *e)
{
    int x = 0, err = weft_submit(e, here, NULL, NULL);
    CHECK(err == -EINVAL, "a function with a pointer: %s", weft_strerror(err));
    err = weft_submit_task(e, &(weft_task_spec){.size = sizeof(weft_task_spec), .fn2 = add, .arg = &x}, NULL);
    CHECK(err == -EINVAL, "a pointer: %s", weft_strerror(err));
    err = weft_submit_task(
        e,
        &(weft_task_spec){
            .size = sizeof(weft_task_spec), .fn2 = add, .arg = &x, .arg_bytes = (size_t)1 << 40},
        NULL);
    CHECK(err == -EMSGSIZE, "a long argument: %s", weft_strerror(err));
    err = weft_executor_map(e, no_arrays, NULL, 0, NULL, 0, 1, WEFT_MAP_CONFIG(.ctx = &x));
    CHECK(err == -EINVAL, "a map with a pointer: %s", weft_strerror(err));
}

static void not_there(weft_executor *e, const char *plugin)
{
    int status = 0;
    void *loaded = dlopen(plugin, RTLD_NOW);
    CHECK(loaded, "%s", dlerror());
    int (*fn)(const void *, void *) = NULL;
    if (loaded)
        *(void **)(void *)&fn = dlsym(loaded, "in_plugin");
    CHECK(fn, "no in_plugin");
    if (!fn)
        return;
    weft_future *f = submit(e, fn, NULL, 0, 0, "plugin");
    (void)weft_future_get(f, &status);
    CHECK(status == -ENOENT && !strncmp(weft_future_error(f), "rank ", 5), "%d, %s", status,
          weft_future_error(f));
    weft_future_release(f);
    int one = 1;
    weft_map_report report = {0};
    int err = weft_executor_map(e, (weft_item_fn *)(void (*)(void))fn, &one, sizeof one, NULL, 0, 1,
                                WEFT_MAP_CONFIG(.report = &report));
    CHECK(err == WEFT_EITEM && report.status == -ENOENT, "%d, %d", err, report.status);
}

/* ---- MPI_THREAD_MULTIPLE: job and tasks call MPI --------------------------------------------------- */

enum { TALKS = 400, QUESTION = 1, ANSWER = 2 };
static MPI_Comm own[2]; /* of all ranks; the second one is that which weft_mpi_run was given, too */

/* Asks the job for the number after its own, by both. */
static int talks(const void *arg, void *result)
{
    int number = *(const int *)arg, answer[2] = {0};
    for (int i = 0; i < 2; i++) {
        MPI_Send(&number, 1, MPI_INT, 0, QUESTION, own[i]);
        MPI_Recv(&answer[i], 1, MPI_INT, 0, ANSWER + number, own[i], MPI_STATUS_IGNORE);
    }
    *(int *)result = answer[0] + answer[1];
    return 0;
}

/* As they come: who asks by the second has been answered by the first. */
static void answers_questions(void)
{
    for (int left[2] = {TALKS, TALKS}; left[0] || left[1];)
        for (int i = 0; i < 2; i++) {
            int number, there = 0;
            MPI_Status from;
            MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, own[i], &there, &from);
            if (!there)
                continue;
            MPI_Recv(&number, 1, MPI_INT, from.MPI_SOURCE, QUESTION, own[i], MPI_STATUS_IGNORE);
            int answer = number + 1;
            MPI_Send(&answer, 1, MPI_INT, from.MPI_SOURCE, ANSWER + number, own[i]);
            left[i]--;
        }
}

static void conversation(weft_executor *e, void *arg)
{
    weft_future *future[TALKS];
    int wrong = 0;
    (void)arg;
    for (int i = 0; i < TALKS; i++)
        future[i] = submit(e, talks, &i, sizeof i, sizeof(int), NULL);
    answers_questions();
    for (int i = 0; i < TALKS; i++) {
        int status = -1;
        (void)weft_future_get(future[i], &status);
        const int *sum = weft_future_result(future[i]);
        wrong += status || !sum || *sum != 2 * (i + 1);
        weft_future_release(future[i]);
    }
    CHECK(!wrong, "%d of %d were answered something else", wrong, TALKS);
}

static void all_call_mpi(void)
{
    own[1] = MPI_COMM_WORLD;
    MPI_Comm_dup(MPI_COMM_WORLD, &own[0]);
    int err = weft_mpi_run(MPI_COMM_WORLD, conversation, NULL, NULL);
    CHECK(!err, "all call MPI: %s", weft_strerror(err));
    MPI_Comm_free(&own[0]);
}

/* ---- jobs, each one call of weft_mpi_run --------------------------------------------------------- */

static void everything(weft_executor *e, void *plugin)
{
    many(e);
    everywhere(e);
    long_ones(e);
    errors(e);
    cancels(e);
    cancels_waiting(e);
    destructor(e);
    refused(e);
    not_there(e, plugin);
    maps(e);
}

/* Letters have no more than 4000 bytes. */
static void in_small_portions(weft_executor *e, void *arg)
{
    (void)arg;
    squares(e, 20000);
    int err =
        weft_executor_map(e, turn_page, &(page){{0}}, sizeof(page), &(page){{0}}, sizeof(page), 1, NULL);
    CHECK(err == -EMSGSIZE, "a long item: %s", weft_strerror(err));
}

static void shuts_down(weft_executor *e, void *arg)
{
    int status, err;
    (void)arg;
    weft_future *f = submit_staying(e, "shutdown");
    err = weft_executor_shutdown(e, WEFT_STOP_RUNNING, WEFT_FOREVER);
    CHECK(!err, "shutdown: %s", weft_strerror(err));
    (void)weft_future_get(f, &status);
    CHECK(status == 7, "it was stopped there: %d", status);
    weft_future_release(f);
    err = weft_submit_task(
        e, &(weft_task_spec){.size = sizeof(weft_task_spec), .fn2 = where, .result_bytes = 4}, NULL);
    CHECK(err == -ESHUTDOWN, "it is closed: %s", weft_strerror(err));
}

/* What is left when fn returns is drained. */
static void leaves_some(weft_executor *e, void *futures)
{
    for (int i = 0; i < 50; i++)
        ((weft_future **)futures)[i] = submit(e, where, NULL, 0, sizeof(int), NULL);
}

static void drains(void)
{
    weft_future *future[50] = {NULL};
    int wrong = 0, err = weft_mpi_run(MPI_COMM_WORLD, leaves_some, future, NULL);
    for (int i = 0; i < 50 && !rank; i++) {
        wrong += weft_future_state(future[i]) != WEFT_DONE || weft_future_status(future[i]);
        weft_future_release(future[i]);
    }
    CHECK(!err && !wrong, "%d, %d wrong", err, wrong);
}

static void says_who(weft_executor *e, void *arg)
{
    weft_future *f = submit(e, where, NULL, 0, sizeof(int), NULL);
    (void)weft_future_get(f, NULL);
    *(int *)arg = *(const int *)weft_future_result(f);
    weft_future_release(f);
}

/* The last rank submits, and others than rank 0 stand aside. */
static void another_root(void)
{
    int who = -1, err = weft_mpi_run(MPI_COMM_WORLD, rank == ranks - 1 ? says_who : NULL, &who,
                                     WEFT_MPI_CONFIG(.root = ranks - 1));
    CHECK(!err && (rank == ranks - 1 ? who >= 0 && who < ranks - 1 : who == -1), "%d, %d", err, who);
}

static void alone(void)
{
    int who = -1, err = weft_mpi_run(MPI_COMM_SELF, says_who, &who, NULL);
    CHECK(!err && who == rank, "%d, %d", err, who);
}

static int start(void *arg)
{
    (void)arg;
    return rank == 1 ? 44 : 0;
}

/* ---- openings that fail -------------------------------------------------------------------------- */

static void openings(void)
{
    char said[200] = "";
    int err = weft_mpi_run(MPI_COMM_WORLD, never, NULL,
                           WEFT_MPI_CONFIG(.start = start, .said = said, .said_bytes = sizeof said));
    CHECK(err == -ECANCELED && !strncmp(said, "rank 1 ", 7) && strstr(said, "start answered 44"), "%d, '%s'",
          err, said);
    err = weft_mpi_run(MPI_COMM_WORLD, never, NULL,
                       WEFT_MPI_CONFIG(.root = rank == 1, .said = said, .said_bytes = sizeof said));
    CHECK(err == -EINVAL && !strncmp(said, "rank 1 says that rank 1 submits", 31), "%d, '%s'", err, said);
    err = weft_mpi_run(MPI_COMM_WORLD, NULL, NULL, NULL);
    CHECK(err == -EINVAL, "no function: %s", weft_strerror(err));
    err = weft_mpi_run(MPI_COMM_WORLD, never, NULL, WEFT_MPI_CONFIG(.in_flight = rank == 1 ? -3 : 0));
    CHECK(err == -EINVAL, "no sense on rank 1: %s", weft_strerror(err));
    err = weft_mpi_run(MPI_COMM_NULL, never, NULL, NULL);
    CHECK(err == -EINVAL, "no communicator: %s", weft_strerror(err));
}

/* weft_mpi_executor: with MPI_THREAD_SERIALIZED, and only then. */
static void own_thread(int level)
{
    char said[200] = "";
    weft_executor *e = NULL;
    int err = weft_mpi_executor(&e, MPI_COMM_WORLD, WEFT_MPI_CONFIG(.said = said, .said_bytes = sizeof said));
    if (level < MPI_THREAD_SERIALIZED) {
        CHECK(err == -ENOTSUP && !e && strstr(said, "MPI_THREAD_SERIALIZED is needed"), "%d, '%s'", err,
              said);
        return;
    }
    CHECK(!err && !e == (rank != 0), "%s", weft_strerror(err));
    if (!e)
        return;
    many(e);
    squares(e, 3000);
    err = weft_executor_destroy(e);
    CHECK(!err, "destroy: %s", weft_strerror(err));
}

/* ---- all ----------------------------------------------------------------------------------------- */

/* A message of the program's own is under way all the time: with any tag, it is not taken for a letter. */
static void run_all(int level, char *plugin)
{
    int mine = 4711, got = 0, err;
    MPI_Request sent = MPI_REQUEST_NULL;
    if (level == MPI_THREAD_MULTIPLE)
        all_call_mpi();
    if (rank == 1)
        MPI_Isend(&mine, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, &sent);
    err = weft_mpi_run(MPI_COMM_WORLD, everything, plugin, NULL);
    CHECK(!err, "everything: %s", weft_strerror(err));
    err = weft_mpi_run(MPI_COMM_WORLD, in_small_portions, NULL, WEFT_MPI_CONFIG(.message_bytes = 4000));
    CHECK(!err, "in small portions: %s", weft_strerror(err));
    err = weft_mpi_run(MPI_COMM_WORLD, shuts_down, NULL, NULL);
    CHECK(!err, "shut down: %s", weft_strerror(err));
    drains();
    another_root();
    alone();
    openings();
    own_thread(level);
    if (rank == 0)
        MPI_Recv(&got, 1, MPI_INT, 1, MPI_ANY_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Wait(&sent, MPI_STATUS_IGNORE);
    CHECK(rank || got == mine, "the program's own message: %d", got);
}

static int level_of(const char *word)
{
    return !strcmp(word, "multiple")     ? MPI_THREAD_MULTIPLE
           : !strcmp(word, "serialized") ? MPI_THREAD_SERIALIZED
                                         : MPI_THREAD_FUNNELED;
}

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? level_of(argv[1]) : 0;
    place = getenv("WEFT_TEST_PLACE");
    if (argc < 3 || !place)
        return 2;
    tally_watch(360);
    int err = weft_mpi_run(MPI_COMM_WORLD, never, NULL, NULL);
    CHECK(err == -ENOTCONN, "before MPI_Init: %s", weft_strerror(err));
    int level = begin_ranks(argc, argv, wanted);
    CHECK(level >= wanted, "MPI gives level %d instead of %d", level, wanted);
    run_all(level, argv[2]);
    MPI_Finalize();
    err = weft_mpi_run(MPI_COMM_WORLD, never, NULL, NULL);
    CHECK(err == -ENOTCONN, "after MPI_Finalize: %s", weft_strerror(err));
    return end_ranks();
}
