/* SPDX-License-Identifier: MIT */
/* test_invoke.c - weft_parallel_invoke makes each call once, with its argument, and returns after all of them.
 */
#include "sem.h"

struct visit {
    int count;
    pthread_t by;
};

static void visit(void *arg)
{
    struct visit *v = arg;
    v->count++;
    v->by = pthread_self();
}

static void invoke_visits(weft_pool *pool, size_t n)
{
    struct visit *visits = calloc(n + 1, sizeof *visits);
    weft_call *calls = calloc(n + 1, sizeof *calls);
    for (size_t i = 0; i < n; i++)
        calls[i] = (weft_call){visit, &visits[i]};
    cr_assert_eq(weft_parallel_invoke(pool, calls, n), 0);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(visits[i].count, 1, "call %zu of %zu", i, n);
    cr_assert(n == 0 || pthread_equal(visits[0].by, pthread_self()), "the first call is the caller's");
    free(calls);
    free(visits);
}

PROMISE(every_call_is_made_once_the_first_by_the_caller)
{
    static const size_t lengths[] = {0, 1, 2, 3, 4, 17, 1000, 100000};
    weft_pool *pool = sem_pool();
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int round = 0; round < (lengths[i] < 100 ? 300 : 3); round++)
            invoke_visits(pool, lengths[i]);
    sem_end(pool);
}

PROMISE(calls_by_the_default_pool)
{
    invoke_visits(NULL, 50);
}

PROMISE(no_calls_need_no_array)
{
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_parallel_invoke(pool, NULL, 0), 0);
    sem_end(pool);
}

static void meet(void *gate)
{
    gate_add(gate);
    gate_wait(gate, 2);
}

PROMISE(two_calls_that_wait_for_each_other_both_run)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 200; i++) {
        struct gate g = GATE_INIT;
        weft_call calls[] = {{meet, &g}, {meet, &g}};
        cr_assert_eq(weft_parallel_invoke(pool, calls, 2), 0);
        cr_assert_eq(g.count, 2);
    }
    sem_end(pool);
}

/* ---- nested: a tree of calls of calls, each leaf counted ---- */
struct node {
    int depth;
    atomic_long *leaves;
    atomic_int *bad;
};

static void tree(void *arg)
{
    const struct node *node = arg;
    if (node->depth == 0) {
        atomic_fetch_add(node->leaves, 1);
        return;
    }
    struct node below = {node->depth - 1, node->leaves, node->bad};
    weft_call calls[] = {{tree, &below}, {tree, &below}, {tree, &below}};
    if (weft_parallel_invoke(NULL, calls, 3))
        atomic_fetch_add(node->bad, 1);
}

PROMISE(calls_nest_inside_and_from_outside)
{
    atomic_long leaves = 0;
    atomic_int bad = 0;
    struct node root = {9, &leaves, &bad};
    weft_call call = {tree, &root};
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_run(pool, tree, &root), 0);
    cr_assert_eq(atomic_load(&leaves), 19683);
    cr_assert_eq(weft_parallel_invoke(pool, &call, 1), 0);
    cr_assert_eq(atomic_load(&leaves), 2 * 19683);
    cr_assert_eq(atomic_load(&bad), 0);
    sem_end(pool);
}

PROMISE(a_call_without_a_function_is_refused_before_any_call)
{
    struct visit visits[3] = {{0}};
    weft_pool *pool = sem_pool();
    for (int hole = 0; hole < 3; hole++) {
        weft_call calls[3];
        for (int i = 0; i < 3; i++)
            calls[i] = (weft_call){i == hole ? NULL : visit, &visits[i]};
        cr_assert_eq(weft_parallel_invoke(pool, calls, 3), -EINVAL);
    }
    cr_assert_eq(weft_parallel_invoke(pool, NULL, 1), -EINVAL);
    cr_assert_eq(weft_parallel_invoke(pool, NULL, SIZE_MAX), -EOVERFLOW);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(visits[i].count, 0);
    sem_end(pool);
}
