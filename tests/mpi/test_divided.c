/* SPDX-License-Identifier: MIT */
/*
 * test_divided.c - pieces of a map that turn out to be heavy are divided again between ranks. Run by tests/mpi/launch.
 *
 *     test_divided WORKERS...      (of rank 0, 1, ...; the last number is that of all further ones)
 *
 * Nothing here is a matter of time: items wait until others have run, which come behind them in the same piece. So without a
 * division the program hangs, and also if a rank is not sent as many items, or tasks, as its pool has workers. What has run is
 * counted on a board, memory that all ranks of this machine share.
 * Rank 0 checks and prints; what other ranks find wrong is their exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <weft/bulk.h>
#include <weft/mpi.h>

#include "../fault/tally.h"

enum { ITEMS = 3000, TIMES = 10, RANKS_MOST = 8 };

typedef struct board {
    atomic_int begun[ITEMS];
    atomic_int ended; /* of those that nobody holds */
    atomic_int under_way, at[RANKS_MOST];
} board;

/* What an item is told. */
typedef struct item {
    int number, held; /* those that `stay`, so many, wait for all others */
    bool stays;
    unsigned char more[40];
} item;

static int rank, ranks, workers[RANKS_MOST];
static board *all;

/* Who waits leaves the processors to those that are waited for. */
static void rest(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

/* ---- items --------------------------------------------------------------------------------------- */

static void begin(const item *it)
{
    atomic_fetch_add(&all->begun[it->number], 1);
}

static void await_others(const item *it)
{
    while (atomic_load(&all->ended) < ITEMS - it->held && !weft_should_stop())
        rest();
}

static int holds(void *out, const void *in, void *ctx)
{
    const item *it = in;
    (void)ctx;
    begin(it);
    if (it->stays)
        await_others(it);
    else
        atomic_fetch_add(&all->ended, 1);
    ((item *)out)->number = 3 * it->number + 1;
    return it->number % 5 == 4 ? 9 : 0;
}

/* The first one waits until it is stopped, when others have gone on; or it fails then. */
static int is_stopped(void *out, const void *in, void *ctx)
{
    const item *it = in;
    (void)out;
    (void)ctx;
    begin(it);
    while (it->number == 0 && !weft_should_stop())
        rest();
    atomic_fetch_add(&all->ended, 1);
    return 0;
}

static int fails_late(void *out, const void *in, void *ctx)
{
    const item *it = in;
    (void)out;
    (void)ctx;
    begin(it);
    while (it->number == 0 && atomic_load(&all->ended) < ITEMS / 2)
        rest();
    atomic_fetch_add(&all->ended, 1);
    return it->number == 0 ? 4 : 0;
}

/* Until `all_of_them` are under way at the same time, wherever. */
static void meets(int all_of_them)
{
    atomic_fetch_add(&all->at[rank], 1);
    atomic_fetch_add(&all->under_way, 1);
    while (atomic_load(&all->under_way) < all_of_them && !weft_should_stop())
        rest();
}

static int item_meets(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)ctx;
    meets(((const item *)in)->held);
    return 0;
}

static int one_of_each_meets(void *out, const void *in, void *ctx)
{
    const item *it = in;
    return it->stays ? item_meets(out, in, ctx) : 0;
}

static int task_meets(const void *arg, void *result)
{
    (void)result;
    meets(*(const int *)arg);
    return 0;
}

/* ---- what rank 0 checks -------------------------------------------------------------------------- */

static void clear(item *items, int held)
{
    memset(all, 0, sizeof *all);
    for (int i = 0; i < ITEMS; i++)
        items[i] = (item){.number = i, .held = held, .stays = i < held};
}

/* How many items began more than once, or, if all were to run, not at all. */
static int not_once(bool any)
{
    int wrong = 0;
    for (int i = 0; i < ITEMS; i++)
        wrong += any ? atomic_load(&all->begun[i]) > 1 : atomic_load(&all->begun[i]) != 1;
    return wrong;
}

static int workers_there(void)
{
    int sum = 0;
    for (int r = 1; r < ranks; r++)
        sum += workers[r];
    return sum;
}

