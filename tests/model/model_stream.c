/* SPDX-License-Identifier: MIT */
/*
 * model/model_stream.c - exec/stream.c: a consumer against the pumps, with windows of a cell or two: it sleeps, pumps
 * itself, waits for the descriptor, or closes early. Items, results and the source are plain. Pumps are run by threads
 * that take them from the pool's inbox, as a worker does, until the consumer is done.
 */
#include "pool.h"

#include <errno.h>

#include <weft/stream.h>

#include "sched/pool.h"

extern uint32_t *model_event(int fd); /* world/event.c: 1 while it is readable */

enum { ITEMS = 3 };

static weft_pool *pool;
static weft_executor *executor; /* the pool's, or one of its own */
static weft_stream *stream;
static size_t items, pulled, pulled_by_then; /* all plain: nothing is pulled after close */
static int runs[ITEMS], dropped, done;
static bool by_the_worker; /* nobody else may pull */

static int square(const void *in, void *out, void *ctx)
{
    int i = *(const int *)in;
    (void)ctx;
    runs[i]++;
    *(int *)out = i * i;
    return 0;
}

/* The source: one caller at a time, or `pulled` is a race. */
static int pull(void *in, void *ctx)
{
    (void)ctx;
    mc_assert(!by_the_worker || wf_self()->index == 0);
    if (pulled == items)
        return 1;
    *(int *)in = (int)pulled++;
    return 0;
}

static void drop(void *out, void *ctx)
{
    (void)ctx;
    dropped += *(int *)out >= 0;
}

static void open_stream(size_t n, size_t window, int unordered)
{
    items = n;
    pulled = 0;
    dropped = done = 0;
    by_the_worker = false;
    for (int i = 0; i < ITEMS; i++)
        runs[i] = 0;
    mc_assert(!weft_stream_open(&stream, WEFT_STREAM_CONFIG(.executor = executor, .fn = square, .pull = pull,
                                                            .in_bytes = sizeof(int), .out_bytes = sizeof(int),
                                                            .window = window, .chunk = 1,
                                                            .unordered = unordered, .drop = drop)));
    mc_name(stream, 4096, "stream");
}
static void make(bool take_over)
{
    pool = model_pool(1, 1);
    pool->take_over = take_over;
    executor = &pool->executor;
}
static void one_cell(void)
{
    make(false);
    open_stream(3, 1, 0);
}
static void two_cells(void)
{
    make(false);
    open_stream(3, 2, 0);
}
static void one_item(void)
{
    make(false);
    open_stream(1, 1, 0);
}
static void one_item_of_the_workers(void)
{
    one_item();
    by_the_worker = true;
}
static void consumer_pumps(void)
{
    make(true);
    open_stream(2, 2, 0);
}
static void consumer_pumps_unordered(void)
{
    make(true);
    open_stream(2, 2, 1);
}
static void two_cells_unordered(void)
{
    make(false);
    open_stream(3, 2, 1);
}

static void of_its_own(void)
{
    make(false);
    mc_assert(!weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1)));
    open_stream(2, 1, 0);
}
/* What runs may go on; pumps that are submitted now are refused. */
static void of_a_closed_one(void)
{
    of_its_own();
    mc_assert(!weft_executor_close(executor));
}

/* ---- pumps --------------------------------------------------------------------------------------- */

static void worker(void)
{
    wf_worker *self = model_be(pool, 0);
    for (;;) {
        bool last = wf_load_acquire(&done);
        wf_task *task = wf_tasks_next(self);
        if (task)
            (void)wf_tasks_run(self, task);
        else if (last)
            return;
        else
            mc_pause();
    }
}

/* ---- the consumer -------------------------------------------------------------------------------- */

static void closes(void)
{
    weft_stream_close(stream);
    pulled_by_then = pulled;
    wf_store_release(&done, 1);
}

/* False: no more, or not yet. */
static bool next(int64_t deadline_ns, int *err)
{
    int out, status;
    size_t index;
    *err = weft_stream_next(stream, deadline_ns, &out, &status, &index);
    if (*err)
        return false;
    mc_assert(!status && out == (int)(index * index) && runs[index] == 1);
    runs[index]++;
    return true;
}

