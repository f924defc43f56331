/* SPDX-License-Identifier: MIT */
/*
 * model/model_combine.c - exec/combine.c: a task and a promise that end in two threads, and who waits for all or one of
 * them, asks which it was, or lets go of the whole meanwhile. Results are plain. What the whole holds is freed with it.
 */
#include "pool.h"

#include <errno.h>

#include <weft/combine.h>
#include <weft/future.h>
#include <weft/promise.h>

#include "sched/pool.h"

static weft_pool *pool;
static weft_promise *promise;
static weft_future *part[2], *whole;
static int result[2];

static int answers(void *unused)
{
    (void)unused;
    result[0] = 42;
    return 0;
}

static void setup(void)
{
    pool = model_pool(1, 1);
    pool->take_over = false;
    mc_assert(!weft_submit(&pool->executor, answers, NULL, &part[0]));
    mc_assert(!weft_promise_create(&promise, &pool->executor, &part[1]));
    mc_name(part[0], sizeof *part[0], "part 0");
    mc_name(part[1], sizeof *part[1], "part 1");
    result[0] = result[1] = 0;
    whole = NULL;
}
static void let_parts_go(void)
{
    weft_future_release(part[0]);
    weft_future_release(part[1]);
}
static void of_all(void)
{
    setup();
    mc_assert(!weft_when_all(part, 2, &whole));
    let_parts_go();
}
static void of_any(void)
{
    setup();
    mc_assert(!weft_when_any(part, 2, &whole));
    let_parts_go();
}

static void first(void)
{
    wf_worker *self = model_be(pool, 0);
    (void)wf_tasks_run(self, wf_tasks_next(self));
}
static void second(void)
{
    result[1] = 43;
    mc_assert(!weft_promise_fulfil(promise, 8));
}

static void gets_all(void)
{
    int status;
    mc_assert(!weft_future_get(whole, &status) && status == 8 && result[0] == 42 && result[1] == 43);
    weft_future_release(whole);
}
static void polls_all(void)
{
    if (weft_future_status(whole) == 8)
        mc_assert(result[0] == 42 && result[1] == 43);
    weft_future_release(whole);
}
static void asks_which(void)
{
    ptrdiff_t at = weft_when_any_index(whole);
    mc_assert(at < 2);
    if (at >= 0)
        mc_assert(weft_future_status(whole) == 8 * at && result[at] == 42 + at);
    weft_future_release(whole);
}
static void gets_any(void)
{
    mc_assert(!weft_future_wait(whole, WEFT_FOREVER) && weft_when_any_index(whole) >= 0);
    asks_which();
}
static void makes_all(void)
{
    mc_assert(!weft_when_all(part, 2, &whole));
    let_parts_go();
    gets_all();
}
static void makes_any(void)
{
    mc_assert(!weft_when_any(part, 2, &whole));
    let_parts_go();
    gets_any();
}
static void waits_for_an_error(void)
{
    size_t index;
    mc_assert(!weft_wait(part, 2, WEFT_FIRST_ERROR, WEFT_FOREVER, &index));
    mc_assert(index == 1 && weft_future_status(part[1]) == 8 && result[1] == 43);
    let_parts_go();
}
static void releases(void)
{
    weft_future_release(whole);
}
static void cancels(void)
{
    int err = weft_future_cancel(whole);
    mc_assert(!err || err == -EALREADY);
    releases();
}

#define PARTS(of, third) .setup = of, .thread = {first, second, third}, MODEL_POOL

static const mc_scenario scenarios[] = {
    {.name = "all", PARTS(of_all, gets_all), .bound = 2, .stale = 1},
    {.name = "all_polled", PARTS(of_all, polls_all), .bound = 2, .stale = 2},
    {.name = "all_released", PARTS(of_all, releases), .bound = 2, .stale = 2},
    {.name = "all_cancelled", PARTS(of_all, cancels), .bound = 2, .stale = 1},
    {.name = "all_made_meanwhile", PARTS(setup, makes_all), .bound = 1, .stale = 1},
    {.name = "any", PARTS(of_any, gets_any), .bound = 2, .stale = 1},
    {.name = "any_asked", PARTS(of_any, asks_which), .bound = 2, .stale = 2},
    {.name = "any_cancelled", PARTS(of_any, cancels), .bound = 2, .stale = 1},
    {.name = "any_made_meanwhile", PARTS(setup, makes_any), .bound = 1, .stale = 1},
    {.name = "first_error", PARTS(setup, waits_for_an_error), .bound = 1, .stale = 1},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
