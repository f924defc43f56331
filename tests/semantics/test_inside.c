/* SPDX-License-Identifier: MIT */
/* What runs elsewhere for a task, a child or a piece of a loop, is inside of it: it is asked to stop with it, may not wait for it,
 * belongs to its executor and its group, and says its error. Whichever thread runs it. */
#include "sem.h"

#include <stdio.h>

enum { PARTS = 64, THREADS_MAX = 64 };

/* ---- parts on more than one thread ---------------------------------------------------------------- */

typedef struct scene {
    weft_pool *pool, *other;
    int (*look)(struct scene *s); /* what each part sees */
    int (*spread)(struct scene *s);
    weft_executor *executor;
    weft_group *group;
    weft_future *self, *later;
    atomic_int known; /* self is */
    atomic_int threads, came[THREADS_MAX];
    int seen[PARTS];
} scene;

/* Waits for a second thread. */
static void come(scene *s)
{
    if (!atomic_exchange(&s->came[weft_worker_index() % THREADS_MAX], 1))
        atomic_fetch_add(&s->threads, 1);
    while (atomic_load(&s->threads) < 2)
        sched_yield();
}

static void part(scene *s, int number)
{
    come(s);
    s->seen[number] = s->look(s);
}

static void parts(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++)
        part(ctx, (int)i);
}

static void child(scene *s, int number);
WEFT_TASK_VOID(child, scene *, int)
static void child(scene *s, int number)
{
    if (number + 1 < PARTS) {
        weft_fork(child, next, s, number + 1);
        part(s, number);
        weft_join(child, next);
    } else {
        part(s, number);
    }
}

static void rows(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++)
        weft_parallel_for(NULL, i * PARTS / 4, (i + 1) * PARTS / 4, parts, ctx);
}

static int by_loop(scene *s)
{
    return weft_parallel_for(NULL, 0, PARTS, parts, s);
}

static int by_forks(scene *s)
{
    child(s, 0);
    return 0;
}

static int by_loops_in_loops(scene *s)
{
    return weft_parallel_for(NULL, 0, 4, rows, s);
}

static void fork_as_guest(void *arg)
{
    child(arg, 0);
}

static int as_guest_elsewhere(scene *s)
{
    return weft_run(s->other, fork_as_guest, s);
}

static int by_loop_elsewhere(scene *s)
{
    return weft_parallel_for(s->other, 0, PARTS, parts, s);
}

static int (*const spreads[])(scene *s) = {by_loop, by_forks, by_loops_in_loops, as_guest_elsewhere,
                                           by_loop_elsewhere};

enum { SPREADS = sizeof spreads / sizeof *spreads };

static int spread(void *arg)
{
    scene *s = arg;
    while (!atomic_load(&s->known))
        sched_yield();
    return s->spread(s);
}

/* In a task of s->executor; NULL: of the pool's own. What each part must have seen. */
static void each_sees(scene *s, int wanted)
{
    for (int i = 0; i < PARTS; i++)
        s->seen[i] = 12345;
    weft_task_spec spec = {.size = sizeof spec, .fn = spread, .arg = s, .label = "outer"};
    if (s->group)
        cr_assert_eq(weft_group_submit_task(s->group, &spec, &s->self), 0);
    else
        cr_assert_eq(weft_submit_task(s->executor ? s->executor : sem_door(s->pool), &spec, &s->self), 0);
    atomic_store(&s->known, 1);
    int status;
    cr_assert(weft_future_wait(s->self, WEFT_FOREVER) == 0 && weft_future_get(s->self, &status) == 0);
    for (int i = 0; i < PARTS; i++)
        cr_assert_eq(s->seen[i], wanted, "part %d: %d", i, s->seen[i]);
}

static void end(scene *s)
{
    weft_future_release(s->self);
    sem_end(s->pool);
    sem_end(s->other);
}

static scene begin(int way, int (*look)(scene *s))
{
    scene s = {.look = look, .spread = spreads[way]};
    s.pool = sem_pool();
    s.other = sem_pool();
    return s;
}

/* ---- what they see -------------------------------------------------------------------------------- */

static int should_stop(scene *s)
{
    weft_future_cancel(s->self);
    return weft_should_stop();
}

static int wait_for_self(scene *s)
{
    return weft_future_wait(s->self, WEFT_FOREVER);
}

