/* SPDX-License-Identifier: MIT */
/*
 * test_beside.c - several executors over the same ranks at a time: each with its own limits, errors and end.
 *
 *     test_beside PLUGIN
 */
#include "beginnings.h"

/* ---- used at the same time ----------------------------------------------------------------------- */

/* One of `slots` files is the task's own while it runs: 99 if all are others'. */
typedef struct claim {
    int slots;
    char name[300];
} claim;

static int claims_slot(const void *arg, void *result)
{
    const claim *c = arg;
    char name[320];
    (void)result;
    for (int i = 0; i < c->slots; i++) {
        snprintf(name, sizeof name, "%s%d", c->name, i);
        int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (fd >= 0) {
            (void)close(fd);
            return unlink(name) ? errno : 0;
        }
    }
    return 99;
}

/* More of them than the limit are never with ranks at the same time. */
static void *claims_many(void *arg)
{
    enum { N = 400 };
    const user *u = arg;
    weft_future *future[N];
    claim c = {.slots = u->in_flight};
    int wrong = 0, status;
    name_file(c.name, sizeof c.name, u->name);
    for (int i = 0; i < N; i++)
        future[i] = submit(u->executor, claims_slot, &c, sizeof c, 0, NULL);
    for (int i = 0; i < N; i++) {
        (void)weft_future_get(future[i], &status);
        wrong += status != 0;
        weft_future_release(future[i]);
    }
    CHECK(!wrong, "%s: %d of %d", u->name, wrong, N);
    return NULL;
}

static void check_name(weft_executor *e, const char *name)
{
    weft_executor_state state = {.size = sizeof state};
    int err = weft_executor_inspect(e, &state);
    CHECK(!err && !strcmp(state.name, name), "%s: %s", name, state.name);
}

static void three_at_once(weft_executor *first, void *arg)
{
    (void)arg;
    user one = {beside(first, WEFT_MPI_CONFIG(.in_flight = 1, .name = "one")), 1, "one"};
    user three = {beside(one.executor, WEFT_MPI_CONFIG(.in_flight = 3, .name = "three")), 3, "three"};
    user any = {first, 0, "ranks"};
    pthread_t thread[2];
    check_name(one.executor, "one");
    check_name(three.executor, "three");
    check_name(first, "ranks");
    CHECK(!pthread_create(&thread[0], NULL, claims_many, &one), "a thread");
    CHECK(!pthread_create(&thread[1], NULL, claims_many, &three), "a thread");
    (void)maps_and_adds(&any);
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    CHECK(!pthread_create(&thread[0], NULL, maps_and_adds, &one), "a thread");
    CHECK(!pthread_create(&thread[1], NULL, maps_and_adds, &three), "a thread");
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    destroy(three.executor);
    destroy(one.executor);
}

/* ---- errors -------------------------------------------------------------------------------------- */

static int says_rank(const void *arg, void *result)
{
    (void)arg;
    (void)result;
    return weft_fail(100 + rank, "that was %d", rank);
}

static void check_said(weft_future *f, const char *label)
{
    int status;
    char wanted[64];
    (void)weft_future_get(f, &status);
    snprintf(wanted, sizeof wanted, "rank %d, %s: that was %d", status - 100, label, status - 100);
    CHECK(status > 100 && !strcmp(weft_future_error(f), wanted), "%d: '%s'", status, weft_future_error(f));
    weft_future_release(f);
}

static void errors(weft_executor *first, void *arg)
{
    enum { N = 20 };
    weft_future *a[N], *b[N];
    (void)arg;
    weft_executor *second = beside(first, WEFT_MPI_CONFIG(.message_bytes = 100));
    for (int i = 0; i < N; i++) {
        a[i] = submit(first, says_rank, NULL, 0, 0, "a first");
        b[i] = submit(second, says_rank, NULL, 0, 0, "a second");
    }
    for (int i = 0; i < N; i++) {
        check_said(a[i], "a first");
        check_said(b[i], "a second");
    }
    const weft_task_spec large = {.size = sizeof large, .fn2 = says_rank, .result_bytes = 101};
    int err = weft_submit_task(second, &large, NULL);
    CHECK(err == -EMSGSIZE, "its own message_bytes: %s", weft_strerror(err));
    err = weft_submit_task(first, &large, NULL);
    CHECK(!err, "the first one's: %s", weft_strerror(err));
    destroy(second);
}

