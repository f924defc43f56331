/* SPDX-License-Identifier: MIT */
/* os/park: tokens, timeouts, wakes from another thread. */
#include "os/park.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include "base/atomic.h"
#include "os/clock.h"

Test(park, a_wake_before_is_not_lost, .timeout = 240)
{
    wf_parker parker = {0};
    wf_wake(&parker);
    wf_wake(&parker); /* one token, not two */
    wf_park(&parker, WF_FOREVER);
    cr_assert_eq(parker.state, 0, "the token was used up");
}

Test(park, ends_by_itself, .timeout = 240)
{
    wf_parker parker = {0};
    int64_t start = wf_now_ns();
    wf_park(&parker, 2000000);
    cr_assert_geq(wf_now_ns() - start, 2000000);
}

typedef struct two {
    wf_parker ping, pong;
    uint32_t turn;
} two;

enum { ROUNDS = 20000 };

static void *answer(void *arg)
{
    two *t = arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        while (wf_load_acquire(&t->turn) != 2 * i + 1)
            wf_park(&t->ping, WF_FOREVER);
        wf_store_release(&t->turn, 2 * i + 2);
        wf_wake(&t->pong);
    }
    return NULL;
}

Test(park, no_wake_is_lost_between_two_threads, .timeout = 240)
{
    two t = {0};
    pthread_t other;
    cr_assert_eq(pthread_create(&other, NULL, answer, &t), 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        wf_store_release(&t.turn, 2 * i + 1);
        wf_wake(&t.ping);
        while (wf_load_acquire(&t.turn) != 2 * i + 2)
            wf_park(&t.pong, WF_FOREVER);
    }
    pthread_join(other, NULL);
    cr_assert_eq(t.turn, 2 * ROUNDS);
}
