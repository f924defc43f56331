/* SPDX-License-Identifier: MIT */
/* test_resize_load.c - places come and go while a pool works, from its own tasks, too, and while it ends: what runs goes on,
 * what is queued runs, no thread is lost.
 */
#include "resize.h"

#define ROUNDS 200

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
