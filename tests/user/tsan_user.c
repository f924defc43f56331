/* SPDX-License-Identifier: MIT */
/*
 * tsan_user.c - a user's program, for ThreadSanitizer against an ordinary, uninstrumented libweft.
 *
 * - Plain data flows from parents to children and back, through every kind of call; a missing edge between
 *   library and sanitizer shows up as a false report.
 * - With PLANT_RACE the children also count in one plain variable, and two items for sure at the same time in many: that
 *   must still be reported.
 * - run_tsan_user.sh builds and runs it; it is also an ordinary test, for the values alone.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/weft.h>

enum { DEPTH = 14, LEAF_NUMBERS = 16, ITEMS = 20000, ROUNDS = 8, GUESTS = 3 };

static int passed, failed, wrong;

#ifdef PLANT_RACE
static long touched[1000];
static int met, moment[2]; /* met relaxed: it orders nothing */

__attribute__((noinline)) static void touch(int which)
{
    touched[which]++;
}
#define TOUCH() touch(0)

/* The sanitizer does not see every race. It looks at a variable once in each moment of a thread, which ends when it releases
 * something; two who look at the very same time miss each other; and when the other's last steps are not to be had just then it
 * says nothing, and does not look at that variable again. */
static void meet_and_touch(size_t begin, size_t end, void *unused)
{
    (void)unused;
    for (size_t i = begin; i < end; i++) {
        __atomic_fetch_add(&met, 1, __ATOMIC_RELAXED);
        while (__atomic_load_n(&met, __ATOMIC_RELAXED) < 2)
            sched_yield();
        for (int which = 0; which < 1000; which++) {
            touch(which);
            __atomic_store_n(&moment[i], which, __ATOMIC_RELEASE);
        }
    }
}
#define PLANT(pool) ((void)(met = 0, weft_parallel_for(pool, 0, 2, meet_and_touch, NULL)))
#else
#define TOUCH() ((void)0)
#define PLANT(pool) ((void)0)
#endif

static void check(int ok, const char *what)
{
    wrong += !ok;
    if (!ok)
        printf("wrong: %s\n", what);
}

/* A test is a part of main for one pool; its checks count once, together. */
static void end_test(void)
{
    wrong ? failed++ : passed++;
    wrong = 0;
}

/* ---- fork and join: the parent writes its child's input and reads its output ------------------- */

struct half {
    long in[LEAF_NUMBERS];
    long out;
};

WEFT_TASK_VOID(grow, struct half *, int)

static long both(const struct half *left, const struct half *right)
{
    return left->out + right->out;
}

void grow(struct half *half, int depth)
{
    if (depth == 0) {
        TOUCH();
        half->out = 0;
        for (int i = 0; i < LEAF_NUMBERS; i++)
            half->out += half->in[i];
        return;
    }
    struct half *halves = malloc(2 * sizeof *halves);
    if (!halves)
        abort();
    halves[0] = *half;
    halves[1] = *half;
    weft_fork(grow, left, &halves[0], depth - 1);
    grow(&halves[1], depth - 1);
    weft_join(grow, left);
    half->out = both(&halves[0], &halves[1]);
    free(halves);
}

WEFT_TASK(long, sum, const long *, size_t)

long sum(const long *numbers, size_t n)
{
    if (n < 8) {
        long total = 0;
        for (size_t i = 0; i < n; i++)
            total += numbers[i];
        return total;
    }
    weft_fork(sum, left, numbers, n / 2);
    long right = sum(numbers + n / 2, n - n / 2);
    return weft_join(sum, left) + right;
}

/* A child that is dropped has run or not; what it was to read lives until the drop. */
WEFT_TASK_VOID(note, int *)

void note(int *place)
{
    *place += 1;
}

static int dropped(void)
{
    int places[2] = {0, 0};
    weft_fork(note, first, &places[0]);
    weft_fork(note, second, &places[1]);
    weft_join(note, second);
    weft_drop(note, first);
    return places[0] <= 1 && places[1] == 1;
}

static void fork_and_join(void *unused)
{
    static long numbers[ITEMS];
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        struct half root = {.out = 0};
        for (int i = 0; i < LEAF_NUMBERS; i++)
            root.in[i] = round + i;
        grow(&root, DEPTH);
        check(root.out == (1L << DEPTH) * (LEAF_NUMBERS * round + LEAF_NUMBERS * (LEAF_NUMBERS - 1) / 2),
              "fork and join: the sum over the tree");
        for (size_t i = 0; i < ITEMS; i++)
            numbers[i] = round;
        check(sum(numbers, ITEMS) == (long)round * ITEMS, "fork and join: the sum of an array");
        check(dropped(), "fork and drop");
    }
}

/* ---- loops, reductions, maps, worker-local values ------------------------------------------------ */

struct table {
    long in[ITEMS], out[ITEMS];
    weft_local *sums;
};

static void square(size_t begin, size_t end, void *ctx)
{
    struct table *table = ctx;
    for (size_t i = begin; i < end; i++)
        table->out[i] = table->in[i] * table->in[i];
    TOUCH();
}

static int negate(void *out, const void *in, void *ctx)
{
    (void)ctx;
    *(long *)out = -*(const long *)in;
    return 0;
}

static void count(size_t begin, size_t end, void *ctx)
{
    const struct table *table = ctx;
    long *sum_here = weft_local_get(table->sums);
    if (!sum_here)
        abort();
    for (size_t i = begin; i < end; i++)
        *sum_here += table->out[i];
}

