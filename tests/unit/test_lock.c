/* SPDX-License-Identifier: MIT */
/* os/lock: one holder at a time; a bounded try; a child of fork is not locked out by its parent. */
#include "os/lock.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static wf_lock lock;
static long counted; /* under lock */

static void *count(void *arg)
{
    for (int i = 0; i < 20000; i++) {
        wf_lock_take(&lock);
        counted++;
        wf_lock_give(&lock);
    }
    return arg;
}

Test(lock, lets_one_in_at_a_time, .timeout = 240)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(counted, 60000);
}

Test(lock, a_try_gives_up_and_the_next_one_gets_it, .timeout = 240)
{
    wf_lock_take(&lock);
    cr_assert_not(wf_lock_try(&lock), "also for the holder itself");
    wf_lock_give(&lock);
    cr_assert(wf_lock_try(&lock));
    wf_lock_give(&lock);
}

Test(lock, held_by_a_parent_it_is_open_to_the_child, .timeout = 240)
{
    int status;
    wf_lock_take(&lock);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        wf_lock_take(&lock);
        bool again = wf_lock_try(&lock);
        wf_lock_give(&lock);
        _exit(again ? 1 : 42);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    cr_assert_not(wf_lock_try(&lock), "and still the parent's here");
}