/* Each rank has had as many as it has workers. */
static void check_full(const char *what)
{
    for (int r = 1; r < ranks; r++)
        CHECK(atomic_load(&all->at[r]) == workers[r], "%s: %d on rank %d, which has %d workers", what,
              atomic_load(&all->at[r]), r, workers[r]);
}

/* As many items as there are workers, which all wait for each other: each worker has to have one. */
static void fills_by_items(weft_executor *e, item *items)
{
    int count = workers_there();
    clear(items, count);
    int err = weft_executor_map(e, item_meets, items, sizeof *items, NULL, 0, (size_t)count, NULL);
    CHECK(!err, "%s", weft_strerror(err));
    check_full("items");
}

/* Each waits until so many are under way. */
static void submit_all(weft_executor *e, int *under_way, int count, weft_future **future)
{
    int err = 0;
    for (int i = 0; i < count && !err; i++)
        err = weft_submit_task(e,
                               &(weft_task_spec){.size = sizeof(weft_task_spec),
                                                 .fn2 = task_meets,
                                                 .arg = under_way,
                                                 .arg_bytes = sizeof *under_way},
                               &future[i]);
    CHECK(!err, "%s", weft_strerror(err));
}

static void get_all(weft_future **future, int count)
{
    for (int i = 0; i < count; i++) {
        (void)weft_future_get(future[i], NULL);
        weft_future_release(future[i]);
    }
}

/* The first item of each of the first pieces, which all wait for each other: with many workers there are more than two for each
 * rank at the same time. The pieces' lengths: exec/pieces.c. */
static void sends_many(weft_executor *e, item *items)
{
    int count = (ranks - 1) * (2 + workers[1] / 4), first = 0;
    clear(items, 0);
    for (int i = 0; i < ITEMS; i++)
        items[i].held = count;
    for (int i = 0; i < count; i++) {
        items[first].stays = true;
        first += (ITEMS - first) / (4 * count);
    }
    int err = weft_executor_map(e, one_of_each_meets, items, sizeof *items, NULL, 0, ITEMS, NULL);
    CHECK(!err && atomic_load(&all->under_way) == count, "%s, %d of %d", weft_strerror(err),
          atomic_load(&all->under_way), count);
}

static void fills_by_tasks(weft_executor *e, item *items)
{
    int count = workers_there();
    weft_future *future[8 * RANKS_MOST] = {NULL};
    clear(items, 0);
    submit_all(e, &count, count, future);
    get_all(future, count);
    check_full("tasks");
}

/* All but one rank, or, where they have several workers, one of all, hold what they have: the rest comes to the others, in several
 * steps. */
static void go_on(weft_executor *e, item *items, item *out)
{
    int held = ranks < 3 ? 0 : workers_there() == ranks - 1 ? ranks - 2 : 1, wrong = 0, status[ITEMS];
    weft_map_report report = {0};
    clear(items, held);
    int err =
        weft_executor_map(e, holds, items, sizeof *items, out, sizeof *out, ITEMS,
                          WEFT_MAP_CONFIG(.on_error = WEFT_COLLECT, .status = status, .report = &report));
    for (int i = 0; i < ITEMS; i++)
        wrong += out[i].number != 3 * i + 1 || status[i] != (i % 5 == 4 ? 9 : 0);
    CHECK(err == WEFT_EITEM && !wrong && !not_once(false), "%d, %d wrong, %d not once", err, wrong,
          not_once(false));
    CHECK(report.done == ITEMS - ITEMS / 5 && report.failed == ITEMS / 5 && report.index == 4,
          "%zu, %zu, %zu", report.done, report.failed, report.index);
}

/* All workers but one on each rank are at tasks, which stay until the map is over: so where its item is held, none is free, and
 * another rank, which has tasks, takes all that is left. */
static void goes_where_one_is_free(weft_executor *e, item *items, item *out)
{
    int count = workers_there() - (ranks - 1), never = ITEMS;
    weft_future *future[8 * RANKS_MOST] = {NULL};
    clear(items, 0);
    submit_all(e, &never, count, future);
    while (atomic_load(&all->under_way) < count)
        rest();
    go_on(e, items, out);
    for (int i = 0; i < count; i++)
        CHECK(weft_future_cancel(future[i]) == -EBUSY, "task %d does not run", i);
    get_all(future, count);
}

