/* SPDX-License-Identifier: MIT */
/* test_map.c - weft_parallel_map: ordered results, in place, what errors do, what the report says.
 *
 * - The item functions keep their own record of what ran; report and status array are checked against it.
 */
#include "sem.h"

enum { N = 10000 };

static int triple(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(long *)out = *(const long *)in * 3;
    return 0;
}

static long *numbers(size_t n)
{
    long *in = malloc((n + 1) * sizeof *in);
    for (size_t i = 0; i < n; i++)
        in[i] = (long)i;
    return in;
}

PROMISE(results_come_in_order_for_any_length)
{
    static const size_t lengths[] = {0, 1, 2, 3, 17, 1000, 300001};
    weft_pool *pool = sem_pool();
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t n = lengths[k], wrong = 0;
        long *in = numbers(n), *out = calloc(n + 1, sizeof *out);
        out[n] = 77;
        cr_assert_eq(weft_parallel_map(pool, triple, in, sizeof *in, out, sizeof *out, n, NULL), 0);
        for (size_t i = 0; i < n; i++)
            wrong += out[i] != (long)i * 3 || in[i] != (long)i;
        cr_assert_eq(wrong, 0);
        cr_assert_eq(out[n], 77, "wrote behind the end");
        free(in);
        free(out);
    }
    sem_end(pool);
}

PROMISE(map_in_place)
{
    weft_pool *pool = sem_pool();
    long *both = numbers(N);
    cr_assert_eq(weft_parallel_map(pool, triple, both, sizeof *both, both, sizeof *both, N, NULL), 0);
    for (long i = 0; i < N; i++)
        cr_assert_eq(both[i], i * 3);
    free(both);
    sem_end(pool);
}

struct odd_in {
    char b[3];
};
struct odd_out {
    char b[5];
};

static int widen(void *out, const void *in, void *ctx)
{
    const struct odd_in *i = in;
    struct odd_out *o = out;
    (void)ctx;
    memcpy(o->b, i->b, 3);
    o->b[3] = (char)(i->b[0] ^ 1);
    o->b[4] = 9;
    return 0;
}

PROMISE(items_of_any_size_lie_side_by_side)
{
    static struct odd_in in[1001];
    static struct odd_out out[1001];
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 1001; i++)
        memcpy(in[i].b, (char[]){(char)i, (char)(i / 7), 'x'}, 3);
    cr_assert_eq(weft_parallel_map(pool, widen, in, sizeof *in, out, sizeof *out, 1001, NULL), 0);
    for (int i = 0; i < 1001; i++)
        cr_assert_eq(memcmp(out[i].b, (char[]){(char)i, (char)(i / 7), 'x', (char)((char)i ^ 1), 9}, 5), 0);
    sem_end(pool);
}

/* ---- one side only ---- */
struct sides {
    atomic_int calls, bad;
};

static int no_input(void *out, const void *in, void *ctx)
{
    struct sides *s = ctx;
    if (in)
        atomic_fetch_add(&s->bad, 1);
    *(int *)out = atomic_fetch_add(&s->calls, 1) + 1;
    return 0;
}

static int no_output(void *out, const void *in, void *ctx)
{
    struct sides *s = ctx;
    if (out || *(const int *)in <= 0)
        atomic_fetch_add(&s->bad, 1);
    atomic_fetch_add(&s->calls, 1);
    return 0;
}

static int neither(void *out, const void *in, void *ctx)
{
    struct sides *s = ctx;
    if (out || in)
        atomic_fetch_add(&s->bad, 1);
    atomic_fetch_add(&s->calls, 1);
    return 0;
}

PROMISE(input_or_output_may_be_null_with_size_0)
{
    static int out[500];
    static bool seen[501];
    struct sides s = {0, 0};
    weft_pool *pool = sem_pool();
    cr_assert_eq(
        weft_parallel_map(pool, no_input, NULL, 0, out, sizeof *out, 500, WEFT_MAP_CONFIG(.ctx = &s)), 0);
    for (int i = 0; i < 500; i++) {
        cr_assert(out[i] >= 1 && out[i] <= 500 && !seen[out[i]], "each call has its own item");
        seen[out[i]] = true;
    }
    cr_assert_eq(
        weft_parallel_map(pool, no_output, out, sizeof *out, NULL, 0, 500, WEFT_MAP_CONFIG(.ctx = &s)), 0);
    cr_assert_eq(weft_parallel_map(pool, neither, NULL, 0, NULL, 0, 500, WEFT_MAP_CONFIG(.ctx = &s)), 0);
    cr_assert_eq(atomic_load(&s.calls), 1500);
    cr_assert_eq(atomic_load(&s.bad), 0);
    sem_end(pool);
}

