/* SPDX-License-Identifier: MIT */
/*
 * model/model_promise.c - exec/promise.c: who keeps a promise against who waits for it, cancels it, looks whether it is
 * wanted, or lets it go. Results are plain; the pool's slab is closed, so that the last reference frees the record.
 */
#include "pool.h"

#include <errno.h>

#include <weft/future.h>
#include <weft/promise.h>

#include "sched/pool.h"

static weft_promise *promise;
static weft_future *future;
static int result, kept, cancelled, reason;

static void setup(void)
{
    weft_pool *pool = model_pool(1, 1);
    mc_assert(!weft_promise_create(&promise, &pool->executor, &future));
    wf_slab_close(pool->slab[1]);
    mc_name(&future->word, sizeof future->word, "word");
    result = kept = cancelled = reason = 0;
}

static void keeps(void)
{
    result = 42;
    int err = weft_promise_fulfil(promise, 7);
    mc_assert(!err || err == -ECANCELED);
    kept = !err;
}
static void abandons(void)
{
    weft_promise_destroy(promise);
}
/* Keeps it unless nobody wants it any more, and knows why then. */
static void keeps_if_wanted(void)
{
    if (weft_promise_cancelled(promise)) {
        mc_assert(reason == 5);
        abandons();
    } else {
        keeps();
    }
}

static void gets(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == 7 && result == 42);
    weft_future_release(future);
}
static void finds_it_abandoned(void)
{
    int status;
    mc_assert(!weft_future_get(future, &status) && status == -ECANCELED);
    weft_future_release(future);
}
static void polls(void)
{
    if (weft_future_status(future) == 7)
        mc_assert(result == 42);
    weft_future_release(future);
}
static void cancels(void)
{
    reason = 5;
    int err = weft_future_cancel(future);
    mc_assert(!err || err == -EALREADY);
    if (err == -EALREADY)
        mc_assert(weft_future_status(future) == 7 && result == 42);
    cancelled = !err;
    weft_future_release(future);
}
static void releases(void)
{
    weft_future_release(future);
}

static void check(void)
{
    mc_assert(mc_freed(future));
}
static void check_one_of_both(void)
{
    mc_assert(kept != cancelled);
    check();
}

#define PAIR(a, b) .setup = setup, .thread = {a, b}, .bound = 4, MODEL_POOL

static const mc_scenario scenarios[] = {
    {.name = "keep_and_get", PAIR(keeps, gets), .check = check},
    {.name = "keep_and_poll", PAIR(keeps, polls), .check = check},
    {.name = "keep_and_release", PAIR(keeps, releases), .check = check},
    {.name = "keep_and_cancel", PAIR(keeps, cancels), .check = check_one_of_both},
    {.name = "keep_if_wanted", PAIR(keeps_if_wanted, cancels), .check = check_one_of_both},
    {.name = "abandon_and_get", PAIR(abandons, finds_it_abandoned), .check = check},
    {.name = "abandon_and_release", PAIR(abandons, releases), .check = check},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
