/* SPDX-License-Identifier: MIT */
/* test_pool.c - the life of pools: several at once, many in a row, the default one, refused destruction.
 *
 * - The number of threads of the process is read from /proc before and after: a destroyed pool leaves none.
 */
#include "sem.h"

#include <dirent.h>
#include <stdio.h>

WEFT_TASK(long, fib, int)

long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void run_fib(void *out)
{
    *(long *)out = fib(16);
}

static void works(weft_pool *pool)
{
    long result = 0;
    cr_assert_eq(weft_run(pool, run_fib, &result), 0);
    cr_assert_eq(result, 987);
}

static int process_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    cr_assert_not_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* A thread that was joined may stand in /proc for a moment still: looks until the number is right. */
static void threads_become(int count)
{
    while (process_threads() != count)
        sched_yield();
}

PROMISE(a_pool_has_the_workers_it_was_asked_for)
{
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_pool_workers(pool), sem_threads());
    cr_assert_geq(weft_worker_bound(pool), sem_threads());
    works(pool);
    sem_end(pool);
}

PROMISE(a_destroyed_pool_leaves_no_thread)
{
    int before = process_threads(); /* without a default pool: it might get its monitor any time */
    for (int i = 0; i < 20; i++) {
        weft_pool *pool = sem_pool();
        threads_become(before + sem_threads());
        works(pool);
        sem_end(pool);
        threads_become(before);
    }
}

PROMISE(several_pools_work_side_by_side)
{
    weft_pool *pools[6];
    for (int i = 0; i < 6; i++)
        pools[i] = sem_pool();
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < 6; i++)
            works(pools[i]);
    for (int i = 0; i < 6; i++)
        sem_end(pools[(i + 2) % 6]);
}

PROMISE(pools_can_be_created_and_destroyed_again_and_again)
{
    enum { TIMES = SEM_SECONDS > 180 ? 20 : 200 }; /* few on emulated machines */
    for (int i = 0; i < TIMES; i++) {
        weft_pool *pool = sem_pool();
        if (i % 2)
            works(pool);
        sem_end(pool);
    }
}

PROMISE(every_kind_of_binding_and_spin_works)
{
    static const int64_t spins[] = {0, WEFT_NONE, 1, 1000000};
    for (int bind = WEFT_BIND_AUTO; bind <= WEFT_BIND_DOMAIN; bind++)
        for (int k = 0; k < 8; k++) {
            weft_pool *pool;
            cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .bind = bind,
                                                                  .flat = k / 4, .spin_ns = spins[k % 4])),
                         0);
            works(pool);
            sem_end(pool);
        }
}

PROMISE(a_pool_with_the_smallest_stacks_works)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .stack_bytes = 65536)),
                 0);
    works(pool);
    sem_end(pool);
}

/* ---- names ---- */
static int threads_named(const char *prefix)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
        FILE *f = fopen(path, "r");
        if (f && fgets(name, sizeof name, f))
            count += strncmp(name, prefix, strlen(prefix)) == 0;
        if (f)
            fclose(f);
    }
    closedir(dir);
    return count;
}

PROMISE(threads_bear_the_pools_name_of_which_ten_characters_count)
{
    char name[] = "loom-of-many-names";
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .name = name, .spare_max = WEFT_NONE));
    memset(name, 'x', sizeof name - 1);
    works(pool);
    while (threads_named("loom-of-ma-") != sem_threads())
        sched_yield();
    sem_end(pool);
    pool = sem_pool_without_spares();
    works(pool);
    while (threads_named("weft-") != sem_threads())
        sched_yield();
    sem_end(pool);
}

/* ---- the default pool ---- */
PROMISE(the_default_pool_is_one_and_starts_again_after_destroy)
{
    for (int i = 0; i < 20; i++) {
        weft_pool *first = NULL, *second = NULL;
        cr_assert_eq(weft_pool_default(&first), 0);
        cr_assert_eq(weft_pool_default(&second), 0);
        cr_assert_eq(first, second);
        works(NULL);
        cr_assert_geq(weft_pool_workers(NULL), 1);
        cr_assert_eq(weft_pool_destroy(first), 0);
        works(NULL);
        cr_assert_eq(weft_pool_default(&first), 0);
        works(first);
        cr_assert_eq(weft_pool_destroy(first), 0);
    }
}

static void *default_starter(void *arg)
{
    long result = 0;
    weft_pool **mine = arg;
    if (weft_run(NULL, run_fib, &result) || result != 987 || weft_pool_default(mine))
        *mine = NULL;
    return NULL;
}