/* ---- errors ---- */
struct plan {
    int answer[N]; /* the status that each item is to give */
    atomic_uchar ran[N];
    atomic_size_t order; /* how many have run; serial runs check the order with it */
    atomic_int out_of_order;
    bool slow_successes; /* after the first item, which fails, has begun */
    atomic_int first_began;
};

static int planned(void *out, const void *in, void *ctx)
{
    struct plan *p = ctx;
    long i = *(const long *)in;
    atomic_fetch_add(&p->ran[i], 1);
    if (atomic_fetch_add(&p->order, 1) != (size_t)i)
        atomic_store(&p->out_of_order, 1);
    if (i == 0)
        atomic_store(&p->first_began, 1);
    if (p->slow_successes && p->answer[i] == 0) {
        flag_wait(&p->first_began);
        busy(20000);
    }
    *(long *)out = i * 2 + 1;
    return p->answer[i];
}

struct outcome {
    int err, status[N];
    long out[N];
    weft_map_report report;
};

static void map_planned(weft_pool *pool, struct plan *p, struct outcome *o, int on_error)
{
    long *in = numbers(N);
    memset(o, 0x5a, sizeof *o);
    o->err = weft_parallel_map(
        pool, planned, in, sizeof *in, o->out, sizeof *o->out, N,
        WEFT_MAP_CONFIG(.on_error = on_error, .ctx = p, .status = o->status, .report = &o->report));
    free(in);
}

/* Everything that the call says against the items' own record. */
static void check_outcome(const struct plan *p, const struct outcome *o)
{
    size_t done = 0, failed = 0, first = N;
    for (size_t i = 0; i < N; i++) {
        int ran = atomic_load(&p->ran[i]);
        cr_assert_leq(ran, 1, "item %zu ran twice", i);
        done += ran && p->answer[i] == 0;
        failed += ran && p->answer[i] != 0;
        if (ran && p->answer[i] != 0 && first == N)
            first = i;
        cr_assert_eq(o->status[i], ran ? p->answer[i] : -ECANCELED, "status of item %zu", i);
        cr_assert(!ran || o->out[i] == (long)i * 2 + 1, "result of item %zu", i);
    }
    cr_assert_eq(o->report.done, done);
    cr_assert_eq(o->report.failed, failed);
    cr_assert_eq(o->report.index, first);
    cr_assert_eq(o->report.status, first < N ? p->answer[first] : 0);
    cr_assert_eq(o->err, failed ? WEFT_EITEM : 0);
}

static struct plan plan;
static struct outcome outcome;

static void plan_some_failures(unsigned seed)
{
    memset(&plan, 0, sizeof plan);
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        if (seed >> 16 < 655)
            plan.answer[i] = (seed >> 8) & 1 ? (int)(seed >> 20) + 1 : -(int)(seed >> 20) - 200;
    }
}

PROMISE(a_map_without_failures_reports_all_items_done)
{
    weft_pool *pool = sem_pool();
    memset(&plan, 0, sizeof plan);
    for (int on_error = WEFT_FAIL_FAST; on_error <= WEFT_COLLECT; on_error++) {
        memset(plan.ran, 0, sizeof plan.ran);
        map_planned(pool, &plan, &outcome, on_error);
        check_outcome(&plan, &outcome);
        cr_assert_eq(outcome.report.done, N);
        cr_assert_eq(outcome.report.index, N);
    }
    sem_end(pool);
}

PROMISE(collect_runs_every_item_and_gives_each_its_status)
{
    weft_pool *pool = sem_pool();
    for (unsigned seed = 1; seed <= 10; seed++) {
        plan_some_failures(seed);
        map_planned(pool, &plan, &outcome, WEFT_COLLECT);
        check_outcome(&plan, &outcome);
        cr_assert_eq(outcome.report.done + outcome.report.failed, N, "an item did not run");
        cr_assert_gt(outcome.report.failed, 0);
    }
    sem_end(pool);
}

PROMISE(fail_fast_reports_the_lowest_failed_index_among_those_that_ran)
{
    weft_pool *pool = sem_pool();
    for (unsigned seed = 1; seed <= 40; seed++) {
        plan_some_failures(seed);
        map_planned(pool, &plan, &outcome, WEFT_FAIL_FAST);
        check_outcome(&plan, &outcome);
        cr_assert_geq(outcome.report.failed, 1);
    }
    sem_end(pool);
}

PROMISE(fail_fast_is_the_default)
{
    weft_pool *pool = sem_pool();
    plan_some_failures(3);
    map_planned(pool, &plan, &outcome, 0);
    check_outcome(&plan, &outcome);
    cr_assert_lt(outcome.report.done + outcome.report.failed, N);
    sem_end(pool);
}

