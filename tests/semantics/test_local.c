/* SPDX-License-Identifier: MIT */
/* test_local.c - worker-local values: one per worker, made once, zeroed, aligned, freed once.
 *
 * - init and fini count; a value carries a stamp that init writes and fini takes away, so that a value
 *   that is made twice, freed twice or freed unmade is seen.
 */
#include "sem.h"

enum { STAMP = 0x5ea7, INDEXES = 128 };

struct value {
    long stamp, count;
    char rest[200];
};

struct census {
    weft_local *local;
    atomic_int inits, finis, refuse, bad;
    struct value *at[INDEXES];
};

static int value_init(void *value, void *ctx)
{
    struct census *c = ctx;
    struct value *v = value;
    if (atomic_load(&c->refuse) > 0 && atomic_fetch_sub(&c->refuse, 1) > 0)
        return -1;
    for (size_t i = 0; i < sizeof *v; i++)
        if (((unsigned char *)value)[i])
            atomic_fetch_add(&c->bad, 1);
    if ((uintptr_t)value % 128)
        atomic_fetch_add(&c->bad, 1);
    atomic_fetch_add(&c->inits, 1);
    v->stamp = STAMP;
    return 0;
}

static void value_fini(void *value, void *ctx)
{
    struct census *c = ctx;
    struct value *v = value;
    if (v->stamp != STAMP)
        atomic_fetch_add(&c->bad, 1);
    v->stamp = 0;
    atomic_fetch_add(&c->finis, 1);
}

static void census_start(struct census *c, weft_pool *pool)
{
    int err = weft_local_create(
        &c->local, pool,
        WEFT_LOCAL_CONFIG(.bytes = sizeof(struct value), .init = value_init, .fini = value_fini, .ctx = c));
    cr_assert_eq(err, 0, "%s", weft_strerror(err));
    cr_assert_eq(atomic_load(&c->inits), 0, "none is made yet");
}

static void census_body(size_t begin, size_t end, void *arg)
{
    struct census *c = arg;
    int index = weft_worker_index();
    struct value *v = weft_local_get(c->local);
    if (!v || v->stamp != STAMP) {
        atomic_fetch_add(&c->bad, 1);
        return;
    }
    if (index >= 0 && index < INDEXES) {
        if (c->at[index] && c->at[index] != v)
            atomic_fetch_add(&c->bad, 1);
        c->at[index] = v;
    }
    for (size_t i = begin; i < end; i++) {
        busy(50);
        v->count++;
    }
    if (weft_local_get(c->local) != v)
        atomic_fetch_add(&c->bad, 1);
}

static void census_loop(void *arg)
{
    if (weft_parallel_for(NULL, 0, 50000, census_body, arg))
        atomic_fetch_add(&((struct census *)arg)->bad, 1);
}

struct sum {
    long count;
    int values;
};

static void add_up(void *value, void *ctx)
{
    struct sum *s = ctx;
    s->count += ((struct value *)value)->count;
    s->values++;
}

/* A spare, too, has one of its own: without them there are as many as workers, and the caller's. */
PROMISE(each_worker_has_one_zeroed_aligned_value_and_all_add_up)
{
    struct census c = {0};
    weft_pool *pool = sem_pool_without_spares();
    census_start(&c, pool);
    for (int round = 1; round <= 5; round++) {
        struct sum s = {0, 0};
        cr_assert_eq(weft_run(pool, census_loop, &c), 0);
        weft_local_each(c.local, add_up, &s);
        cr_assert_eq(s.count, 50000L * round);
        cr_assert_eq(s.values, atomic_load(&c.inits), "each visits every value once");
        cr_assert_leq(s.values, sem_threads() + 1);
    }
    cr_assert_eq(atomic_load(&c.finis), 0);
    weft_local_destroy(c.local);
    cr_assert_eq(atomic_load(&c.finis), atomic_load(&c.inits));
    cr_assert_eq(atomic_load(&c.bad), 0);
    sem_end(pool);
}

PROMISE(values_of_different_workers_are_different)
{
    struct census c = {0};
    weft_pool *pool = sem_pool();
    census_start(&c, pool);
    cr_assert_eq(weft_run(pool, census_loop, &c), 0);
    for (int i = 0; i < INDEXES; i++)
        for (int j = 0; j < i; j++)
            cr_assert(!c.at[i] || c.at[i] != c.at[j]);
    sem_end(pool);
    cr_assert_eq(atomic_load(&c.bad), 0);
}

PROMISE(destroying_the_pool_ends_every_value_of_all_its_sets_once)
{
    struct census c[3] = {{0}, {0}, {0}};
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 3; i++) {
        census_start(&c[i], pool);
        cr_assert_eq(weft_run(pool, census_loop, &c[i]), 0);
    }
    weft_local_destroy(c[1].local);
    cr_assert_eq(atomic_load(&c[1].finis), atomic_load(&c[1].inits));
    sem_end(pool);
    for (int i = 0; i < 3; i++) {
        cr_assert_geq(atomic_load(&c[i].inits), 1);
        cr_assert_eq(atomic_load(&c[i].finis), atomic_load(&c[i].inits), "set %d", i);
        cr_assert_eq(atomic_load(&c[i].bad), 0, "set %d", i);
    }
}

PROMISE(a_set_that_was_never_used_makes_and_ends_nothing)
{
    struct census c = {0};
    struct sum s = {0, 0};
    weft_pool *pool = sem_pool();
    census_start(&c, pool);
    weft_local_each(c.local, add_up, &s);
    cr_assert_eq(s.values, 0);
    weft_local_destroy(c.local);
    weft_local_destroy(NULL);
    sem_end(pool);
    cr_assert(atomic_load(&c.inits) == 0 && atomic_load(&c.finis) == 0);
}

