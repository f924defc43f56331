/* SPDX-License-Identifier: MIT */
/* test_resize.c - places of a living pool come and go: what runs goes on, what is queued runs, no thread is lost.
 *
 * - The pools under test have room for four workers more than they begin with.
 * - A worker that was to stop has stopped when weft_worker_inspect says so.
 */
#include "sem.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#define MORE 4
#define ROUNDS 200

static int most(void)
{
    return sem_threads() + MORE;
}

static weft_pool *wide_pool(void)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .workers_max = most()));
    cr_assert_eq(err, 0, "%s", weft_strerror(err));
    return pool;
}

static void resize(weft_pool *pool, int places)
{
    int err = weft_pool_resize(pool, places);
    cr_assert_eq(err, 0, "to %d: %s", places, weft_strerror(err));
    cr_assert_eq(weft_pool_workers(pool), places);
}

static int threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* A thread that was joined may stand in /proc for a moment. */
static void until_threads(int count)
{
    while (threads() != count)
        sched_yield();
}

/* ---- work of all kinds --------------------------------------------------------------------------- */

static WEFT_TASK(long, fib, int)

    static long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void run_fib(void *result)
{
    *(long *)result = fib(16);
}

static void add_range(size_t begin, size_t end, void *sum)
{
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add((atomic_size_t *)sum, i);
}

static int twice(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(int *)out = 2 * *(const int *)in;
    return 0;
}

static int count_up(void *counter)
{
    atomic_fetch_add((atomic_int *)counter, 1);
    return 0;
}

/* Waits for others in the middle of a task. */
static int wait_in_a_task(void *counter)
{
    weft_future *inner;
    int status = -1;
    int err = weft_submit(NULL, count_up, counter, &inner);
    if (err)
        return err;
    err = weft_future_get(inner, &status);
    weft_future_release(inner);
    return err ? err : status;
}

static void submit_and_collect(weft_pool *pool)
{
    weft_future *future[30];
    atomic_int ran = 0;
    int status;
    for (int i = 0; i < 30; i++)
        cr_assert_eq(weft_submit(sem_door(pool), i % 3 ? count_up : wait_in_a_task, &ran, &future[i]), 0);
    for (int i = 0; i < 30; i++) {
        cr_assert_eq(weft_future_get(future[i], &status), 0);
        cr_assert_eq(status, 0);
        weft_future_release(future[i]);
    }
    cr_assert_eq(ran, 30);
}

static void use(weft_pool *pool)
{
    int numbers[200];
    long result = 0;
    atomic_size_t sum = 0;
    cr_assert_eq(weft_run(pool, run_fib, &result), 0);
    cr_assert_eq(result, 987);
    cr_assert_eq(weft_parallel_for(pool, 0, 2000, add_range, &sum), 0);
    cr_assert_eq(sum, 1999000);
    for (int i = 0; i < 200; i++)
        numbers[i] = i;
    cr_assert_eq(
        weft_parallel_map(pool, twice, numbers, sizeof *numbers, numbers, sizeof *numbers, 200, NULL), 0);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(numbers[i], 2 * i);
    submit_and_collect(pool);
}

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

/* Until nobody works any more who has no place. */
static void until_settled(weft_pool *pool)
{
    weft_worker_info info = {.size = sizeof info};
    for (int i = 0; i < most(); i++)
        while (weft_worker_inspect(pool, i, &info) == 0 && info.place < 0)
            sched_yield();
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

/* ---- under load ---------------------------------------------------------------------------------- */

struct storm {
    weft_pool *pool;
    atomic_int over, times;
    unsigned seed;
};

static void *resize_at_random(void *arg)
{
    struct storm *s = arg;
    while (!atomic_load(&s->over)) {
        s->seed = s->seed * 1103515245u + 12345u;
        int places = 1 + (int)(s->seed >> 16) % most();
        if (weft_pool_resize(s->pool, places))
            return s;
        atomic_fetch_add(&s->times, 1);
        sched_yield();
    }
    return NULL;
}

static void storm_with(int resizers)
{
    weft_pool *pool = wide_pool();
    struct storm s[3];
    pthread_t thread[3];
    void *failed;
    for (int i = 0; i < resizers; i++) {
        s[i] = (struct storm){.pool = pool, .seed = (unsigned)i * 77 + 5};
        thread[i] = thread_start(resize_at_random, &s[i], 0);
    }
    for (int i = 0; i < resizers; i++)
        while (atomic_load(&s[i].times) < ROUNDS)
            use(pool);
    for (int i = 0; i < resizers; i++) {
        atomic_store(&s[i].over, 1);
        pthread_join(thread[i], &failed);
        cr_assert_null(failed);
    }
    use(pool);
    sem_end(pool);
}

PROMISE(all_kinds_of_calls_go_on_while_places_come_and_go)
{
    NEEDS_WORKERS(1);
    storm_with(1);
}

PROMISE(several_threads_may_resize_at_once)
{
    NEEDS_WORKERS(1);
    storm_with(3);
}

struct resizer {
    weft_pool *pool;
    atomic_int failed, ran;
};

static int resize_from_a_task(void *arg)
{
    struct resizer *r = arg;
    int places = 1 + atomic_fetch_add(&r->ran, 1) % most();
    if (weft_pool_resize(NULL, places))
        atomic_fetch_add(&r->failed, 1);
    return 0;
}

PROMISE(a_task_may_resize_its_own_pool)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    struct resizer r = {.pool = pool};
    weft_future *future[100];
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_submit(sem_door(pool), resize_from_a_task, &r, &future[i]), 0);
    use(pool);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(weft_future_get(future[i], NULL), 0);
        weft_future_release(future[i]);
    }
    cr_assert(r.ran == 100 && r.failed == 0);
    sem_end(pool);
}

