/* SPDX-License-Identifier: MIT */
/* test_fork_shapes.c - tasks of every shape: 0 to 8 arguments, void or not, structs up to 48 bytes; drops.
 *
 * - Every shape is tried with the child started elsewhere as well, where there are two workers: the parent
 *   then waits for the child's flag before it joins.
 */
#include "sem.h"

static atomic_int started, finished;
static bool elsewhere; /* the parent lets another thread start the child */

static void child_runs(void)
{
    atomic_store(&started, 1);
}

static void parent_goes_on(void)
{
    if (elsewhere)
        flag_wait(&started);
    atomic_store(&started, 0);
}

typedef struct six {
    int64_t v[6];
} six;
typedef struct bytes47 {
    char b[47];
} bytes47;
typedef const char *text;

WEFT_TASK(int, args0)
WEFT_TASK(int, args1, int)
WEFT_TASK(double, args2, int, double)
WEFT_TASK(int, args3, char, short, int)
WEFT_TASK(long, args4, char, short, int, long)
WEFT_TASK(float, args5, char, float, int, short, char)
WEFT_TASK(text, args6, text, int, int, int, int, int)
WEFT_TASK(long, args7, int, int, int, int, int, int, int)
WEFT_TASK(int64_t, args8, int, int, int, int, int, int, int, int)
WEFT_TASK(six, six_to_six, six)
WEFT_TASK(bytes47, odd_struct, bytes47)
WEFT_TASK_VOID(void0)
WEFT_TASK_VOID(void8, int, int, int, int, int, int, int, int)

int args0(void)
{
    child_runs();
    return 11;
}

int args1(int a)
{
    child_runs();
    return a + 1;
}

double args2(int a, double b)
{
    child_runs();
    return a + b;
}

int args3(char a, short b, int c)
{
    child_runs();
    return a + b * 10 + c * 100;
}

long args4(char a, short b, int c, long d)
{
    child_runs();
    return a + b * 10 + c * 100 + d * 1000;
}

float args5(char a, float b, int c, short d, char e)
{
    child_runs();
    return (float)a + b + (float)c + (float)d + (float)e;
}

text args6(text s, int b, int c, int d, int e, int f)
{
    child_runs();
    return s + b + c + d + e + f;
}

long args7(int a, int b, int c, int d, int e, int f, int g)
{
    child_runs();
    return a + 10L * b + 100L * c + 1000L * d + 10000L * e + 100000L * f + 1000000L * g;
}

int64_t args8(int a, int b, int c, int d, int e, int f, int g, int h)
{
    return args7(a, b, c, d, e, f, g) + 10000000L * h;
}

six six_to_six(six s)
{
    child_runs();
    for (int i = 0; i < 6; i++)
        s.v[i] = -s.v[i];
    return s;
}

bytes47 odd_struct(bytes47 s)
{
    child_runs();
    for (int i = 0; i < 47; i++)
        s.b[i] = (char)(s.b[i] + 1);
    return s;
}

static int void_sum;

void void0(void)
{
    child_runs();
    void_sum = 1;
}

void void8(int a, int b, int c, int d, int e, int f, int g, int h)
{
    child_runs();
    void_sum = a + b + c + d + e + f + g + h;
}

/* Forks one child, lets another thread start it if asked to, joins it, counts a wrong result. */
#define TRY0(expected, function)                       \
    do {                                               \
        weft_fork(function, h);                        \
        parent_goes_on();                              \
        wrong += weft_join(function, h) != (expected); \
    } while (0)
#define TRY(expected, function, ...)                   \
    do {                                               \
        weft_fork(function, h, __VA_ARGS__);           \
        parent_goes_on();                              \
        wrong += weft_join(function, h) != (expected); \
    } while (0)

static int scalar_shapes(void)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz";
    int wrong = 0;
    TRY0(11, args0);
    TRY(42, args1, 41);
    TRY(4321L, args4, 1, 2, 3, 4L);
    TRY(321, args3, 1, 2, 3);
    TRY(word + 15, args6, word, 1, 2, 3, 4, 5);
    TRY(7654321L, args7, 1, 2, 3, 4, 5, 6, 7);
    TRY(87654321, args8, 1, 2, 3, 4, 5, 6, 7, 8);
    {
        weft_fork(args2, h, 3, 0.5);
        parent_goes_on();
        double r = weft_join(args2, h);
        wrong += memcmp(&r, &(double){3.5}, sizeof r) != 0;
    }
    {
        weft_fork(args5, h, 1, 2.25f, 3, 4, 5);
        parent_goes_on();
        float r = weft_join(args5, h);
        wrong += memcmp(&r, &(float){15.25f}, sizeof r) != 0;
    }
    return wrong;
}

