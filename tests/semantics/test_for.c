/* SPDX-License-Identifier: MIT */
/* test_for.c - weft_parallel_for runs every item of [begin, end) exactly once, whatever the bodies do.
 *
 * - Each item has a byte that its body counts up; a second counter adds up the lengths of all ranges,
 *   so that an item run twice at the same time is seen as well.
 */
#include "sem.h"

struct once {
    size_t begin, end;
    unsigned char *count;
    atomic_size_t total;
    atomic_int bad;
};

static void once_body(size_t begin, size_t end, void *arg)
{
    struct once *o = arg;
    if (begin >= end || begin < o->begin || end > o->end) {
        atomic_fetch_add(&o->bad, 1);
        return;
    }
    for (size_t i = begin; i < end; i++)
        o->count[i - o->begin]++;
    atomic_fetch_add(&o->total, end - begin);
}

static void check_once(const struct once *o)
{
    size_t n = o->end - o->begin, wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += o->count[i] != 1;
    cr_assert_eq(wrong, 0, "%zu of %zu items not run exactly once", wrong, n);
    cr_assert_eq(atomic_load(&o->total), n);
    cr_assert_eq(atomic_load(&o->bad), 0, "a range was empty or outside the loop");
}

static void loop_once(weft_pool *pool, size_t begin, size_t end)
{
    struct once o = {begin, end, calloc(end - begin + 1, 1), 0, 0};
    cr_assert_eq(weft_parallel_for(pool, begin, end, once_body, &o), 0);
    check_once(&o);
    free(o.count);
}

PROMISE(every_item_runs_exactly_once_for_any_length)
{
    static const size_t lengths[] = {0, 1, 2, 3, 17, 1000, 1000001};
    weft_pool *pool = sem_pool();
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        loop_once(pool, 0, lengths[i]);
    sem_end(pool);
}

PROMISE(every_item_of_more_than_2_to_the_24_runs_exactly_once)
{
    weft_pool *pool = sem_pool();
    loop_once(pool, 0, ((size_t)1 << 24) + 5);
    sem_end(pool);
}

PROMISE(loops_may_begin_anywhere)
{
    weft_pool *pool = sem_pool();
    loop_once(pool, 5, 5);
    loop_once(pool, 7, 8);
    loop_once(pool, 1000, 4001);
    loop_once(pool, ((size_t)1 << 32) - 3, ((size_t)1 << 32) + 1000);
    loop_once(pool, SIZE_MAX - 2000, SIZE_MAX);
    sem_end(pool);
}

static void touch_total(size_t begin, size_t end, void *total)
{
    atomic_fetch_add((atomic_size_t *)total, end - begin);
}

PROMISE(an_empty_loop_calls_nothing)
{
    atomic_size_t total = 0;
    weft_pool *pool = sem_pool();
    struct once o = {3, 3, NULL, 0, 0};
    cr_assert_eq(weft_parallel_for(pool, 3, 3, once_body, &o), 0);
    cr_assert_eq(atomic_load(&o.bad), 0);
    cr_assert_eq(weft_parallel_for(pool, 0, 0, touch_total, &total), 0);
    cr_assert_eq(atomic_load(&total), 0);
    sem_end(pool);
}

PROMISE(loops_by_the_default_pool_from_outside)
{
    loop_once(NULL, 0, 100000);
    loop_once(NULL, 0, 1);
}

/* ---- nested ---- */
enum { CUBE = 24 };
struct cube {
    unsigned char count[CUBE][CUBE][CUBE];
    atomic_int bad;
};
struct row {
    struct cube *cube;
    size_t x, y;
};

static void inner_z(size_t begin, size_t end, void *arg)
{
    struct row *r = arg;
    for (size_t z = begin; z < end; z++)
        r->cube->count[r->x][r->y][z]++;
}

static void inner_y(size_t begin, size_t end, void *arg)
{
    struct row *plane = arg;
    for (size_t y = begin; y < end; y++) {
        struct row r = {plane->cube, plane->x, y};
        if (weft_parallel_for(NULL, 0, CUBE, inner_z, &r))
            atomic_fetch_add(&plane->cube->bad, 1);
    }
}

static void outer_x(size_t begin, size_t end, void *arg)
{
    struct cube *c = arg;
    for (size_t x = begin; x < end; x++) {
        struct row plane = {c, x, 0};
        if (weft_parallel_for(NULL, 0, CUBE, inner_y, &plane))
            atomic_fetch_add(&c->bad, 1);
    }
}

PROMISE(loops_nest_three_deep)
{
    static struct cube c;
    weft_pool *pool = sem_pool();
    for (int round = 1; round <= 5; round++) {
        cr_assert_eq(weft_parallel_for(pool, 0, CUBE, outer_x, &c), 0);
        for (size_t i = 0; i < sizeof c.count; i++)
            cr_assert_eq((&c.count[0][0][0])[i], round);
    }
    cr_assert_eq(atomic_load(&c.bad), 0);
    sem_end(pool);
}

/* ---- bodies of all kinds ---- */
static void skewed_body(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        busy(i % 997 == 0 ? 200000 : (unsigned)i % 10);
    once_body(begin, end, arg);
}