static void resize_from_an_item(size_t begin, size_t end, void *arg)
{
    struct resizer *r = arg;
    for (size_t i = begin; i < end; i++) {
        if (i % 64 == 0 && weft_pool_resize(NULL, 1 + (int)(i / 64) % most()))
            atomic_fetch_add(&r->failed, 1);
        atomic_fetch_add(&r->ran, 1);
    }
}

PROMISE(an_item_of_a_loop_may_resize_its_own_pool)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    struct resizer r = {.pool = pool};
    cr_assert_eq(weft_parallel_for(pool, 0, 4096, resize_from_an_item, &r), 0);
    cr_assert(r.ran == 4096 && r.failed == 0);
    sem_end(pool);
}

/* ---- in the middle of a task ---------------------------------------------------------------------- */

struct waiter {
    weft_future *future;
    atomic_int *waiting;
};

static int wait_for_promise(void *arg)
{
    struct waiter *w = arg;
    int status = -1;
    atomic_fetch_add(w->waiting, 1);
    int err = weft_future_get(w->future, &status);
    return err ? err : status;
}

/* Workers that wait in the middle of tasks lose their places, and get them back; what is queued runs in between. */
PROMISE(who_waits_in_a_task_may_lose_its_place_meanwhile)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    weft_promise *promise;
    atomic_int waiting = 0;
    struct waiter w = {.waiting = &waiting};
    weft_future *task[MORE];
    int status;
    resize(pool, MORE);
    cr_assert_eq(weft_promise_create(&promise, sem_door(pool), &w.future), 0);
    for (int i = 0; i < MORE; i++)
        cr_assert_eq(weft_submit(sem_door(pool), wait_for_promise, &w, &task[i]), 0);
    while (atomic_load(&waiting) < MORE)
        sched_yield();
    resize(pool, 1);
    use(pool);
    resize(pool, most());
    use(pool);
    resize(pool, 1);
    cr_assert_eq(weft_promise_fulfil(promise, 3), 0);
    for (int i = 0; i < MORE; i++) {
        cr_assert_eq(weft_future_get(task[i], &status), 0);
        cr_assert_eq(status, 3);
        weft_future_release(task[i]);
    }
    weft_future_release(w.future);
    use(pool);
    sem_end(pool);
}

static int submit_to_own_queue(void *arg)
{
    for (int i = 0; i < 100; i++)
        if (weft_submit(NULL, count_up, arg, NULL))
            return -1;
    return 0;
}

struct holder {
    atomic_int in, out, ran;
};

static int hold(void *arg)
{
    struct holder *h = arg;
    int err = submit_to_own_queue(&h->ran);
    atomic_fetch_add(&h->in, 1);
    flag_wait(&h->out);
    return err;
}

/* The last to be recalled has a hundred tasks in its own queue when it leaves, and stays away. */
PROMISE(what_a_worker_without_place_has_queued_is_run_by_others)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    struct holder h = {0};
    resize(pool, MORE);
    for (int i = 0; i < MORE; i++)
        cr_assert_eq(weft_submit(sem_door(pool), hold, &h, NULL), 0);
    while (atomic_load(&h.in) < MORE)
        sched_yield();
    resize(pool, 1);
    atomic_store(&h.out, 1);
    while (atomic_load(&h.ran) < MORE * 100)
        sched_yield();
    until_settled(pool);
    cr_assert_eq(weft_pool_workers(pool), 1);
    sem_end(pool);
}

/* ---- the end ------------------------------------------------------------------------------------- */

static int resize_late(void *arg)
{
    struct holder *h = arg;
    atomic_store(&h->in, 1);
    while (weft_pool_resize(NULL, 1) == 0) /* until the pool ends */
        sched_yield();
    atomic_store(&h->out, weft_pool_resize(NULL, 1));
    return 0;
}

PROMISE(a_pool_that_is_being_destroyed_is_not_resized)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = wide_pool();
    struct holder h = {0};
    cr_assert_eq(weft_submit(sem_door(pool), resize_late, &h, NULL), 0);
    flag_wait(&h.in);
    sem_end(pool);
    cr_assert_eq(h.out, -ESHUTDOWN);
}

PROMISE(a_pool_ends_in_the_middle_of_changes)
{
    NEEDS_WORKERS(1);
    int before = threads();
    for (int round = 0; round < ROUNDS; round++) {
        weft_pool *pool = wide_pool();
        atomic_int ran = 0;
        for (int i = 0; i < 20; i++)
            cr_assert_eq(weft_submit(sem_door(pool), count_up, &ran, NULL), 0);
        resize(pool, 1 + round % most());
        for (int i = 0; i < 20; i++)
            cr_assert_eq(weft_submit(sem_door(pool), count_up, &ran, NULL), 0);
        resize(pool, 1 + round / 3 % most());
        sem_end(pool);
        cr_assert_eq(ran, 40);
    }
    until_threads(before);
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
