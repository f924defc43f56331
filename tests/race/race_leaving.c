/* SPDX-License-Identifier: MIT */
/* race_leaving.c - pools that are destroyed in the moment in which their last guest leaves.
 *
 * - A guest's last act inside is a post. The thread that sees the posts of all guests tries to destroy the pool
 *   until it may, so that it frees the pool while the guests are in their last instructions there.
 * - Whatever a guest still reads then was freed: AddressSanitizer sees it when it happens, ThreadSanitizer also
 *   when it only could have happened, for nothing orders that read before the end of the pool.
 * - With two guests and more the first to leave wakes a worker, which is the longest way out.
 */
#include "stress.h"

#include <errno.h>

#define GUESTS_MAX 3
#define POOLS 300

static WEFT_TASK(long, fib, int)

    static long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

/* Written by the host before `turn`, read by the guests after it. */
static weft_pool *pool_of_turn;
static atomic_int turn, posts;

struct guest {
    int number, turn;
    long wrong;
};

/* Sometimes at once, sometimes when the workers have gone to sleep. */
static void linger(uint64_t number)
{
    unsigned turns = mix(number) % 4 ? 0 : (unsigned)(mix(number) >> 40) % 20000;
    for (volatile unsigned i = 0; i < turns; i++)
        continue;
}

static void visit(void *arg)
{
    struct guest *g = arg;
    g->wrong += fib(7) != 13;
    linger((uint64_t)(g->number * 100000 + g->turn));
    atomic_fetch_add(&posts, 1);
}

static void wait_for(atomic_int *number, int value)
{
    for (unsigned tries = 1; atomic_load(number) < value; tries++)
        if (tries % 256 == 0)
            sched_yield();
}

static void *guest_thread(void *arg)
{
    struct guest *g = arg;
    for (g->turn = 1; g->turn <= POOLS; g->turn++) {
        wait_for(&turn, g->turn);
        g->wrong += weft_run(pool_of_turn, visit, g) != 0;
    }
    return NULL;
}

static int destroy_when_left(weft_pool *pool)
{
    int err;
    for (unsigned tries = 1; (err = weft_pool_destroy(pool)) == -EBUSY; tries++)
        if (tries % 256 == 0)
            sched_yield();
    return err;
}

static weft_pool *new_pool(int workers, int seats, int number)
{
    weft_pool *pool = NULL;
    int err =
        weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers ? workers : WEFT_NONE, .seats = seats,
                                                 .flat = 1, .spin_ns = number % 2 ? WEFT_NONE : 0));
    if (!CHECK(err == 0, "pool of %d workers: %s", workers, weft_strerror(err)))
        exit(tally_end());
    return pool;
}

static int one_pool(int workers, int guests, int number)
{
    pool_of_turn = new_pool(workers, guests, number);
    atomic_store(&posts, 0);
    atomic_store(&turn, number);
    wait_for(&posts, guests);
    return destroy_when_left(pool_of_turn);
}

static void pools(int workers, int guests)
{
    struct guest g[GUESTS_MAX];
    pthread_t threads[GUESTS_MAX];
    int wrong = 0;
    atomic_store(&turn, 0);
    for (int i = 0; i < guests; i++) {
        g[i] = (struct guest){i, 0, 0};
        CHECK(pthread_create(&threads[i], NULL, guest_thread, &g[i]) == 0, "host thread");
    }
    for (int i = 1; i <= POOLS; i++)
        wrong += one_pool(workers, guests, i) != 0;
    CHECK(wrong == 0, "%d of %d pools of %d workers were not destroyed", wrong, POOLS, workers);
    for (int i = 0; i < guests; i++) {
        pthread_join(threads[i], NULL);
        CHECK(g[i].wrong == 0, "guest %d of %d, %d workers: %ld wrong", i, guests, workers, g[i].wrong);
    }
}

int main(void)
{
    stress_start("race_leaving");
    for (int guests = 1; guests <= GUESTS_MAX; guests++)
        for (int workers = 0; workers <= 2; workers++)
            pools(workers, guests);
    return tally_end();
}
