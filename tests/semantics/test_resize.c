/* SPDX-License-Identifier: MIT */
/* test_resize.c - places of a living pool come and go: which numbers it takes, its threads, what is told of it;
 * test_resize_load.c has what runs meanwhile.
 */
#include "resize.h"

#include <limits.h>
#include <stdio.h>

/* ---- numbers ------------------------------------------------------------------------------------- */

PROMISE(each_number_up_to_the_most_works)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    for (int places = 1; places <= most(); places++) {
        resize(pool, places);
        use(pool);
    }
    for (int places = most(); places >= 1; places--) {
        resize(pool, places);
        use(pool);
    }
    sem_end(pool);
}

PROMISE(bad_numbers_change_nothing)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    static const int bad[] = {0, -1, -2, INT_MIN, INT_MAX, WEFT_WORKERS_MAX + 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(weft_pool_resize(pool, bad[i]), -EINVAL, "%d", bad[i]);
    cr_assert_eq(weft_pool_resize(pool, most() + 1), -EINVAL);
    cr_assert_eq(weft_pool_workers(pool), sem_threads());
    use(pool);
    sem_end(pool);
}

PROMISE(a_pool_without_threads_stays_one)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE)), 0);
    cr_assert_eq(weft_pool_resize(pool, 1), -EINVAL);
    cr_assert_eq(weft_pool_workers(pool), 0);
    sem_end(pool);
}

PROMISE(the_most_is_said_at_creation)
{
    weft_pool *pool;
    static const int bad[] = {-1, -2, WEFT_WORKERS_MAX + 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers_max = bad[i])), -EINVAL);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 3, .workers_max = 2)), -EINVAL);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE, .workers_max = 2)), -EINVAL);
    setenv("WEFT_WORKERS", "5", 1);
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers_max = 3)), 0);
    cr_assert_eq(weft_pool_workers(pool), 3, "the environment is cut");
    cr_assert_eq(weft_pool_resize(pool, 4), -EINVAL);
    resize(pool, 1);
    resize(pool, 3);
    sem_end(pool);
}

/* ---- threads ------------------------------------------------------------------------------------- */

/* Without a monitor: a worker that looks round while others leave may find no place, and have it made. */
PROMISE(threads_are_made_when_they_are_first_needed_and_end_with_the_pool)
{
    NEEDS_WORKERS(1);
    int before = threads();
    weft_pool *pool = sem_pool_with(
        WEFT_POOL_CONFIG(.workers = sem_workers(), .workers_max = most(), .spare_max = WEFT_NONE));
    cr_assert_eq(threads(), before + sem_threads());
    resize(pool, 1);
    cr_assert_eq(threads(), before + sem_threads(), "their threads stay");
    resize(pool, most());
    cr_assert_eq(threads(), before + most());
    resize(pool, 2);
    resize(pool, most() - 1);
    cr_assert_eq(threads(), before + most(), "and are used again");
    resize(pool, 1);
    use(pool);
    sem_end(pool);
    until_threads(before);
}

struct meeting {
    atomic_int here, most, ended;
    int together;
};

static int meet(void *arg)
{
    struct meeting *m = arg;
    int now = atomic_fetch_add(&m->here, 1) + 1, seen = atomic_load(&m->most);
    while (now > seen && !atomic_compare_exchange_weak(&m->most, &seen, now))
        continue;
    while (atomic_load(&m->most) < m->together)
        sched_yield();
    atomic_fetch_sub(&m->here, 1);
    atomic_fetch_add(&m->ended, 1);
    return 0;
}

/* As many tasks as there are places are under way at the same time, and never more, but where a spare stands in for one that
 * the kernel keeps from running: a grown pool fills its places, a shrunk one does not go on with more. */
PROMISE(as_many_tasks_as_places_run_at_a_time)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    static const int steps[] = {1, MORE, 2, MORE + 1, 1, 3};
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        struct meeting m = {.together = steps[s]};
        resize(pool, steps[s]);
        until_settled(pool);
        for (int i = 0; i < 40; i++)
            cr_assert_eq(weft_submit(sem_door(pool), meet, &m, NULL), 0);
        while (atomic_load(&m.ended) < 40)
            sched_yield();
        weft_counters c = WEFT_COUNTERS_INIT;
        cr_assert_eq(weft_pool_counters(pool, -1, &c), 0);
        cr_assert(m.most == steps[s] || c.stills, "%d at a time, not %d", m.most, steps[s]);
    }
    sem_end(pool);
}

/* ---- what is told of it --------------------------------------------------------------------------- */

/* How many stand without a place, by a dump of the pool. */
static int standing(weft_pool *pool, char *text, size_t bytes)
{
    int found = 0;
    FILE *file = tmpfile();
    cr_assert_not_null(file);
    cr_assert_eq(weft_dump(pool, fileno(file)), 0);
    rewind(file);
    text[fread(text, 1, bytes - 1, file)] = 0;
    fclose(file);
    for (const char *at = text; (at = strstr(at, ": without a place;")) != NULL; at++)
        found++;
    return found;
}

PROMISE(a_pool_tells_how_many_places_it_has_and_why)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    weft_pool_info info = {.size = sizeof info};
    weft_worker_info worker = {.size = sizeof worker};
    char text[8192];
    cr_assert_eq(weft_pool_inspect(pool, &info), 0);
    cr_assert(info.workers == sem_threads() && info.workers_max == most() && info.threads == sem_threads());
    cr_assert(info.resized == 0 && info.workers_origin == WEFT_ORIGIN_CONFIG);
    cr_assert_eq(weft_worker_inspect(pool, most() - 1, &worker), -EINVAL, "it has never been there");
    resize(pool, most());
    resize(pool, most());
    resize(pool, 1);
    until_settled(pool);
    cr_assert_eq(weft_pool_inspect(pool, &info), 0);
    cr_assert(info.workers == 1 && info.workers_wanted == 1 && info.threads == most());
    cr_assert(info.resized == 2 && info.workers_origin == WEFT_ORIGIN_RESIZE);
    cr_assert(weft_worker_inspect(pool, 0, &worker) == 0 && worker.place == 1);
    cr_assert(weft_worker_inspect(pool, most() - 1, &worker) == 0 && worker.place == 0);
    cr_assert_eq(weft_worker_inspect(pool, most(), &worker), -EINVAL);
    cr_assert_gt(weft_pool_describe(pool, text, sizeof text), 0);
    cr_assert_not_null(strstr(text, "1 worker, as the program said last;"), "%s", text);
    cr_assert_not_null(strstr(text, "stands still"), "%s", text);
    do /* who stands is counted out a moment later */
        cr_assert_eq(standing(pool, text, sizeof text), most() - 1, "%s", text);
    while (!strstr(text, ": started 1 of 1, "));
    sem_end(pool);
}
