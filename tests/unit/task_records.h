/* SPDX-License-Identifier: MIT */
/* task_records.h - what the tests of data/task share: a slab for each, records of it, and whether they were given back. */
#ifndef WEFT_TESTS_TASK_RECORDS_H
#define WEFT_TESTS_TASK_RECORDS_H

#include "data/task.h"

#include <criterion/criterion.h>

static wf_slab *slab;

__attribute__((unused)) static void make_slab(void)
{
    slab = wf_slab_create(WF_TASK_BYTES, 1, 1);
}

/* Each test gives all back: else the leak sanitizer sees the slab. */
__attribute__((unused)) static void close_slab(void)
{
    wf_slab_close(slab);
}

__attribute__((unused)) static int plus_one(void *arg)
{
    return ++*(int *)arg;
}

__attribute__((unused)) static wf_task *task_with(unsigned references)
{
    static int number;
    wf_task *task = wf_slab_take(slab, 0);
    cr_assert_not_null(task);
    task->status = -12345;
    wf_task_init(task, plus_one, &number, references);
    return task;
}

/* How often the slab hands out the block, if it is asked for more than any test has out. */
__attribute__((unused)) static int times_in_slab(const wf_task *task)
{
    void *block[16];
    int times = 0;
    for (int i = 0; i < 16; i++)
        times += (block[i] = wf_slab_take(slab, 0)) == task;
    for (int i = 0; i < 16; i++)
        if (times < 2 || block[i] != task)
            wf_slab_give(block[i]);
    return times;
}

__attribute__((unused)) static void assert_back(const wf_task *task)
{
    int times = times_in_slab(task);
    cr_assert_eq(times, 1, "it was given back %d times", times);
}

__attribute__((unused)) static void assert_out(const wf_task *task)
{
    cr_assert_eq(times_in_slab(task), 0, "it was given back too early");
}

#endif
