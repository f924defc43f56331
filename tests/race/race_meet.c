/* SPDX-License-Identifier: MIT */
/* race_meet.c - three that wait for each other: a parent in a plain call and its two children, which others have to run.
 *
 * - A child that is left to its busy parent is a hang, which the watch ends: published in the moment in which the last
 *   searcher leaves with the other one, or forked in the moment of a request.
 * - Rounds follow each other at once, after some yields, or after the time that workers need to fall asleep.
 */
#include "stress.h"

#define ROUNDS 3000

static atomic_int met;
static WEFT_TASK_VOID(meet)

    static void meet(void)
{
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < 3)
        sched_yield();
}

static void three_meet(void *arg)
{
    (void)arg;
    weft_fork(meet, first);
    weft_fork(meet, second);
    meet();
    weft_join(meet, second);
    weft_join(meet, first);
}

static void rounds(int workers)
{
    weft_pool *pool = stress_pool(workers, 0);
    int wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec nap = {0, (long)(mix((uint64_t)i) % 7 * 100000)};
        atomic_store(&met, 0);
        wrong += weft_run(pool, three_meet, NULL) != 0 || atomic_load(&met) != 3;
        if (i % 3 == 0)
            nanosleep(&nap, NULL);
        for (int k = 0; i % 3 == 1 && k < i % 200; k++)
            sched_yield();
    }
    CHECK(wrong == 0, "%d workers: %d of %d rounds", workers, wrong, ROUNDS);
    stress_end(pool);
}

int main(void)
{
    stress_start("race_meet");
    rounds(3);
    rounds(4);
    return tally_end();
}