/* Cancelled in the middle of it: what has run is told, nothing twice, and all come back. */
static void cancels(weft_executor *e, item *items, int after)
{
    weft_future *future;
    int status = 0, state[ITEMS], ran = 0, told = 0;
    weft_map_report report = {0};
    clear(items, 0);
    int err = weft_executor_map_async(e, is_stopped, items, sizeof *items, NULL, 0, ITEMS,
                                      WEFT_MAP_CONFIG(.status = state, .report = &report), &future);
    CHECK(!err, "%s", weft_strerror(err));
    while (atomic_load(&all->ended) < after)
        rest();
    (void)weft_future_cancel(future);
    (void)weft_future_get(future, &status);
    weft_future_release(future);
    for (int i = 0; i < ITEMS; i++) {
        ran += atomic_load(&all->begun[i]);
        told += !state[i];
    }
    CHECK(status == -ECANCELED || !status, "%d", status);
    CHECK(!not_once(true) && ran == told && report.done == (size_t)ran, "%d ran, %d told, %zu done, %d twice",
          ran, told, report.done, not_once(true));
}

static void fails_fast(weft_executor *e, item *items)
{
    int state[ITEMS], wrong = 0;
    weft_map_report report = {0};
    clear(items, 0);
    int err = weft_executor_map(e, fails_late, items, sizeof *items, NULL, 0, ITEMS,
                                WEFT_MAP_CONFIG(.status = state, .report = &report));
    for (int i = 1; i < ITEMS; i++)
        wrong += state[i] != (atomic_load(&all->begun[i]) ? 0 : -ECANCELED);
    CHECK(err == WEFT_EITEM && report.failed == 1 && report.index == 0 && state[0] == 4, "%d, %zu", err,
          report.failed);
    CHECK(!wrong && !not_once(true), "%d wrong, %d twice", wrong, not_once(true));
}

static void many(weft_executor *e, void *arg)
{
    item *items = calloc(ITEMS, sizeof *items), *out = calloc(ITEMS, sizeof *out);
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        fills_by_tasks(e, items);
        fills_by_items(e, items);
        if (workers[1] >= 4 && workers[1] == workers[ranks - 1])
            sends_many(e, items);
        go_on(e, items, out);
        if (ranks > 2 && workers_there() > ranks - 1)
            goes_where_one_is_free(e, items, out);
        cancels(e, items, ranks < 3 ? 1 : 1 + ITEMS * i / (TIMES + 1));
        if (ranks > 2)
            fails_fast(e, items);
    }
    free(items);
    free(out);
}

/* ---- all ----------------------------------------------------------------------------------------- */

static void open_board(const char *place)
{
    char name[300];
    snprintf(name, sizeof name, "%s/board", place);
    int fd = open(name, O_CREAT | O_RDWR, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *all))
        exit(2);
    all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (all == MAP_FAILED)
        exit(2);
}

static bool read_workers(int count, char **number)
{
    bool fine = count > 0;
    for (int r = 0; r < RANKS_MOST && fine; r++) {
        workers[r] = atoi(number[r < count ? r : count - 1]);
        fine = workers[r] > 0 && workers[r] <= 8;
    }
    return fine;
}

int main(int argc, char **argv)
{
    int level;
    weft_pool *pool;
    const char *place = getenv("WEFT_TEST_PLACE");
    if (!read_workers(argc - 1, argv + 1) || !place)
        return 2;
    tally_watch(360);
    open_board(place);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (ranks > RANKS_MOST)
        MPI_Abort(MPI_COMM_WORLD, 2);
    int spares = rank ? WEFT_NONE : 0; /* nobody stands in for a worker that waits */
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers[rank], .spare_max = spares));
    CHECK(!err, "a pool: %s", weft_strerror(err));
    err = weft_mpi_run(MPI_COMM_WORLD, many, NULL, WEFT_MPI_CONFIG(.pool = pool));
    CHECK(!err, "many: %s", weft_strerror(err));
    CHECK(!weft_pool_destroy(pool), "the pool's end");
    MPI_Finalize();
    return rank ? atomic_load(&tally_failed) != 0 : tally_end();
}
