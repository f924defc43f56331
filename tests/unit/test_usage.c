/* SPDX-License-Identifier: MIT */
/* os/usage: what a thread's time went into. No test of how long anything takes: only what has to be so on any machine. */
#include "os/usage.h"

#include <criterion/criterion.h>
#include <time.h>

static wf_usage_reader reader;

static wf_usage of_spinning(int64_t cpu_ns)
{
    wf_usage from = wf_usage_now(&reader), to;
    do
        to = wf_usage_now(&reader);
    while (to.cpu_ns - from.cpu_ns < cpu_ns);
    return wf_usage_between(&from, &to);
}

Test(usage, who_computes_runs)
{
    wf_usage_open(&reader);
    wf_usage used = of_spinning(5000000);
    for (int tries = 0; tries < 10 && used.wall_ns < used.cpu_ns - 1000000; tries++)
        used = of_spinning(5000000); /* stopped between two clocks, by who runs this machine: once more */
    cr_assert_geq(used.cpu_ns, 5000000);
    cr_assert_geq(used.wall_ns, used.cpu_ns - 1000000, "two clocks");
    cr_assert_geq(used.delay_ns, 0);
    wf_usage_close(&reader);
}

static int64_t off_cpu(const wf_usage *used)
{
    return used->wall_ns - used->cpu_ns - used->delay_ns;
}

/* Five naps of 2 ms. */
static wf_usage of_napping(void)
{
    struct timespec t = {.tv_nsec = 2000000};
    wf_usage from = wf_usage_now(&reader);
    for (int i = 0; i < 5; i++)
        nanosleep(&t, NULL);
    wf_usage to = wf_usage_now(&reader);
    return wf_usage_between(&from, &to);
}

/* Who gets no CPU on the way into a nap until its time is over does not sleep any more: once more. */
Test(usage, who_sleeps_gives_its_cpu_up)
{
    wf_usage_open(&reader);
    wf_usage used = of_napping();
    for (int tries = 0; tries < 10 && (used.sleeps < 5 || off_cpu(&used) < 9000000); tries++)
        used = of_napping();
    cr_assert_geq(used.sleeps, 5);
    cr_assert_geq(used.wall_ns, 10000000);
    cr_assert_geq(off_cpu(&used), 9000000, "neither running nor waiting for a CPU");
    wf_usage_close(&reader);
}

Test(usage, without_a_reader_delays_are_not_known)
{
    const wf_usage_reader none = {.fd = -1};
    reader.fd = -1;
    wf_usage_close(&reader);
    cr_assert_eq(wf_usage_now(&none).delay_ns, 0);
}

static void *spin(void *until)
{
    wf_usage_reader none = {.fd = -1};
    wf_usage from = wf_usage_now(&none);
    while (!__atomic_load_n((int *)until, __ATOMIC_RELAXED) ||
           wf_usage_now(&none).cpu_ns - from.cpu_ns < 3000000)
        ;
    return NULL;
}

Test(usage, another_threads_time_and_that_of_all)
{
    wf_thread thread;
    int until = 0;
    int64_t all = wf_usage_process_ns();
    cr_assert_eq(wf_thread_create(&thread, spin, &until, 0), 0);
    while (wf_usage_thread_ns(&thread) < 2000000)
        ;
    cr_assert_geq(wf_usage_process_ns() - all, 2000000);
    __atomic_store_n(&until, 1, __ATOMIC_RELAXED);
    wf_thread_join(&thread);
}
