/* SPDX-License-Identifier: MIT */
/* race_lifecycle.c - pools created and destroyed around work, by several threads; worker-local values.
 *
 * - Plain memory written before create and in tasks is read in tasks and after destroy.
 */
#include "stress.h"

static WEFT_TASK(long, fib, int)

    static long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void run_fib(void *out)
{
    *(long *)out = fib(12);
}

/* ---- lives ---- */
struct life {
    int number;
    long wrong;
};

static void *live(void *arg)
{
    struct life *l = arg;
    for (int i = 0; i < 300; i++) {
        long result = 0;
        weft_pool *pool = stress_pool(2 + (l->number + i) % 4, 0);
        if (mix((uint64_t)(l->number * 100 + i)) % 4) /* some die unused */
            l->wrong += weft_run(pool, run_fib, &result) != 0 || result != 144;
        disturb((uint64_t)(l->number * 1000 + i));
        if (i % 3 == 0) /* reads what the threads note about themselves as they start */
            l->wrong += weft_pool_describe(pool, NULL, 0) <= 0;
        stress_end(pool);
    }
    return NULL;
}

static void lives(void)
{
    struct life l[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        l[i] = (struct life){i, 0};
        CHECK(pthread_create(&threads[i], NULL, live, &l[i]) == 0, "host thread");
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(l[i].wrong == 0, "thread %d: %ld wrong", i, l[i].wrong);
    }
}

/* ---- the default pool, started by many ---- */
static void *start_default(void *arg)
{
    long *result = arg;
    if (weft_run(NULL, run_fib, result))
        *result = -1;
    return NULL;
}

static void defaults(void)
{
    for (int round = 0; round < 150; round++) {
        long results[6] = {0};
        pthread_t threads[6];
        weft_pool *pool = NULL;
        for (int i = 0; i < 6; i++)
            CHECK(pthread_create(&threads[i], NULL, start_default, &results[i]) == 0, "host thread");
        for (int i = 0; i < 6; i++) {
            pthread_join(threads[i], NULL);
            CHECK(results[i] == 144, "default pool, thread %d: %ld", i, results[i]);
        }
        CHECK(weft_pool_default(&pool) == 0 && weft_pool_destroy(pool) == 0, "destroy of the default pool");
    }
}

/* ---- worker-local values: plain counters ---- */
struct counts {
    weft_local *local;
    atomic_int made, ended, bad;
};

static int make(void *value, void *ctx)
{
    struct counts *c = ctx;
    *(long *)value = 1000;
    return atomic_fetch_add(&c->made, 1) % 5 == 3 ? (atomic_fetch_add(&c->ended, 1), -1) : 0;
}

static void end(void *value, void *ctx)
{
    struct counts *c = ctx;
    if (*(long *)value < 1000)
        atomic_fetch_add(&c->bad, 1);
    *(long *)value = 0;
    atomic_fetch_add(&c->ended, 1);
}

static void count_body(size_t begin, size_t end_, void *arg)
{
    struct counts *c = arg;
    for (size_t i = begin; i < end_; i++) {
        long *mine = weft_local_get(c->local);
        for (int tries = 0; !mine && tries < 50; tries++)
            mine = weft_local_get(c->local); /* an init in five fails */
        if (mine)
            ++*mine;
        else
            atomic_fetch_add(&c->bad, 1);
        disturb(i);
    }
}

static void add_up(void *value, void *sum)
{
    *(long *)sum += *(long *)value - 1000;
}

static void *count_guest(void *arg)
{
    struct counts *c = ((void **)arg)[0];
    if (weft_parallel_for(((void **)arg)[1], 0, 20000, count_body, c))
        atomic_fetch_add(&c->bad, 1);
    return NULL;
}

static void local_values(int workers, int destroy_first)
{
    struct counts c = {0};
    weft_pool *pool = stress_pool(workers, 3);
    void *both[] = {&c, pool};
    pthread_t threads[6];
    long sum = 0;
    CHECK(weft_local_create(&c.local, pool,
                            WEFT_LOCAL_CONFIG(.bytes = sizeof(long), .init = make, .fini = end, .ctx = &c)) ==
              0,
          "local_create");
    for (int i = 0; i < 6; i++)
        CHECK(pthread_create(&threads[i], NULL, count_guest, both) == 0, "host thread");
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    weft_local_each(c.local, add_up, &sum);
    CHECK(sum == 120000, "the values add up, %d workers: %ld", workers, sum);
    if (destroy_first)
        weft_local_destroy(c.local);
    stress_end(pool);
    CHECK(atomic_load(&c.made) == atomic_load(&c.ended), "each value made is ended once: %d, %d",
          atomic_load(&c.made), atomic_load(&c.ended));
    CHECK(atomic_load(&c.bad) == 0, "%d things wrong with %d workers", atomic_load(&c.bad), workers);
}

int main(void)
{
    stress_start("race_lifecycle");
    lives();
    defaults();
    for (int workers = 2; workers <= 8; workers += 2)
        for (int destroy_first = 0; destroy_first <= 1; destroy_first++)
            local_values(workers, destroy_first);
    return tally_end();
}
