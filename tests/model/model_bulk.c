/* SPDX-License-Identifier: MIT */
/*
 * model/model_bulk.c - exec/bulk.c: a map in an executor, led by one task of it, with another one that helps. Items are plain:
 * one that is taken twice is a race, or is counted twice.
 */
#include "pool.h"

#include <weft/bulk.h>
#include <weft/executor.h>

#define ITEMS 2

static weft_pool *pool;
static weft_executor *executor;
static weft_future *future;
static int in[ITEMS], out[ITEMS];

static int doubles(void *to, const void *from, void *ctx)
{
    (void)ctx;
    *(int *)to += 2 * *(const int *)from;
    return 0;
}

static void setup(void)
{
    pool = model_pool(2, 1);
    mc_assert(!weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 2)));
    for (int i = 0; i < ITEMS; i++) {
        in[i] = i + 1;
        out[i] = 0;
    }
    mc_assert(!weft_executor_map_async(executor, doubles, in, sizeof in[0], out, sizeof out[0], ITEMS, NULL,
                                       &future));
}

static void run_as(unsigned index)
{
    wf_worker *self = model_be(pool, index);
    wf_task *task = wf_tasks_next(self);
    if (task)
        (void)wf_tasks_run(self, task);
}
static void leads(void)
{
    run_as(0);
}
/* Its runner lies with worker 0. */
static void helps(void)
{
    wf_worker *self = model_be(pool, 1);
    wf_task *task = wf_tasks_steal(self);
    if (task)
        (void)wf_tasks_run(self, task);
}

static void check(void)
{
    int status;
    run_as(0);
    mc_assert(!weft_future_get(future, &status) && !status);
    weft_future_release(future);
    mc_assert(out[0] == 2 && out[1] == 4 && !weft_executor_destroy(executor));
}

static const mc_scenario scenarios[] = {
    {.name = "two_map",
     .setup = setup,
     .thread = {leads, helps},
     .check = check,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