static void front_heavy_body(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        busy(i < 8 ? 2000000 : 5);
    once_body(begin, end, arg);
}

PROMISE(skewed_bodies_run_every_item_exactly_once)
{
    static unsigned char count[20000];
    weft_pool *pool = sem_pool();
    struct once o = {0, 20000, count, 0, 0};
    cr_assert_eq(weft_parallel_for(pool, 0, 20000, skewed_body, &o), 0);
    check_once(&o);
    memset(count, 0, sizeof count);
    struct once p = {0, 20000, count, 0, 0};
    cr_assert_eq(weft_parallel_for(pool, 0, 20000, front_heavy_body, &p), 0);
    check_once(&p);
    sem_end(pool);
}

WEFT_TASK(long, fib, int)

long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void forking_body(size_t begin, size_t end, void *arg)
{
    struct once *o = arg;
    for (size_t i = begin; i < end; i++)
        if (fib((int)(i % 12)) != (long[]){0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89}[i % 12])
            atomic_fetch_add(&o->bad, 1);
    once_body(begin, end, arg);
}

PROMISE(bodies_may_fork_and_join)
{
    static unsigned char count[5000];
    weft_pool *pool = sem_pool();
    struct once o = {0, 5000, count, 0, 0};
    cr_assert_eq(weft_parallel_for(pool, 0, 5000, forking_body, &o), 0);
    check_once(&o);
    sem_end(pool);
}

typedef struct once *once_p;
WEFT_TASK(long, loop_tree, once_p, int, long)

/* A tree of forks; each leaf is a loop over its own 64 items. */
long loop_tree(once_p o, int depth, long leaf)
{
    if (depth == 0) {
        size_t begin = (size_t)leaf * 64;
        if (weft_parallel_for(NULL, begin, begin + 64, once_body, o))
            atomic_fetch_add(&o->bad, 1);
        return 64;
    }
    weft_fork(loop_tree, left, o, depth - 1, 2 * leaf);
    long right = loop_tree(o, depth - 1, 2 * leaf + 1);
    return weft_join(loop_tree, left) + right;
}

static void run_loop_tree(void *arg)
{
    loop_tree(arg, 10, 0);
}

PROMISE(loops_inside_forked_children_run_every_item_exactly_once)
{
    static unsigned char count[64 * 1024];
    struct once o = {0, sizeof count, count, 0, 0};
    sem_in_pool(run_loop_tree, &o);
    check_once(&o);
}

/* ---- real concurrency ---- */
static void meet_body(size_t begin, size_t end, void *gate)
{
    for (size_t i = begin; i < end; i++) {
        gate_add(gate);
        gate_wait(gate, 2);
    }
}

PROMISE(two_items_that_wait_for_each_other_to_start_both_do)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 200; i++) {
        struct gate g = GATE_INIT;
        cr_assert_eq(weft_parallel_for(pool, 0, 2, meet_body, &g), 0);
        cr_assert_eq(g.count, 2);
    }
    sem_end(pool);
}

static void run_meeting(void *gate)
{
    weft_parallel_for(NULL, 0, 2, meet_body, gate);
}

PROMISE(two_items_that_wait_for_each_other_inside_run_both_start)
{
    NEEDS_WORKERS(2);
    struct gate g = GATE_INIT;
    sem_in_pool(run_meeting, &g);
    cr_assert_eq(g.count, 2);
}

/* The one long item sits first; the others must not wait behind it. */
struct behind {
    atomic_size_t done;
    size_t n;
};

static void behind_body(size_t begin, size_t end, void *arg)
{
    struct behind *b = arg;
    for (size_t i = begin; i < end; i++) {
        while (i == 0 && atomic_load(&b->done) < b->n - 1)
            sched_yield();
        atomic_fetch_add(&b->done, 1);
    }
}

PROMISE(a_long_first_item_does_not_hold_up_the_rest)
{
    NEEDS_WORKERS(2);
    struct behind b = {0, 1000};
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_parallel_for(pool, 0, b.n, behind_body, &b), 0);
    cr_assert_eq(atomic_load(&b.done), b.n);
    sem_end(pool);
}

/* ---- loops from many outside threads ---- */
struct outside {
    weft_pool *pool;
    int bad;
};

static void *outside_thread(void *arg)
{
    struct outside *t = arg;
    for (int round = 0; round < 20; round++) {
        atomic_size_t total = 0;
        t->bad += weft_parallel_for(t->pool, 0, 5000, touch_total, &total) != 0;
        t->bad += atomic_load(&total) != 5000;
    }
    return NULL;
}

PROMISE(loops_from_many_outside_threads_do_not_mix)
{
    weft_pool *pool = sem_pool();
    struct outside t[24];
    pthread_t threads[24];
    for (int i = 0; i < 24; i++) {
        t[i] = (struct outside){pool, 0};
        threads[i] = thread_start(outside_thread, &t[i], 0);
    }
    for (int i = 0; i < 24; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(t[i].bad, 0);
    }
    sem_end(pool);
}