PROMISE(the_default_pool_started_by_many_threads_at_once_is_one)
{
    weft_pool *seen[12];
    pthread_t threads[12];
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 12; i++)
            threads[i] = thread_start(default_starter, &seen[i], 0);
        for (int i = 0; i < 12; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 12; i++)
            cr_assert(seen[i] && seen[i] == seen[0]);
        cr_assert_eq(weft_pool_destroy(seen[0]), 0);
    }
}

/* ---- refused destruction ---- */
struct refusal {
    weft_pool *pool, *other;
    struct gate inside, leave;
    atomic_int err, started;
};

static void destroy_inside(void *arg)
{
    struct refusal *r = arg;
    atomic_store(&r->err, weft_pool_destroy(r->pool));
}

PROMISE(destroy_from_inside_the_pool_is_refused)
{
    struct refusal r = {.pool = sem_pool()};
    cr_assert_eq(weft_run(r.pool, destroy_inside, &r), 0);
    cr_assert_eq(atomic_load(&r.err), -EDEADLK, "got %d", atomic_load(&r.err));
    works(r.pool);
    sem_end(r.pool);
}

typedef struct refusal *refusal_p;
WEFT_TASK_VOID(destroyer, refusal_p)

void destroyer(refusal_p r)
{
    atomic_store(&r->err, weft_pool_destroy(r->pool));
    atomic_store(&r->started, 1);
}

static void fork_destroyer(void *arg)
{
    struct refusal *r = arg;
    weft_fork(destroyer, h, r);
    flag_wait(&r->started);
    weft_join(destroyer, h);
}

PROMISE(destroy_from_a_worker_of_the_pool_is_refused)
{
    NEEDS_WORKERS(2);
    struct refusal r = {.pool = sem_pool()};
    cr_assert_eq(weft_run(r.pool, fork_destroyer, &r), 0);
    cr_assert_eq(atomic_load(&r.err), -EDEADLK, "got %d", atomic_load(&r.err));
    works(r.pool);
    sem_end(r.pool);
}

static void through_other(void *arg)
{
    struct refusal *r = arg;
    if (weft_run(r->other, destroy_inside, r))
        atomic_store(&r->err, 1);
}

PROMISE(destroy_of_a_pool_further_up_the_callers_stack_is_refused)
{
    struct refusal r = {.pool = sem_pool(), .other = sem_pool()};
    cr_assert_eq(weft_run(r.pool, through_other, &r), 0);
    int err = atomic_load(&r.err);
    cr_assert(err == -EDEADLK || err == -EBUSY, "got %d", err);
    works(r.pool);
    sem_end(r.other);
    sem_end(r.pool);
}

static void stay_inside(void *arg)
{
    struct refusal *r = arg;
    gate_add(&r->inside);
    gate_wait(&r->leave, 1);
    atomic_store(&r->started, fib(10) == 55);
}

static void *staying_guest(void *arg)
{
    struct refusal *r = arg;
    atomic_store(&r->err, weft_run(r->pool, stay_inside, r));
    return NULL;
}

PROMISE(destroy_while_a_guest_is_inside_is_refused_and_changes_nothing)
{
    struct refusal r = {.pool = sem_pool(), .inside = GATE_INIT, .leave = GATE_INIT};
    pthread_t guest = thread_start(staying_guest, &r, 0);
    gate_wait(&r.inside, 1);
    for (int i = 0; i < 3; i++) {
        int err = weft_pool_destroy(r.pool);
        cr_assert_eq(err, -EBUSY, "got %d", err);
        works(r.pool);
    }
    gate_add(&r.leave);
    pthread_join(guest, NULL);
    cr_assert_eq(atomic_load(&r.err), 0);
    cr_assert_eq(atomic_load(&r.started), 1, "the guest's own work");
    sem_end(r.pool);
}

static void pool_in_a_task(void *arg)
{
    struct refusal *r = arg;
    long result = 0;
    int err = weft_pool_create(&r->other, WEFT_POOL_CONFIG(.workers = sem_workers()));
    if (!err)
        err = weft_run(r->other, run_fib, &result);
    if (!err)
        err = weft_pool_destroy(r->other);
    atomic_store(&r->err, err ? err : result != 987);
}

PROMISE(another_pool_may_be_created_and_destroyed_inside_a_task)
{
    struct refusal r = {.pool = sem_pool()};
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(weft_run(r.pool, pool_in_a_task, &r), 0);
        cr_assert_eq(atomic_load(&r.err), 0, "got %d", atomic_load(&r.err));
    }
    sem_end(r.pool);
}