/* Tasks that stay are one on each rank, whoever sent them. */
static void by_load(weft_executor *first, void *arg)
{
    weft_executor *second = beside(first, NULL);
    weft_future **future = calloc((size_t)ranks, sizeof *future);
    int *count = calloc((size_t)ranks, sizeof *count), wrong = 0;
    char what[32];
    (void)arg;
    for (int i = 1; i < ranks; i++) {
        snprintf(what, sizeof what, "load%d", i);
        future[i] = submit_staying(i % 2 ? first : second, what);
    }
    for (int i = 1; i < ranks; i++)
        (void)weft_future_cancel(future[i]);
    for (int i = 1; i < ranks; i++) {
        (void)weft_future_get(future[i], NULL);
        const int *at = weft_future_result(future[i]);
        wrong += !at || count[*at]++;
        weft_future_release(future[i]);
    }
    CHECK(!wrong, "%d tasks on a rank that has one", wrong);
    free(count);
    free(future);
}

/* ---- one ends, the other goes on ----------------------------------------------------------------- */

enum { PENDING = 20 };

/* One that runs, and PENDING that wait. */
static weft_future *fill(weft_executor *e, const char *what, weft_future **waits)
{
    weft_future *f = submit_staying(e, what);
    for (int i = 0; i < PENDING; i++)
        waits[i] = submit(e, add, (int[2]){i, 0}, 2 * sizeof(int), sizeof(int), NULL);
    return f;
}

static void check_cancelled(weft_future **waits, const char *how)
{
    int wrong = 0;
    for (int i = 0; i < PENDING; i++) {
        (void)weft_future_get(waits[i], NULL);
        wrong += weft_future_state(waits[i]) != WEFT_CANCELLED;
        weft_future_release(waits[i]);
    }
    CHECK(!wrong, "%s: %d were not cancelled", how, wrong);
}

static void one_shut_down(weft_executor *first, void *arg)
{
    weft_future *waits[PENDING];
    (void)arg;
    weft_executor *second = beside(first, WEFT_MPI_CONFIG(.in_flight = 1));
    weft_future *other = submit_staying(first, "goes-on");
    weft_future *stays = fill(second, "shut-down", waits);
    int err = weft_executor_shutdown(second, WEFT_STOP_RUNNING, WEFT_FOREVER);
    CHECK(!err, "shut down: %s", weft_strerror(err));
    check_cancelled(waits, "shut down");
    CHECK(weft_future_status(stays) == 7, "what ran was stopped: %d", weft_future_status(stays));
    weft_future_release(stays);
    err = weft_submit_task(second, &(weft_task_spec){.size = sizeof(weft_task_spec), .fn2 = add}, NULL);
    CHECK(err == -ESHUTDOWN, "it is closed: %s", weft_strerror(err));
    CHECK(weft_future_state(other) == WEFT_RUNNING, "the other one's: %d", weft_future_state(other));
    check_works(first, "the other one");
    weft_executor *third = beside(second, NULL);
    check_works(third, "beside a closed one");
    destroy(second);
    check_works(first, "beside a destroyed one");
    check_stays(other, "the other one's");
}

static void one_stopped(weft_executor *first, void *arg)
{
    weft_future *waits[PENDING];
    weft_stop *stop = NULL;
    (void)arg;
    CHECK(!weft_stop_create(&stop, NULL, WEFT_FOREVER), "a token");
    weft_executor *second = beside(first, WEFT_MPI_CONFIG(.in_flight = 1, .stop = stop));
    weft_future *other = submit_staying(first, "not-stopped");
    weft_future *stays = fill(second, "stopped", waits);
    weft_stop_request(stop);
    check_cancelled(waits, "its token");
    check_stays(stays, "its token");
    CHECK(weft_future_state(other) == WEFT_RUNNING, "the other one's: %d", weft_future_state(other));
    check_stays(other, "the other one's");
    destroy(second);
    weft_stop_release(stop);
}