PROMISE(an_init_that_fails_gives_null_and_the_next_get_tries_again)
{
    struct census c = {.refuse = 3};
    struct sum s = {0, 0};
    weft_pool *pool = sem_pool();
    census_start(&c, pool);
    for (int i = 0; i < 3; i++)
        cr_assert_null(weft_local_get(c.local));
    weft_local_each(c.local, add_up, &s);
    cr_assert_eq(s.values, 0, "a value whose init failed does not exist");
    struct value *v = weft_local_get(c.local);
    cr_assert_not_null(v);
    cr_assert_eq(v->stamp, STAMP);
    cr_assert_eq(weft_local_get(c.local), v);
    cr_assert_eq(atomic_load(&c.inits), 1);
    sem_end(pool);
    cr_assert_eq(atomic_load(&c.finis), 1, "no fini for values that were never made");
    cr_assert_eq(atomic_load(&c.bad), 0);
}

PROMISE(values_without_init_are_zeroed_and_aligned_for_any_size)
{
    static const size_t sizes[] = {1, 7, 127, 128, 129, 4096, 100003};
    weft_pool *pool = sem_pool();
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        weft_local *local;
        cr_assert_eq(weft_local_create(&local, pool, WEFT_LOCAL_CONFIG(.bytes = sizes[k])), 0);
        unsigned char *v = weft_local_get(local);
        cr_assert_not_null(v);
        cr_assert_eq((uintptr_t)v % 128, 0);
        for (size_t i = 0; i < sizes[k]; i++)
            cr_assert_eq(v[i], 0);
        memset(v, 0xff, sizes[k]);
        cr_assert_eq(weft_local_get(local), v);
        weft_local_destroy(local);
    }
    sem_end(pool);
}

/* ---- threads outside the pool ---- */
enum { OUTSIDERS = 24 };

struct outsider {
    struct census *c;
    struct gate *all_have;
    struct value *value;
};

static void *outsider_thread(void *arg)
{
    struct outsider *o = arg;
    o->value = weft_local_get(o->c->local);
    gate_add(o->all_have);
    gate_wait(o->all_have, OUTSIDERS);
    if (o->value)
        for (int i = 0; i < 1000; i++)
            o->value->count++;
    if (weft_local_get(o->c->local) != o->value)
        atomic_fetch_add(&o->c->bad, 1);
    return NULL;
}

static void outsiders(weft_pool *pool)
{
    struct census c = {0};
    struct gate all = GATE_INIT;
    struct outsider o[OUTSIDERS];
    pthread_t threads[OUTSIDERS];
    struct sum s = {0, 0};
    census_start(&c, pool);
    for (int i = 0; i < OUTSIDERS; i++) {
        o[i] = (struct outsider){&c, &all, NULL};
        threads[i] = thread_start(outsider_thread, &o[i], 0);
    }
    for (int i = 0; i < OUTSIDERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < OUTSIDERS; i++) {
        cr_assert_not_null(o[i].value);
        for (int j = 0; j < i; j++)
            cr_assert_neq(o[i].value, o[j].value, "two threads share a value");
    }
    weft_local_each(c.local, add_up, &s);
    cr_assert_eq(s.count, 1000L * OUTSIDERS);
    cr_assert_eq(s.values, OUTSIDERS);
    sem_end(pool);
    cr_assert_eq(atomic_load(&c.finis), atomic_load(&c.inits));
    cr_assert_eq(atomic_load(&c.bad), 0);
}

PROMISE(threads_outside_the_pool_have_values_of_their_own)
{
    outsiders(sem_pool());
}

PROMISE(threads_outside_a_pool_without_seats_have_values_of_their_own)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .seats = WEFT_NONE)), 0);
    outsiders(pool);
}

/* ---- two pools ---- */
PROMISE(each_pool_has_its_own_values)
{
    struct census a = {0}, b = {0};
    weft_pool *p = sem_pool(), *q = sem_pool();
    census_start(&a, p);
    census_start(&b, q);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(weft_run(p, census_loop, &a), 0);
        cr_assert_eq(weft_run(q, census_loop, &b), 0);
    }
    sem_end(p);
    cr_assert_eq(atomic_load(&a.finis), atomic_load(&a.inits));
    cr_assert_eq(atomic_load(&b.finis), 0, "the other pool's values live on");
    struct sum s = {0, 0};
    weft_local_each(b.local, add_up, &s);
    cr_assert_eq(s.count, 150000);
    sem_end(q);
    cr_assert_eq(atomic_load(&b.finis), atomic_load(&b.inits));
    cr_assert(atomic_load(&a.bad) == 0 && atomic_load(&b.bad) == 0);
}

static void create_inside(void *arg)
{
    struct census *c = arg;
    if (weft_local_create(&c->local, NULL,
                          WEFT_LOCAL_CONFIG(.bytes = sizeof(struct value), .init = value_init,
                                            .fini = value_fini, .ctx = c)))
        atomic_fetch_add(&c->bad, 1);
    else
        census_loop(c);
}

PROMISE(a_set_created_inside_a_pool_belongs_to_it)
{
    struct census c = {0};
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_run(pool, create_inside, &c), 0);
    cr_assert_geq(atomic_load(&c.inits), 1);
    sem_end(pool);
    cr_assert_eq(atomic_load(&c.finis), atomic_load(&c.inits));
    cr_assert_eq(atomic_load(&c.bad), 0);
}