static void took_all(void)
{
    for (size_t i = 0; i < items; i++)
        mc_assert(runs[i] == 2);
    closes();
}
static void takes_all(void)
{
    int err;
    for (size_t i = 0; next(WEFT_FOREVER, &err); i++)
        mc_assert(runs[i] == 2);
    mc_assert(err == WEFT_EEND);
    took_all();
}
static void takes_all_unordered(void)
{
    int err;
    while (next(WEFT_FOREVER, &err))
        ;
    mc_assert(err == WEFT_EEND);
    took_all();
}
static void cancels_pumps_and_takes_all(void)
{
    int err = weft_executor_shutdown(executor, WEFT_CANCEL_PENDING, 0);
    mc_assert(!err || err == -ETIMEDOUT);
    takes_all();
}
static void takes_when_readable(void)
{
    int err, fd = weft_stream_fd(stream);
    do {
        model_long_call((int *)model_event(fd));
        (void)next(0, &err);
    } while (!err || err == -ETIMEDOUT);
    mc_assert(err == WEFT_EEND);
    took_all();
}
static void looks_twice_and_closes(void)
{
    int err;
    model_long_call(&runs[0]);
    (void)next(0, &err);
    (void)next(0, &err);
    closes();
}
static void takes_one_and_closes(void)
{
    int err;
    mc_assert(next(WEFT_FOREVER, &err));
    closes();
}

/* ---- afterwards ---------------------------------------------------------------------------------- */

static void check(void)
{
    mc_assert(mc_freed(stream) && !dropped);
}
/* What ran and was not taken was dropped. */
static void check_closed(void)
{
    int ran = 0, taken = 0;
    for (int i = 0; i < ITEMS; i++) {
        ran += runs[i] > 0;
        taken += runs[i] > 1;
    }
    mc_assert(mc_freed(stream) && dropped == ran - taken && pulled == pulled_by_then);
}

static const mc_scenario scenarios[] = {
    {.name = "one_item",
     .setup = one_item,
     .thread = {worker, takes_all},
     .check = check,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "one_cell",
     .setup = one_cell,
     .thread = {worker, takes_all},
     .check = check,
     .bound = 1,
     .stale = 2,
     MODEL_POOL},
    {.name = "two_cells",
     .setup = two_cells,
     .thread = {worker, takes_all},
     .check = check,
     .bound = 1,
     .stale = 2,
     MODEL_POOL},
    {.name = "two_cells_unordered",
     .setup = two_cells_unordered,
     .thread = {worker, takes_all_unordered},
     .check = check,
     .bound = 1,
     .stale = 2,
     MODEL_POOL},
    {.name = "consumer_pumps",
     .setup = consumer_pumps,
     .thread = {worker, takes_all},
     .check = check,
     .bound = 1,
     .stale = 2,
     MODEL_POOL},
    {.name = "consumer_pumps_unordered",
     .setup = consumer_pumps_unordered,
     .thread = {worker, takes_all_unordered},
     .check = check,
     .bound = 1,
     .stale = 2,
     MODEL_POOL},
    {.name = "readable",
     .setup = one_cell,
     .thread = {worker, takes_when_readable},
     .check = check,
     .bound = 1,
     .stale = 2,
     MODEL_POOL},
    {.name = "workers_pull",
     .setup = one_item_of_the_workers,
     .thread = {worker, looks_twice_and_closes},
     .check = check_closed,
     .bound = 3,
     .stale = 1,
     MODEL_POOL},
    {.name = "pumps_are_refused",
     .setup = of_a_closed_one,
     .thread = {worker, takes_all},
     .check = check,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "pumps_are_cancelled",
     .setup = of_its_own,
     .thread = {worker, cancels_pumps_and_takes_all},
     .check = check,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "close",
     .setup = one_cell,
     .thread = {worker, closes},
     .check = check_closed,
     .bound = 2,
     .stale = 3,
     MODEL_POOL},
    {.name = "close_half_read",
     .setup = two_cells,
     .thread = {worker, takes_one_and_closes},
     .check = check_closed,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
