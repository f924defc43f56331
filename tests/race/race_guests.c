/* SPDX-License-Identifier: MIT */
/* race_guests.c - threads from outside come and go: more of them than seats, idle gaps, two pools crossed.
 *
 * - Guests enter with forks, loops and maps; each checks its own results in plain memory.
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
    *(long *)out = fib(11);
}

static void fill_body(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        ((unsigned char *)arg)[i]++;
}

struct guest {
    weft_pool *pool, *other;
    int number, rounds, crosses;
    long wrong;
};

static void enter_other(void *arg)
{
    struct guest *g = arg;
    long result = 0;
    g->wrong += weft_run(g->other, run_fib, &result) != 0 || result != 89;
    g->wrong += weft_run(g->pool, run_fib, &result) != 0 || result != 89;
}

static void *guest_thread(void *arg)
{
    struct guest *g = arg;
    unsigned char bytes[300];
    for (int i = 0; i < g->rounds; i++) {
        long result = 0;
        memset(bytes, 0, sizeof bytes);
        g->wrong += weft_run(g->pool, run_fib, &result) != 0 || result != 89;
        g->wrong += weft_parallel_for(g->pool, 0, sizeof bytes, fill_body, bytes) != 0;
        for (size_t k = 0; k < sizeof bytes; k++)
            g->wrong += bytes[k] != 1;
        if (g->crosses)
            g->wrong += weft_run(g->pool, enter_other, g) != 0;
        disturb((uint64_t)(g->number * 1000003 + i));
    }
    return NULL;
}

static void crowd(int workers, int seats, int guests, int crosses)
{
    weft_pool *pools[2] = {stress_pool(workers, seats), stress_pool(2, seats)};
    struct guest g[24];
    pthread_t threads[24];
    for (int i = 0; i < guests; i++) {
        g[i] = (struct guest){pools[crosses * i % 2], pools[1 - crosses * i % 2], i, 300, crosses, 0};
        CHECK(pthread_create(&threads[i], NULL, guest_thread, &g[i]) == 0, "host thread");
    }
    for (int i = 0; i < guests; i++) {
        pthread_join(threads[i], NULL);
        CHECK(g[i].wrong == 0, "guest %d of %d, %d workers, %d seats: %ld wrong", i, guests, workers, seats,
              g[i].wrong);
    }
    stress_end(pools[0]);
    stress_end(pools[1]);
}

/* ---- short calls with idle gaps around the time that workers need to fall asleep ---- */
static void gaps(int workers, int64_t spin_ns)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .spin_ns = spin_ns));
    long wrong = 0;
    if (!CHECK(err == 0, "pool: %s", weft_strerror(err)))
        return;
    for (uint64_t i = 0; i < 4000; i++) {
        long result = 0;
        struct timespec gap = {0, (long)(mix(i) % 120000)};
        wrong += weft_run(pool, run_fib, &result) != 0 || result != 89;
        if (mix(i) % 3 == 0)
            nanosleep(&gap, NULL);
        else
            for (volatile unsigned k = 0; k < mix(i) % 4000; k++)
                continue;
    }
    CHECK(wrong == 0, "short calls with gaps, %d workers: %ld wrong", workers, wrong);
    stress_end(pool);
}

/* A child that only somebody else can start, after every gap: a lost wake-up is a hang. */
static atomic_int flag;
static WEFT_TASK_VOID(raise_flag)

    static void raise_flag(void)
{
    atomic_store(&flag, 1);
}

static void fork_then_wait_for_flag(void *arg)
{
    (void)arg;
    weft_fork(raise_flag, h);
    while (!atomic_load(&flag))
        sched_yield();
    weft_join(raise_flag, h);
}

static void wakes(int workers, int64_t spin_ns)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .spin_ns = spin_ns));
    if (!CHECK(err == 0, "pool: %s", weft_strerror(err)))
        return;
    for (uint64_t i = 0; i < 2000; i++) {
        atomic_store(&flag, 0);
        CHECK(weft_run(pool, fork_then_wait_for_flag, NULL) == 0 && atomic_load(&flag), "turn %d", (int)i);
        for (volatile unsigned k = 0; k < mix(i) % 20000; k++)
            continue;
    }
    stress_end(pool);
}

int main(void)
{
    stress_start("race_guests");
    crowd(2, 3, 12, 0);
    crowd(4, 16, 8, 0);
    crowd(3, 2, 10, 1);
    crowd(8, 1, 6, 1);
    gaps(2, 0);
    gaps(5, WEFT_NONE);
    wakes(2, 0);
    wakes(3, WEFT_NONE);
    return tally_end();
}