/* ---- in the thread that calls MPI ---------------------------------------------------------------- */

typedef struct told {
    weft_executor *first, *full;
    weft_future *accepted;
    int submitted, destroyed, started, made;
    atomic_int done;
} told;

static int starts(void *arg)
{
    (void)arg;
    return 0;
}

/* on_error of another executor: whatever it calls, it is not to wait for what it would have to bring itself. */
static void uses_others(const char *label, int status, void *ctx)
{
    told *t = ctx;
    weft_executor *e = NULL;
    (void)label;
    (void)status;
    t->submitted = weft_submit_task(
        t->full, &(weft_task_spec){.size = sizeof(weft_task_spec), .fn2 = says_rank}, &t->accepted);
    t->destroyed = weft_executor_destroy(t->full);
    t->started = weft_mpi_executor_beside(&e, t->first, WEFT_MPI_CONFIG(.start = starts));
    t->made = weft_mpi_executor_beside(&e, t->first, NULL);
    atomic_store(&t->done, 1);
}

static void from_its_thread(weft_executor *first, void *arg)
{
    told t = {.first = first};
    (void)arg;
    t.full = beside(first, WEFT_MPI_CONFIG(.in_flight = 1, .queue_limit = 1));
    weft_executor *tells = beside(first, WEFT_MPI_CONFIG(.on_error = uses_others, .ctx = &t));
    weft_future *stays = submit_staying(t.full, "full");
    weft_future *waits = submit(t.full, says_rank, NULL, 0, 0, NULL);
    const weft_task_spec fails = {.size = sizeof fails, .fn2 = says_rank};
    int err = weft_submit_task(tells, &fails, NULL);
    CHECK(!err, "submit: %s", weft_strerror(err));
    while (!atomic_load(&t.done))
        ;
    CHECK(!t.submitted && t.accepted, "a full queue takes more: %s", weft_strerror(t.submitted));
    CHECK(t.destroyed == -EDEADLK, "destroy: %s", weft_strerror(t.destroyed));
    CHECK(t.started == -EDEADLK, "start: %s", weft_strerror(t.started));
    CHECK(!t.made, "another one: %s", weft_strerror(t.made));
    check_stays(stays, "what filled it");
    (void)weft_future_get(waits, NULL);
    (void)weft_future_get(t.accepted, &err);
    CHECK(err > 100, "what was accepted ran: %d", err);
    weft_future_release(waits);
    weft_future_release(t.accepted);
}

/* ---- how they end -------------------------------------------------------------------------------- */

enum { LEFT = 50 };

/* What is left is drained: the futures have ended when the call returns. */
static void leaves_all(weft_executor *first, void *futures)
{
    weft_executor *e[3] = {first, beside(first, WEFT_MPI_CONFIG(.in_flight = 1)), beside(first, NULL)};
    for (int i = 0; i < LEFT; i++)
        ((weft_future **)futures)[i] = submit(e[i % 3], add, (int[2]){i, i}, 8, sizeof(int), NULL);
}

static void left(MPI_Comm comm, const char *where)
{
    weft_future *future[LEFT] = {NULL};
    int wrong = 0, err = weft_mpi_run(comm, leaves_all, future, NULL);
    for (int i = 0; i < LEFT && future[0]; i++) {
        wrong += weft_future_state(future[i]) != WEFT_DONE || weft_future_status(future[i]);
        weft_future_release(future[i]);
    }
    CHECK(!err && !wrong, "%s: %d, %d wrong", where, err, wrong);
}

/* The first one, too: then the ranks are free before fn returns. */
static void leaves_none(weft_executor *first, void *arg)
{
    (void)arg;
    weft_executor *second = beside(first, NULL);
    destroy(first);
    check_works(second, "without the first one");
    destroy(second);
}