static int shut_down(scene *s)
{
    return weft_executor_shutdown(s->executor, WEFT_DRAIN, WEFT_FOREVER);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int submit_closed(scene *s)
{
    weft_executor_close(s->executor);
    return weft_submit(s->executor, nothing, NULL, NULL);
}

static int wait_for_group(scene *s)
{
    return weft_group_wait(s->group, WEFT_FOREVER, NULL);
}

PROMISE(a_cancelled_tasks_parts_are_asked_to_stop)
{
    NEEDS_WORKERS(2);
    for (int way = 0; way < SPREADS; way++) {
        scene s = begin(way, should_stop);
        each_sees(&s, 1);
        end(&s);
    }
}

PROMISE(no_part_waits_for_its_own_task)
{
    NEEDS_WORKERS(2);
    for (int way = 0; way < SPREADS; way++) {
        scene s = begin(way, wait_for_self);
        each_sees(&s, -EDEADLK);
        end(&s);
    }
}

PROMISE(parts_belong_to_their_tasks_executor)
{
    NEEDS_WORKERS(2);
    for (int way = 0; way < SPREADS; way++)
        for (int closed = 0; closed < 2; closed++) {
            scene s = begin(way, closed ? submit_closed : shut_down);
            cr_assert_eq(weft_executor_create(&s.executor, WEFT_EXECUTOR_CONFIG(.pool = s.pool)), 0);
            each_sees(&s, closed ? 0 : -EDEADLK);
            cr_assert_eq(weft_executor_destroy(s.executor), 0);
            end(&s);
        }
}

PROMISE(parts_belong_to_their_tasks_group)
{
    NEEDS_WORKERS(2);
    for (int way = 0; way < SPREADS; way++) {
        scene s = begin(way, wait_for_group);
        cr_assert_eq(weft_group_create(&s.group, WEFT_GROUP_CONFIG(.executor = sem_door(s.pool))), 0);
        each_sees(&s, -EDEADLK);
        cr_assert_eq(weft_group_destroy(s.group), 0);
        end(&s);
    }
}

/* ---- errors --------------------------------------------------------------------------------------- */

static int say(scene *s)
{
    (void)s;
    return weft_fail(-EIO, "said in a part");
}

static int spread_and_fail(scene *s)
{
    (void)by_loop(s);
    return -EIO;
}

static int say_elsewhere(scene *s)
{
    static __thread int here;
    (void)s;
    return here++ ? -EIO : weft_fail(-EIO, "said in a part");
}

PROMISE(what_parts_say_is_the_tasks_text)
{
    NEEDS_WORKERS(2);
    for (int k = 0; k < 2; k++) {
        scene s = begin(0, k ? say : say_elsewhere);
        s.spread = spread_and_fail;
        each_sees(&s, -EIO);
        cr_assert_str_eq(weft_future_error(s.self), "said in a part");
        end(&s);
    }
}

/* ---- one task inside another ---------------------------------------------------------------------- */

typedef struct nest {
    weft_future *inner;
    atomic_int outer_child, inner_child, taken;
} nest;

static void look_outer(nest *n);
WEFT_TASK_VOID(look_outer, nest *)
static void look_outer(nest *n)
{
    atomic_fetch_add(&n->taken, 1);
    while (atomic_load(&n->taken) < 3)
        sched_yield();
    atomic_store(&n->outer_child, 1 + weft_should_stop());
}

static void look_inner(nest *n);
WEFT_TASK_VOID(look_inner, nest *)
static void look_inner(nest *n)
{
    atomic_fetch_add(&n->taken, 1);
    while (atomic_load(&n->taken) < 3)
        sched_yield();
    atomic_store(&n->inner_child, 1 + weft_should_stop());
}

/* Taken over by who waits for it, and asked to stop: both children are on the same stack, and stolen while it runs. */
static int inner(void *arg)
{
    nest *n = arg;
    weft_fork(look_inner, child_of_inner, n);
    weft_future_cancel(n->inner);
    while (atomic_load(&n->taken) < 2)
        sched_yield();
    atomic_fetch_add(&n->taken, 1);
    weft_join(look_inner, child_of_inner);
    return 0;
}

static int outer(void *arg)
{
    nest *n = arg;
    weft_fork(look_outer, child_of_outer, n);
    int err = weft_submit(NULL, inner, n, &n->inner);
    if (!err)
        err = weft_future_get(n->inner, NULL);
    weft_join(look_outer, child_of_outer);
    return err;
}

PROMISE(a_child_is_of_the_task_that_forked_it)
{
    NEEDS_WORKERS(3);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 100; i++) {
        nest n = {.inner = NULL};
        weft_future *future;
        cr_assert_eq(weft_submit(sem_door(pool), outer, &n, &future), 0);
        int status;
        cr_assert(weft_future_get(future, &status) == 0 && status == 0);
        cr_assert_eq(atomic_load(&n.outer_child), 1, "the outer one is not to stop");
        cr_assert_eq(atomic_load(&n.inner_child), 2, "the inner one is");
        weft_future_release(future);
        weft_future_release(n.inner);
    }
    sem_end(pool);
}