/* The others may run on while the caller has no CPU between its item's failure and its word of it: not each time. */
PROMISE(fail_fast_starts_no_further_item)
{
    weft_pool *pool = sem_pool();
    size_t least = N;
    for (int tries = 0; tries < 10 && least >= N / 2; tries++) {
        memset(&plan, 0, sizeof plan);
        plan.answer[0] = 1;
        plan.slow_successes = true;
        map_planned(pool, &plan, &outcome, WEFT_FAIL_FAST);
        check_outcome(&plan, &outcome);
        cr_assert_eq(outcome.report.index, 0);
        least = outcome.report.done < least ? outcome.report.done : least;
    }
    cr_assert_lt(least, N / 2, "%zu items ran on", least);
    sem_end(pool);
}

PROMISE(positive_and_negative_statuses_come_through_unchanged)
{
    static const int values[] = {1, -1, INT32_MAX, INT32_MIN, -EINVAL, 4097, -4097, -ENOMEM};
    weft_pool *pool = sem_pool();
    memset(&plan, 0, sizeof plan);
    for (int i = 0; i < N; i++)
        plan.answer[i] = values[i % 8];
    map_planned(pool, &plan, &outcome, WEFT_COLLECT);
    check_outcome(&plan, &outcome);
    cr_assert_eq(outcome.report.failed, N);
    cr_assert_eq(outcome.report.status, 1);
    sem_end(pool);
}

static int map_in_a_task(void *pool)
{
    map_planned(pool, &plan, &outcome, WEFT_FAIL_FAST);
    return 0;
}

/* In a pool without workers, or in a task of the only one: it may have looked for work before a guest came. */
PROMISE(items_run_in_order_in_the_caller_where_only_it_can_run_them)
{
    weft_future *future;
    int workers = sem_threads() == 1 ? 1 : WEFT_NONE;
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = workers));
    memset(&plan, 0, sizeof plan);
    plan.answer[700] = -7;
    plan.answer[3] = 0;
    cr_assert_eq(weft_submit(sem_door(pool), map_in_a_task, pool, &future), 0);
    while (weft_future_state(future) != WEFT_DONE) /* to get it would run it here */
        sched_yield();
    weft_future_release(future);
    check_outcome(&plan, &outcome);
    cr_assert_eq(atomic_load(&plan.out_of_order), 0, "with %d workers", workers);
    cr_assert_eq(outcome.report.done, 700);
    cr_assert_eq(outcome.report.index, 700);
    sem_end(pool);
}

static int who(void *out, const void *in, void *ctx)
{
    (void)in;
    (void)ctx;
    *(pthread_t *)out = pthread_self();
    return 0;
}

PROMISE(one_item_runs_in_the_caller)
{
    weft_pool *pool = sem_pool();
    weft_map_report report = {9, 9, 9, 9};
    for (int i = 0; i < 200; i++) {
        pthread_t runner;
        cr_assert_eq(weft_parallel_map(pool, who, NULL, 0, &runner, sizeof runner, 1,
                                       WEFT_MAP_CONFIG(.report = &report)),
                     0);
        cr_assert(pthread_equal(runner, pthread_self()));
    }
    cr_assert(report.done == 1 && report.failed == 0 && report.index == 1 && report.status == 0);
    sem_end(pool);
}

PROMISE(no_items_report_nothing_done)
{
    weft_pool *pool = sem_pool();
    weft_map_report report = {9, 9, 9, 9};
    long x = 0;
    cr_assert_eq(
        weft_parallel_map(pool, triple, &x, sizeof x, &x, sizeof x, 0, WEFT_MAP_CONFIG(.report = &report)),
        0);
    cr_assert(report.done == 0 && report.failed == 0 && report.index == 0 && report.status == 0);
    sem_end(pool);
}

/* ---- nested ---- */
static int inner_sum(void *out, const void *in, void *ctx)
{
    long *values = numbers(100), sum = 0;
    int err = weft_parallel_map(NULL, triple, values, sizeof *values, values, sizeof *values, 100, NULL);
    (void)ctx;
    for (int i = 0; i < 100; i++)
        sum += values[i];
    free(values);
    *(long *)out = sum + *(const long *)in;
    return err;
}

PROMISE(maps_nest)
{
    weft_pool *pool = sem_pool();
    long *in = numbers(300), out[300];
    cr_assert_eq(weft_parallel_map(pool, inner_sum, in, sizeof *in, out, sizeof *out, 300, NULL), 0);
    for (long i = 0; i < 300; i++)
        cr_assert_eq(out[i], 14850 + i);
    free(in);
    sem_end(pool);
}