static int struct_shapes(void)
{
    int wrong = 0;
    six s = {{1, 2, INT64_MIN + 1, INT64_MAX, -5, 6}};
    weft_fork(six_to_six, h, s);
    s.v[0] = 99; /* the child has its own copy */
    parent_goes_on();
    six r = weft_join(six_to_six, h);
    wrong += r.v[0] != -1 || r.v[2] != INT64_MAX || r.v[3] != -INT64_MAX || r.v[5] != -6;

    bytes47 b;
    for (int i = 0; i < 47; i++)
        b.b[i] = (char)i;
    weft_fork(odd_struct, o, b);
    parent_goes_on();
    bytes47 q = weft_join(odd_struct, o);
    for (int i = 0; i < 47; i++)
        wrong += q.b[i] != i + 1;
    return wrong;
}

static int void_shapes(void)
{
    int wrong = 0;
    weft_fork(void0, h);
    parent_goes_on();
    weft_join(void0, h);
    wrong += void_sum != 1;
    weft_fork(void8, g, 1, 2, 3, 4, 5, 6, 7, 8);
    parent_goes_on();
    weft_join(void8, g);
    wrong += void_sum != 36;
    return wrong;
}

static void run_shapes(void *wrong)
{
    *(int *)wrong = scalar_shapes() + struct_shapes() + void_shapes();
}

PROMISE(children_of_every_shape_run_with_their_arguments_and_give_their_results)
{
    int wrong = -1;
    sem_in_pool(run_shapes, &wrong);
    cr_assert_eq(wrong, 0, "%d shapes wrong", wrong);
}

PROMISE(children_of_every_shape_started_elsewhere_give_their_results)
{
    NEEDS_WORKERS(2);
    int wrong = -1;
    elsewhere = true;
    sem_in_pool(run_shapes, &wrong);
    cr_assert_eq(wrong, 0, "%d shapes wrong", wrong);
}

PROMISE(children_of_every_shape_outside_a_pool)
{
    int wrong = -1;
    run_shapes(&wrong);
    cr_assert_eq(wrong, 0, "%d shapes wrong", wrong);
}

/* ---- drop ---- */
static atomic_int drop_runs;
WEFT_TASK(int, counted, int)

int counted(int steps)
{
    atomic_store(&started, 1);
    busy((unsigned)steps);
    atomic_fetch_add(&drop_runs, 1);
    atomic_store(&finished, 1);
    return 5;
}

struct drop_case {
    int runs_before_drop, runs_after_drop, done_after_drop;
};

static void run_drop(void *arg)
{
    struct drop_case *c = arg;
    weft_fork(counted, h, 2000000);
    if (elsewhere)
        flag_wait(&started);
    c->runs_before_drop = atomic_load(&started);
    weft_drop(counted, h);
    c->runs_after_drop = atomic_load(&drop_runs);
    c->done_after_drop = atomic_load(&finished);
}

PROMISE(drop_of_a_child_that_nobody_started_keeps_it_from_running)
{
    struct drop_case c;
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 50; i++) {
        atomic_store(&started, 0);
        atomic_store(&finished, 0);
        atomic_store(&drop_runs, 0);
        cr_assert_eq(weft_run(pool, run_drop, &c), 0);
        cr_assert(c.runs_after_drop == c.done_after_drop && c.runs_after_drop <= 1);
        cr_assert(!c.runs_before_drop || c.runs_after_drop == 1, "a started child was not waited for");
        cr_assert_eq(atomic_load(&drop_runs), c.runs_after_drop, "the child ran after its drop");
    }
    sem_end(pool);
}

PROMISE(drop_waits_for_a_child_that_was_started_elsewhere)
{
    NEEDS_WORKERS(2);
    struct drop_case c;
    elsewhere = true;
    sem_in_pool(run_drop, &c);
    cr_assert_eq(c.runs_before_drop, 1);
    cr_assert_eq(c.runs_after_drop, 1);
    cr_assert_eq(c.done_after_drop, 1);
}

static int two_drops_then_error(int fail)
{
    weft_fork(counted, a, 10);
    weft_fork(counted, b, 10);
    if (fail) {
        weft_drop(counted, b);
        weft_drop(counted, a);
        return -1;
    }
    int sum = weft_join(counted, b);
    return sum + weft_join(counted, a);
}

static void run_early_returns(void *wrong)
{
    int bad = 0;
    for (int i = 0; i < 20000; i++) {
        int fail = i % 3 == 0;
        bad += two_drops_then_error(fail) != (fail ? -1 : 10);
    }
    *(int *)wrong = bad;
}

PROMISE(drops_on_an_early_return_leave_later_forks_intact)
{
    int wrong = -1;
    sem_in_pool(run_early_returns, &wrong);
    cr_assert_eq(wrong, 0);
    cr_assert_leq(atomic_load(&drop_runs), 40000);
    cr_assert_geq(atomic_load(&drop_runs), 2 * (20000 - 6667));
}

PROMISE(drop_outside_a_pool_is_fine)
{
    int wrong = -1;
    run_early_returns(&wrong);
    cr_assert_eq(wrong, 0);
}
