/* SPDX-License-Identifier: MIT */
/* Stop tokens: they live as long as anybody has them; shields nest, and are of the thread that is in them. */
#include "executors.h"

static weft_stop *token(weft_stop *parent)
{
    weft_stop *stop = NULL;
    cr_assert_eq(weft_stop_create(&stop, parent, WEFT_FOREVER), 0);
    return stop;
}

static weft_future *submit_with(weft_executor *door, weft_task_fn *fn, void *arg, weft_stop *stop)
{
    weft_future *future = NULL;
    const weft_task_spec spec = {.size = sizeof spec, .fn = fn, .arg = arg, .stop = stop};
    cr_assert_eq(weft_submit_task(door, &spec, &future), 0);
    return future;
}

/* ---- references ----------------------------------------------------------------------------------- */

/* Had it been freed, one of those that are made next would lie in its place. */
static void is_alive(weft_stop *stop)
{
    enum { NEXT = 20 };
    weft_stop *next[NEXT];
    for (int i = 0; i < NEXT; i++)
        cr_assert_eq(weft_stop_request(next[i] = token(NULL)), 0);
    cr_assert_eq(weft_stop_requested(stop), 0);
    cr_assert_eq(weft_stop_request(stop), 0);
    cr_assert_eq(weft_stop_request(stop), -EALREADY);
    cr_assert_eq(weft_stop_requested(stop), 1);
    for (int i = 0; i < NEXT; i++)
        weft_stop_release(next[i]);
}

PROMISE(a_token_lives_until_its_last_reference_is_released)
{
    weft_stop *stop = token(NULL);
    for (int i = 0; i < 3; i++)
        weft_stop_retain(stop);
    for (int i = 0; i < 3; i++)
        weft_stop_release(stop);
    is_alive(stop);
    weft_stop_release(stop);
    weft_stop_retain(NULL);
    weft_stop_release(NULL);
}

PROMISE(a_token_keeps_those_above_it)
{
    weft_stop *top = token(NULL), *middle = token(top), *below = token(middle);
    weft_stop_release(middle);
    weft_stop_release(top); /* below has it still */
    is_alive(top);
    cr_assert_eq(weft_stop_requested(below), 1);
    weft_stop_release(below);
}

PROMISE(a_task_keeps_its_token)
{
    weft_pool *pool = sem_pool();
    weft_executor *serial = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    atomic_int ran = 0;
    int status = 0;
    weft_stop *top = token(NULL), *own = token(top);
    weft_future *future = submit_with(serial, count_up, &ran, own);
    weft_stop_release(own);
    weft_stop_release(top);
    is_alive(top);
    cr_assert_eq(weft_future_get(future, &status), 0);
    cr_assert(status == -ECANCELED && ran == 0);
    weft_future_release(future);
    end(serial);
    sem_end(pool);
}

PROMISE(the_token_of_a_group_outlives_it_where_it_is_retained)
{
    weft_pool *pool = sem_pool();
    weft_group *group;
    cr_assert_eq(weft_group_create(&group, WEFT_GROUP_CONFIG(.executor = sem_door(pool))), 0);
    weft_stop *stop = weft_group_token(group);
    weft_stop_retain(stop);
    cr_assert_eq(weft_group_destroy(group), 0);
    is_alive(stop);
    weft_stop_release(stop);
    sem_end(pool);
}

/* ---- shields -------------------------------------------------------------------------------------- */

typedef struct looker {
    weft_stop *stop;
    weft_executor *serial;
    int seen[8];
    int requested;
} looker;

/* Fires its own token, then looks before, in and behind two shields. */
static int look_in_shields(void *arg)
{
    looker *l = arg;
    int at = 0;
    l->seen[at++] = weft_should_stop();
    (void)weft_stop_request(l->stop);
    l->seen[at++] = weft_should_stop();
    weft_stop_shield();
    l->seen[at++] = weft_should_stop();
    weft_stop_shield();
    l->seen[at++] = weft_should_stop();
    weft_stop_unshield();
    l->seen[at++] = weft_should_stop();
    l->requested = weft_stop_requested(l->stop);
    weft_stop_unshield();
    l->seen[at++] = weft_should_stop();
    return 0;
}

PROMISE(shields_nest)
{
    static const int expected[] = {0, 1, 0, 0, 0, 1};
    weft_pool *pool = sem_pool();
    looker l = {.stop = token(NULL)};
    cr_assert_eq(get(submit_with(sem_door(pool), look_in_shields, &l, l.stop)), 0);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(l.seen[i], expected[i], "look %d", i);
    cr_assert_eq(l.requested, 1, "the token itself says what it is");
    weft_stop_release(l.stop);
    sem_end(pool);
}

static int look_once(void *arg)
{
    looker *l = arg;
    (void)weft_stop_request(l->stop);
    l->seen[0] = weft_should_stop();
    return 0;
}

static int look_behind(void *arg)
{
    looker *l = arg;
    l->seen[1] = weft_should_stop();
    weft_stop_shield();
    l->seen[2] = weft_apply(l->serial, look_once, l, NULL);
    weft_stop_unshield();
    l->seen[3] = weft_should_stop();
    return 0;
}

/* What a thread runs while it waits in its shield is in the shield, too. */
PROMISE(a_shield_is_of_the_thread_whatever_it_runs)
{
    weft_pool *pool = sem_pool();
    looker l = {.stop = token(NULL), .seen = {7, 7, 7, 7}};
    l.serial = make(WEFT_EXECUTOR_CONFIG(.pool = pool, .engine = WEFT_ENGINE_SERIAL));
    weft_stop_shield();
    cr_assert_eq(get(submit_with(l.serial, look_once, &l, l.stop)), 0);
    cr_assert_eq(l.seen[0], 0);
    weft_stop_unshield();
    weft_stop_release(l.stop);
    l.stop = token(NULL);
    cr_assert_eq(get(submit_with(l.serial, look_behind, &l, l.stop)), 0);
    cr_assert(l.seen[1] == 0 && l.seen[2] == 0 && l.seen[0] == 0 && l.seen[3] == 1);
    cr_assert_eq(weft_should_stop(), 0, "outside of tasks");
    weft_stop_release(l.stop);
    end(l.serial);
    sem_end(pool);
}

struct pair {
    atomic_int shielded, begun, looked;
    int in, out;
};

static int stays_in_a_shield(void *arg)
{
    struct pair *p = arg;
    weft_stop_shield();
    atomic_store(&p->shielded, 1);
    flag_wait(&p->looked);
    p->in = weft_should_stop();
    weft_stop_unshield();
    return 0;
}

static int looks_without(void *arg)
{
    struct pair *p = arg;
    atomic_store(&p->begun, 1);
    flag_wait(&p->shielded);
    while (!weft_should_stop()) /* it is fired later */
        sched_yield();
    p->out = 1;
    atomic_store(&p->looked, 1);
    return 0;
}

PROMISE(a_shield_is_nobody_elses)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    struct pair p = {.in = 7};
    weft_stop *stop = token(NULL);
    weft_future *in = submit_with(sem_door(pool), stays_in_a_shield, &p, stop),
                *out = submit_with(sem_door(pool), looks_without, &p, stop);
    flag_wait(&p.shielded);
    flag_wait(&p.begun);
    cr_assert_eq(weft_stop_request(stop), 0);
    cr_assert_eq(get(in), 0);
    cr_assert_eq(get(out), 0);
    cr_assert(p.in == 0 && p.out == 1);
    weft_stop_release(stop);
    sem_end(pool);
}
