/* SPDX-License-Identifier: MIT */
/*
 * model/model_completions.c - exec/completions.c: who adds futures, who ends them, who takes them out, by sleep or by
 * descriptor, and who destroys the set meanwhile. Results and tags are plain. A record that is free again is taken
 * anew at once: who still uses it races.
 */
#include "pool.h"

#include <errno.h>

#include <weft/completions.h>
#include <weft/future.h>

#include "sched/pool.h"

extern uint32_t *model_event(int fd); /* world/event.c: 1 while it is readable */

static weft_pool *pool;
static weft_completions *set;
static weft_future *future[2];
static int result[2], out[2], ends;

static int answers(void *arg)
{
    *(int *)arg = 42;
    return 7;
}

static void submit(int i)
{
    mc_assert(!weft_submit(&pool->executor, answers, &result[i], &future[i]));
}
static void add(int i)
{
    mc_assert(!weft_completions_add(set, future[i], &out[i]));
    weft_future_release(future[i]);
}

static void nothing_added(void)
{
    pool = model_pool(1, 1);
    pool->take_over = false;
    mc_assert(!weft_completions_create(&set));
    result[0] = result[1] = out[0] = out[1] = ends = 0;
    mc_name(set, 4096, "set");
}
static void submitted(void)
{
    nothing_added();
    submit(0);
}
static void added(void)
{
    submitted();
    add(0);
}
static void two_added(void)
{
    added();
    submit(1);
    add(1);
}
static void may_take_over(void)
{
    added();
    pool->take_over = true;
}
/* It has ended, and lies in both queues: behind two that have not, in one of them. */
static void added_and_ended(void)
{
    submitted();
    submit(1);
    for (int i = 0; i < 3; i++)
        mc_assert(!weft_completions_add(set, future[i < 2], &out[i < 2]));
    mc_assert(!weft_future_cancel(future[0]));
}
static void two_may_take_over(void)
{
    two_added();
    pool->take_over = true;
}

/* ---- who ends them ------------------------------------------------------------------------------- */

static void runner(void)
{
    wf_worker *self = model_be(pool, 0);
    wf_task *task;
    while ((task = wf_tasks_next(self)) != NULL)
        (void)wf_tasks_run(self, task);
}

/* ---- who takes them out -------------------------------------------------------------------------- */

/* False: WEFT_EEND. */
static bool next(int64_t deadline_ns)
{
    weft_future *got;
    void *tag;
    int err = weft_completions_next(set, deadline_ns, &got, &tag);
    mc_assert(!err || err == WEFT_EEND);
    if (err)
        return false;
    int i = (int)((int *)tag - out), status = weft_future_status(got);
    mc_assert(status == -ECANCELED || (status == 7 && result[i] == 42));
    out[i]++;
    weft_future_release(got);
    return true;
}
static void takes(void)
{
    mc_assert(next(WEFT_FOREVER));
}
static void takes_all(void)
{
    while (next(WEFT_FOREVER))
        ;
}
static void takes_until_there_is_none(void)
{
    if (!next(WEFT_FOREVER))
        (void)__atomic_fetch_add(&ends, 1, __ATOMIC_RELAXED);
}
/* From outside, where it may run nothing; the other one takes it. */
static void looks(void)
{
    int err = weft_completions_next(set, 0, NULL, NULL);
    mc_assert(!err || err == -ETIMEDOUT || err == WEFT_EEND);
    if (!err)
        (void)__atomic_fetch_add(&ends, 1, __ATOMIC_RELAXED);
}
/* And gets a record that may be free again. */
static void takes_and_adds(void)
{
    int err = weft_completions_next(set, 0, NULL, NULL);
    mc_assert(!err || err == -ETIMEDOUT);
    mc_assert(!weft_completions_add(set, future[1], &out[1]));
}
static void adds_and_takes(void)
{
    add(0);
    takes_all();
}
static void takes_when_readable(void)
{
    int fd = weft_completions_fd(set);
    mc_assert(fd >= 0);
    while (weft_completions_left(set)) {
        model_long_call((int *)model_event(fd));
        int err = weft_completions_next(set, 0, NULL, NULL);
        mc_assert(!err || err == -ETIMEDOUT);
        out[0] += !err;
    }
}
static void destroys(void)
{
    weft_completions_destroy(set);
}

/* ---- afterwards ---------------------------------------------------------------------------------- */

static void check_one(void)
{
    mc_assert(out[0] == 1 && !weft_completions_left(set));
    destroys();
    mc_assert(mc_freed(set));
}
static void check_two(void)
{
    mc_assert(out[1] == 1);
    check_one();
}
static void check_two_without_tag(void)
{
    mc_assert(out[0] == 2);
    out[0] = 1;
    check_one();
}
static void check_one_and_one_end(void)
{
    mc_assert(ends == 1);
    check_one();
}
static void check_one_by_either(void)
{
    out[0] += ends;
    check_one();
}
static void check_gone(void)
{
    mc_assert(mc_freed(set));
}

static const mc_scenario scenarios[] = {
    {.name = "take", .setup = added, .thread = {runner, takes}, .check = check_one, .bound = 3, MODEL_POOL},
    {.name = "take_two",
     .setup = two_added,
     .thread = {runner, takes_all},
     .check = check_two,
     .bound = 2,
     MODEL_POOL},
    {.name = "take_it_over",
     .setup = may_take_over,
     .thread = {runner, takes},
     .check = check_one,
     .bound = 2,
     MODEL_POOL},
    {.name = "add_while_it_ends",
     .setup = submitted,
     .thread = {runner, adds_and_takes},
     .check = check_one,
     .bound = 2,
     MODEL_POOL},
    {.name = "two_take_one",
     .setup = may_take_over,
     .thread = {takes_until_there_is_none, takes_until_there_is_none},
     .check = check_one_and_one_end,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "one_looks_one_takes",
     .setup = may_take_over,
     .thread = {looks, takes_all},
     .check = check_one_by_either,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "two_let_go_of_one",
     .setup = added_and_ended,
     .thread = {takes_and_adds, takes_and_adds},
     .bound = 2,
     MODEL_POOL},
    {.name = "two_take_two",
     .setup = two_may_take_over,
     .thread = {takes, takes},
     .check = check_two,
     .bound = 1,
     .stale = 1,
     MODEL_POOL},
    {.name = "take_when_readable",
     .setup = two_added,
     .thread = {runner, takes_when_readable},
     .check = check_two_without_tag,
     .bound = 2,
     MODEL_POOL},
    {.name = "destroy_while_it_ends",
     .setup = added,
     .thread = {runner, destroys},
     .check = check_gone,
     .bound = 3,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
