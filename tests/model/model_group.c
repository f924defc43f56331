/* SPDX-License-Identifier: MIT */
/*
 * model/model_group.c - exec/group.c: the members of a group end while somebody waits for them all, or stops them. Who waits
 * knows what they did, which is plain, and frees the group at once.
 */
#include "pool.h"

#include <errno.h>

#include <weft/group.h>

static weft_pool *pool;
static weft_group *group;
static int ran[2]; /* plain */

static int work(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static void make(unsigned members)
{
    pool = model_pool(1, 1);
    mc_assert(!weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = &pool->executor)));
    for (unsigned i = 0; i < members; i++) {
        ran[i] = 0;
        mc_assert(!weft_group_submit(group, work, &ran[i]));
    }
}
static void setup_one(void)
{
    make(1);
}
static void setup_two(void)
{
    make(2);
}

static void runner(void)
{
    wf_worker *self = model_be(pool, 0);
    for (wf_task *task; (task = wf_tasks_next(self)) != NULL;)
        (void)wf_tasks_run(self, task);
}

static void wait_for(void)
{
    int status;
    mc_assert(!weft_group_wait(group, WEFT_FOREVER, &status) && !status);
    mc_assert(ran[0] == 1);
}
static void wait_and_destroy(void)
{
    wait_for();
    mc_assert(!weft_group_destroy(group));
}
static void wait_for_two(void)
{
    wait_for();
    mc_assert(ran[1] == 1 && !weft_group_destroy(group));
}

/* What had not begun was left out, and then the group tells so. */
static void wait_for_stopped(void)
{
    int status;
    mc_assert(!weft_group_wait(group, WEFT_FOREVER, &status));
    mc_assert(status == -ECANCELED || (!status && ran[0] == 1));
}

static void stops(void)
{
    mc_assert(!weft_group_stop(group));
}

static void check(void)
{
    runner();
    mc_assert(mc_freed(group));
}
static void check_stopped(void)
{
    runner();
    mc_assert(ran[0] <= 1 && !weft_group_destroy(group));
}

static const mc_scenario scenarios[] = {
    {.name = "end_and_wait",
     .setup = setup_one,
     .thread = {runner, wait_and_destroy},
     .check = check,
     .bound = 2,
     .stale = 2,
     MODEL_POOL},
    {.name = "two_end",
     .setup = setup_two,
     .thread = {runner, wait_for_two},
     .check = check,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
    {.name = "stop",
     .setup = setup_one,
     .thread = {runner, wait_for_stopped, stops},
     .check = check_stopped,
     .bound = 2,
     .stale = 1,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
