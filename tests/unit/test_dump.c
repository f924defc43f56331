/* SPDX-License-Identifier: MIT */
/* sched/dump: what only a moment shows: the list of pools is held, a worker's notes are half written. */
#include "sched/dump.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sched/pools.h"
#include "sched/self.h"

static char text[4096];

static int dump(weft_pool *pool)
{
    int fds[2];
    cr_assert_eq(pipe(fds), 0);
    int err = weft_dump(pool, fds[1]);
    close(fds[1]);
    ssize_t n = read(fds[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    close(fds[0]);
    return err;
}

Test(dump, says_so_when_the_list_of_pools_is_held, .timeout = 240)
{
    cr_assert(wf_pools_try_lock());
    cr_assert_eq(dump(NULL), -EBUSY);
    cr_assert_str_eq(text, "weft: the list of pools is in use\n");
    wf_pools_unlock();
    cr_assert_eq(dump(NULL), 0);
    cr_assert_str_eq(text, "weft: there are no pools\n");
}

static int some_task(void *arg)
{
    return arg != NULL;
}

/* Between two notes: it runs a child already, but what stands for its owner is still a task's function. */
static void half_written(void *pool)
{
    wf_worker *self = wf_self();
    wf_origin before = self->origin;
    self->origin = (wf_origin){.what = WF_CHILD, .fn = some_task, .since = UINT64_MAX};
    cr_assert_eq(dump(pool), 0);
    cr_assert_not_null(strstr(text, ": running a stolen child of somebody for 0 ns; "), "%s", text);
    self->origin.owner = self;
    cr_assert_eq(dump(pool), 0);
    cr_assert_not_null(strstr(text, ": running a stolen child of guest 0 for 0 ns; "), "%s", text);
    self->origin = before;
}

Test(dump, a_half_written_note_leads_nowhere, .timeout = 240)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE, .seats = 1)), 0);
    cr_assert_eq(weft_run(pool, half_written, pool), 0);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}

/* A worker that sleeps for a child which its thief has not put its name on yet, or has just ended. */
static void nameless_thief(void *pool)
{
    wf_worker *self = wf_self();
    weft_slot_ slot = {.state = 0};
    self->waits = (uintptr_t)&slot | WF_FOR_CHILD;
    cr_assert_eq(dump(pool), 0);
    cr_assert_not_null(strstr(text, ": waiting for a child taken by somebody, in root"), "%s", text);
    slot.state = WF_SLOT_DONE;
    cr_assert_eq(dump(pool), 0);
    cr_assert_not_null(strstr(text, ": waiting for a child taken by somebody, done, in root"), "%s", text);
    self->waits = 0;
}

Test(dump, a_thief_without_a_name_yet_is_somebody, .timeout = 240)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE, .seats = 1)), 0);
    cr_assert_eq(weft_run(pool, nameless_thief, pool), 0);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}
