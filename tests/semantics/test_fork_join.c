/* SPDX-License-Identifier: MIT */
/* test_fork_join.c - fork and join equal the serial program: results, shapes of tasks, sizes, depths.
 *
 * - Each program runs in a pool of the size under test; the expected value comes from plain serial code.
 */
#include "sem.h"

/* ---- recursion ---- */
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
    *(long *)out = fib(25);
}

PROMISE(recursive_fib_gives_the_serial_result)
{
    long result = 0;
    sem_in_pool(run_fib, &result);
    cr_assert_eq(result, 75025);
}

PROMISE(fork_and_join_outside_any_pool_are_plain_calls)
{
    cr_assert_eq(weft_worker_index(), -1);
    cr_assert_eq(fib(20), 6765);
    cr_assert_eq(weft_worker_index(), -1);
}

static void *fork_outside(void *wrong)
{
    for (int i = 0; i < 20; i++)
        if (fib(16) != 987)
            atomic_fetch_add((atomic_int *)wrong, 1);
    return NULL;
}

PROMISE(many_threads_fork_outside_any_pool_at_once)
{
    atomic_int wrong = 0;
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        threads[i] = thread_start(fork_outside, &wrong, 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&wrong), 0);
}

struct node {
    struct node *child[3];
    long value;
};

static struct node *tree_make(int depth, long *serial)
{
    struct node *n = calloc(1, sizeof *n);
    n->value = depth * 7 + 1;
    *serial += n->value;
    for (int i = 0; i < 3 && depth > 0; i++)
        n->child[i] = tree_make(depth - 1 - i > 0 ? depth - 1 - i : 0, serial);
    return n;
}

static void tree_free(struct node *n)
{
    for (int i = 0; n && i < 3; i++)
        tree_free(n->child[i]);
    free(n);
}

typedef struct node *node_p;
WEFT_TASK(long, tree_sum, node_p)

long tree_sum(node_p n)
{
    if (!n)
        return 0;
    weft_fork(tree_sum, a, n->child[0]);
    weft_fork(tree_sum, b, n->child[1]);
    long sum = n->value + tree_sum(n->child[2]);
    sum += weft_join(tree_sum, b);
    return sum + weft_join(tree_sum, a);
}

struct tree_case {
    struct node *root;
    long sum;
};

static void run_tree(void *arg)
{
    struct tree_case *c = arg;
    c->sum = tree_sum(c->root);
}

PROMISE(sum_over_an_unbalanced_tree_is_the_serial_sum)
{
    long serial = 0;
    struct tree_case c = {tree_make(16, &serial), 0};
    sem_in_pool(run_tree, &c);
    tree_free(c.root);
    cr_assert_eq(c.sum, serial);
}

/* ---- arrays of handles ---- */
typedef struct board {
    int row;
    signed char at[12];
} board;
WEFT_TASK(long, queens, board, int)

static bool safe(const board *b, int col)
{
    for (int r = 0; r < b->row; r++) {
        int d = b->row - r;
        if (b->at[r] == col || b->at[r] == col - d || b->at[r] == col + d)
            return false;
    }
    return true;
}

long queens(board b, int n)
{
    weft_handle(queens) handles[12];
    int forked = 0;
    long count = 0;
    if (b.row == n)
        return 1;
    for (int col = 0; col < n; col++) {
        if (!safe(&b, col))
            continue;
        board next = b;
        next.at[next.row++] = (signed char)col;
        weft_fork_at(queens, &handles[forked], next, n);
        forked++;
    }
    while (forked > 0)
        count += weft_join(queens, handles[--forked]);
    return count;
}

static void run_queens(void *out)
{
    *(long *)out = queens((board){0, {0}}, 9);
}

PROMISE(nqueens_with_handle_arrays_joined_in_reverse)
{
    long result = 0;
    sem_in_pool(run_queens, &result);
    cr_assert_eq(result, 352);
}

WEFT_TASK(long, square, long)

long square(long x)
{
    return x * x % 1009;
}

enum { SPAWNED = 1000000 };

static void run_spawner(void *out)
{
    weft_handle(square) *handles = malloc(SPAWNED * sizeof *handles);
    long wrong = 0;
    for (long i = 0; i < SPAWNED; i++)
        weft_fork_at(square, &handles[i], i);
    for (long i = SPAWNED - 1; i >= 0; i--)
        wrong += weft_join(square, handles[i]) != i * i % 1009;
    free(handles);
    *(long *)out = wrong;
}

PROMISE(one_million_forks_from_one_spawner_each_give_their_own_result)
{
    long wrong = -1;
    sem_in_pool(run_spawner, &wrong);
    cr_assert_eq(wrong, 0, "%ld wrong results", wrong);
}

/* ---- depth ---- */
enum { DEPTH = 100000 };
static const size_t deep_stack = (size_t)512 << 20;
WEFT_TASK(long, leaf_chain, long)
WEFT_TASK(long, child_chain, long)

long leaf_chain(long depth)
{
    if (depth == 0)
        return 0;
    weft_fork(square, leaf, depth);
    long below = leaf_chain(depth - 1);
    return below + weft_join(square, leaf);
}

long child_chain(long depth)
{
    if (depth == 0)
        return 0;
    weft_fork(child_chain, child, depth - 1);
    return 1 + weft_join(child_chain, child);
}

static void run_leaf_chain(void *out)
{
    *(long *)out = leaf_chain(DEPTH);
}

static void run_child_chain(void *out)
{
    *(long *)out = child_chain(DEPTH);
}

struct deep_case {
    void (*fn)(void *);
    long result;
    int err;
};

static void *deep_guest(void *arg)
{
    struct deep_case *c = arg;
    weft_pool *pool;
    c->err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .stack_bytes = deep_stack));
    if (!c->err)
        c->err = weft_run(pool, c->fn, &c->result);
    if (!c->err)
        c->err = weft_pool_destroy(pool);
    return NULL;
}

static struct deep_case run_deep(void (*fn)(void *))
{
    struct deep_case c = {fn, -1, -1};
    pthread_join(thread_start(deep_guest, &c, deep_stack), NULL);
    cr_assert_eq(c.err, 0, "%s", weft_strerror(c.err));
    return c;
}

PROMISE(forks_nest_100000_deep_below_plain_calls)
{
    long serial = 0;
    for (long i = 1; i <= DEPTH; i++)
        serial += i * i % 1009;
    cr_assert_eq(run_deep(run_leaf_chain).result, serial);
}

PROMISE(forks_nest_100000_deep_below_forks)
{
    cr_assert_eq(run_deep(run_child_chain).result, DEPTH);
}

/* ---- two children that wait for each other's parent: joins in reverse order, work in between ---- */
WEFT_TASK(long, mixed, int)

long mixed(int depth)
{
    if (depth == 0)
        return 1;
    weft_fork(mixed, a, depth - 1);
    long sum = fib(depth);
    weft_fork(mixed, b, depth - 1);
    sum += fib(depth / 2);
    sum += weft_join(mixed, b);
    weft_fork(fib, c, depth);
    sum += weft_join(fib, c);
    return sum + weft_join(mixed, a);
}

static long mixed_serial(int depth)
{
    static const long f[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
    return depth == 0 ? 1 : 2 * mixed_serial(depth - 1) + 2 * f[depth] + f[depth / 2];
}

static void run_mixed(void *out)
{
    *(long *)out = mixed(11);
}

PROMISE(forks_may_follow_joins_in_one_function)
{
    long result = 0;
    sem_in_pool(run_mixed, &result);
    cr_assert_eq(result, mixed_serial(11));
}