static void add(void *value, void *ctx)
{
    *(long *)ctx += *(long *)value;
}

static void inner(size_t begin, size_t end, void *ctx)
{
    struct table *tables = ctx;
    for (size_t i = begin; i < end; i++) {
        long *row = tables->out + i * 100;
        weft_parallel_map(NULL, negate, row, sizeof *row, row, sizeof *row, 100, NULL);
    }
}

/* Accumulators that own what they point to: written by the body, read and freed by combine. */
struct range {
    long *sum;
    size_t end;
};

static void add_range(size_t begin, size_t end, void *acc, void *ctx)
{
    struct range *range = acc;
    const struct table *table = ctx;
    if (!range->sum && !(range->sum = calloc(1, sizeof *range->sum)))
        abort();
    for (size_t i = begin; i < end; i++)
        *range->sum += table->out[i];
    range->end = end;
}

static void add_ranges(void *acc, const void *right, void *ctx)
{
    struct range *left = acc;
    const struct range *more = right;
    (void)ctx;
    *left->sum += *more->sum;
    left->end = more->end;
    free(more->sum);
}

static void square_half(void *arg)
{
    struct table *table = arg;
    square(0, ITEMS / 2, table);
}

static void square_rest(void *arg)
{
    struct table *table = arg;
    square(ITEMS / 2, ITEMS, table);
}

static void reductions(weft_pool *pool, struct table *table, long expected)
{
    const weft_call calls[] = {{square_half, table}, {square_rest, table}};
    struct range all;
    memset(table->out, 0, sizeof table->out);
    check(weft_parallel_invoke(pool, calls, 2) == 0, "invoke: its answer");
    check(weft_parallel_reduce(pool, 0, ITEMS, add_range, add_ranges, NULL, &all, sizeof all, table) == 0,
          "reduce: its answer");
    check(*all.sum == expected && all.end == ITEMS, "reduce: the sum of what the calls wrote");
    free(all.sum);
}

static long total_of(const struct table *table)
{
    long total = 0;
    for (size_t i = 0; i < ITEMS; i++)
        total += table->out[i];
    return total;
}

static void bulk(weft_pool *pool, struct table *table)
{
    long expected = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        table->in[i] = (long)i % 100;
        expected += table->in[i] * table->in[i];
    }
    check(weft_parallel_for(pool, 0, ITEMS, square, table) == 0, "for: its answer");
    check(total_of(table) == expected, "for: what the items wrote");

    reductions(pool, table, expected);

    long total = 0;
    check(weft_local_create(&table->sums, pool, WEFT_LOCAL_CONFIG(.bytes = sizeof(long))) == 0,
          "local: create");
    check(weft_parallel_for(pool, 0, ITEMS, count, table) == 0, "local: the loop's answer");
    weft_local_each(table->sums, add, &total);
    weft_local_destroy(table->sums);
    check(total == expected, "local: the sum of the workers' sums");

    weft_map_report report;
    check(weft_parallel_map(pool, negate, table->in, sizeof(long), table->out, sizeof(long), ITEMS,
                            WEFT_MAP_CONFIG(.report = &report)) == 0 &&
              report.done == ITEMS,
          "map: its answer and report");
    check(weft_parallel_for(pool, 0, ITEMS / 100, inner, table) == 0, "maps in a loop: the answer");
    check(memcmp(table->in, table->out, sizeof table->in) == 0, "maps in a loop: what the items wrote");
}

/* ---- several threads of the user's own in one pool ----------------------------------------------- */

struct guest {
    weft_pool *pool;
    long *numbers;
    long result;
};

static void guest_root(void *arg)
{
    struct guest *guest = arg;
    for (size_t i = 0; i < ITEMS; i++)
        guest->numbers[i] += 1;
    guest->result = sum(guest->numbers, ITEMS);
}

static void *guest_main(void *arg)
{
    struct guest *guest = arg;
    for (int round = 0; round < ROUNDS; round++)
        if (weft_run(guest->pool, guest_root, guest))
            abort();
    return NULL;
}

static void guests(weft_pool *pool)
{
    pthread_t threads[GUESTS];
    struct guest guest[GUESTS];
    for (int i = 0; i < GUESTS; i++) {
        guest[i] = (struct guest){.pool = pool, .numbers = calloc(ITEMS, sizeof(long))};
        if (!guest[i].numbers || pthread_create(&threads[i], NULL, guest_main, &guest[i]))
            abort();
    }
    for (int i = 0; i < GUESTS; i++) {
        pthread_join(threads[i], NULL);
        check(guest[i].result == (long)ROUNDS * ITEMS, "guests: what each computed");
        free(guest[i].numbers);
    }
}

/* ---- one pool after the other: what one wrote, the next reads ------------------------------------ */

int main(void)
{
    static struct table table;
    for (int own = 0; own < 3; own++) {
        weft_pool *pool = NULL;
        check(!own || weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = own * 2)) == 0, "create");
        check(weft_run(pool, fork_and_join, NULL) == 0, "run");
        end_test();
        for (int round = 0; round < ROUNDS; round++)
            bulk(pool, &table);
        end_test();
        guests(pool);
        if (own)
            PLANT(pool);
        check(weft_pool_destroy(pool) == 0, "destroy");
        end_test();
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