/* Without weft_mpi_run, in each order. */
static void own_thread(MPI_Comm comm)
{
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int k = 0; k < 6; k++) {
        weft_executor *e[3] = {NULL};
        int err = weft_mpi_executor(&e[0], comm, NULL);
        CHECK(!err, "%s", weft_strerror(err));
        if (!e[0])
            continue;
        e[1] = beside(e[0], NULL);
        e[2] = beside(e[0], NULL);
        for (int i = 0; i < 3; i++) {
            for (int j = i; j < 3 && comm != MPI_COMM_SELF; j++)
                check_works(e[order[k][j]], "one that is left");
            destroy(e[order[k][i]]);
        }
    }
}

/* ---- with others --------------------------------------------------------------------------------- */

static int asks_shared(const void *arg, void *result)
{
    size_t bytes = 0;
    const int *all = weft_mpi_shared(&bytes);
    (void)arg;
    *(int *)result = all && bytes == sizeof *all ? *all : -1;
    return 0;
}

static int begins_with_shared(void *arg)
{
    const int *all = weft_mpi_shared(NULL);
    (void)arg;
    return !all || *all != 815;
}

static void shares(weft_executor *first, void *arg)
{
    weft_executor *e[2] = {first, beside(first, WEFT_MPI_CONFIG(.start = begins_with_shared))};
    (void)arg;
    for (int i = 0; i < 10; i++) {
        weft_future *f = submit(e[i % 2], asks_shared, NULL, 0, sizeof(int), NULL);
        (void)weft_future_get(f, NULL);
        CHECK(*(const int *)weft_future_result(f) == 815, "executor %d", i % 2);
        weft_future_release(f);
    }
}

static int runs_here(void *arg)
{
    *(int *)arg += 1;
    return 0;
}

/* No other rank: all in this process. */
static void one_alone(weft_executor *first, void *arg)
{
    int count = 0, status;
    char said[64] = "";
    weft_future *f;
    (void)arg;
    weft_executor *second = beside(first, WEFT_MPI_CONFIG(.start = runs_here, .start_arg = &count,
                                                          .start_bytes = sizeof count, .name = "second"));
    check_name(second, "second");
    CHECK(count == 1, "start was called %d times", count);
    int err = weft_submit(second, runs_here, &count, &f);
    CHECK(!err && !weft_future_get(f, &status) && count == 2, "%s", weft_strerror(err));
    weft_future_release(f);
    bad_rank = rank;
    check_refused(second, WEFT_MPI_CONFIG(.start = fails_on_one, .said = said, .said_bytes = sizeof said),
                  -ECANCELED, "start failed");
    CHECK(!strcmp(said, "rank 0: start answered 44"), "'%s'", said);
}

/* ---- all ----------------------------------------------------------------------------------------- */

static void run_job(void (*job)(weft_executor *e, void *arg), void *arg, const weft_mpi_config *config)
{
    int err = weft_mpi_run(MPI_COMM_WORLD, job, arg, config);
    CHECK(!err, "the call: %s", weft_strerror(err));
}

static void run_all(int level, char *plugin)
{
    const int number = 815;
    bad_rank = ranks > 2 ? 2 : 1;
    run_job(three_at_once, NULL, NULL);
    run_job(errors, NULL, NULL);
    run_job(by_load, NULL, NULL);
    run_job(one_shut_down, NULL, NULL);
    run_job(one_stopped, NULL, NULL);
    run_job(from_its_thread, NULL, NULL);
    run_job(beginnings, plugin, NULL);
    run_job(shares, NULL, WEFT_MPI_CONFIG(.shared = &number, .shared_bytes = sizeof number));
    run_job(leaves_none, NULL, NULL);
    left(MPI_COMM_WORLD, "left over ranks");
    left(MPI_COMM_SELF, "left alone");
    CHECK(!weft_mpi_run(MPI_COMM_SELF, one_alone, NULL, NULL), "alone");
    own_thread(MPI_COMM_SELF);
    if (level >= MPI_THREAD_SERIALIZED)
        own_thread(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    place = getenv("WEFT_TEST_PLACE");
    if (argc < 2 || !place)
        return 2;
    tally_watch(360);
    run_all(begin_ranks(argc, argv, MPI_THREAD_SERIALIZED), argv[1]);
    MPI_Finalize();
    return end_ranks();
}
