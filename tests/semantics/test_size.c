/* SPDX-License-Identifier: MIT */
/* test_size.c - who says how many workers a pool has: its config, then WEFT_WORKERS, then the machine.
 *
 * - What the machine gives depends on the quota that the tests run under: between one and the mask.
 */
#include "sem.h"

static int square(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = *(const int *)in * *(const int *)in;
    return 0;
}

static void works(weft_pool *pool)
{
    int numbers[100];
    for (int i = 0; i < 100; i++)
        numbers[i] = i;
    cr_assert_eq(
        weft_parallel_map(pool, square, numbers, sizeof *numbers, numbers, sizeof *numbers, 100, NULL), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(numbers[i], i * i);
}

static int workers_of(int asked, const char *environment)
{
    weft_pool *pool;
    cr_assert_eq(environment ? setenv("WEFT_WORKERS", environment, 1) : unsetenv("WEFT_WORKERS"), 0);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = asked)), 0);
    works(pool);
    int workers = weft_pool_workers(pool);
    sem_end(pool);
    return workers;
}

static int mask_cpus(void)
{
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    return CPU_COUNT(&mask);
}

PROMISE(the_machine_gives_at_least_one_worker_and_at_most_one_per_pu)
{
    int workers = workers_of(0, NULL);
    cr_assert_geq(workers, 1);
    cr_assert_leq(workers, mask_cpus());
}

PROMISE(the_environment_decides_where_the_config_says_nothing)
{
    cr_assert_eq(workers_of(0, "3"), 3);
    cr_assert_eq(workers_of(0, "1"), 1);
    cr_assert_eq(workers_of(0, "0"), 0);
    cr_assert_eq(workers_of(0, "17"), 17);
}

PROMISE(the_config_decides_before_the_environment)
{
    cr_assert_eq(workers_of(sem_workers(), "5"), sem_threads());
    cr_assert_eq(workers_of(WEFT_NONE, "5"), 0);
    cr_assert_eq(workers_of(sem_workers(), "0"), sem_threads());
    cr_assert_eq(workers_of(sem_workers(), "junk"), sem_threads());
}

PROMISE(an_environment_that_makes_no_sense_is_as_none)
{
    static const char *const junk[] = {"",   " ",  "-1",  "4097", "99999999999999999999", "3x", "3 ",
                                       " 3", "+3", "0x3", "all"};
    int workers = workers_of(0, NULL);
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        cr_assert_eq(workers_of(0, junk[i]), workers, "WEFT_WORKERS='%s'", junk[i]);
}

PROMISE(the_default_pool_follows_the_environment_when_it_starts)
{
    weft_pool *pool;
    for (int workers = 0; workers <= 3; workers++) {
        char text[4] = {(char)('0' + workers), 0};
        setenv("WEFT_WORKERS", text, 1);
        cr_assert_eq(weft_pool_default(&pool), 0);
        cr_assert_eq(weft_pool_workers(NULL), workers);
        works(NULL);
        setenv("WEFT_WORKERS", "9", 1);
        works(NULL);
        cr_assert_eq(weft_pool_workers(NULL), workers, "a pool that lives keeps its size");
        sem_end(pool);
    }
}

PROMISE(a_mask_of_one_pu_has_one_worker)
{
    cpu_set_t mask, one;
    size_t cpu = 0;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    while (!CPU_ISSET(cpu, &mask))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    cr_assert_eq(workers_of(0, NULL), 1);
    cr_assert_eq(workers_of(0, "2"), 2);
    cr_assert_eq(workers_of(3, NULL), 3);
}
