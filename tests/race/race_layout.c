/* SPDX-License-Identifier: MIT */
/* race_layout.c - loops and reductions that are laid out over NUMA nodes, from several guests at once, with loops inside;
 * each item counts itself once.
 *
 * - Items are plain counters: run twice or at the same time they are a race or a wrong count.
 * - The machine is imagined: places on four nodes, whatever the threads run on.
 */
#include "stress.h"

#include <hwloc.h>

enum { GUESTS = 3, MOST = 3000, ROUNDS = 150, INNER = 20 };

struct guest {
    weft_pool *pool;
    unsigned times[MOST], number;
    size_t wrong;
};

static void nothing(size_t begin, size_t end, void *arg)
{
    disturb(begin + end + *(size_t *)arg);
}

static void body(size_t begin, size_t end, void *arg)
{
    struct guest *g = arg;
    for (size_t i = begin; i < end; i++) {
        disturb(i * 7919 + g->number);
        g->times[i]++;
        if (i % 64 == 0 && weft_parallel_for(NULL, 0, INNER, nothing, &i))
            g->times[i] = 0;
    }
}

static void add(size_t begin, size_t end, void *sum, void *arg)
{
    disturb(begin);
    for (size_t i = begin; i < end; i++)
        *(uint64_t *)sum += ((struct guest *)arg)->times[i] * i;
}

static void add_up(void *sum, const void *right, void *arg)
{
    (void)arg;
    *(uint64_t *)sum += *(const uint64_t *)right;
}

static void *loops(void *arg)
{
    struct guest *g = arg;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t sum = 0, n = (round * 37) % MOST;
        memset(g->times, 0, sizeof g->times);
        g->wrong += weft_parallel_for(g->pool, 0, n, body, g) != 0;
        g->wrong += weft_parallel_reduce(g->pool, 0, n, add, add_up, NULL, &sum, sizeof sum, g) != 0;
        g->wrong += sum != (n ? n * (n - 1) / 2 : 0);
        for (size_t i = 0; i < MOST; i++)
            g->wrong += g->times[i] != (i < n);
    }
    return NULL;
}

static void guests(weft_pool *pool)
{
    static struct guest guest[GUESTS];
    pthread_t thread[GUESTS];
    for (unsigned i = 0; i < GUESTS; i++) {
        guest[i] = (struct guest){.pool = pool, .number = i};
        CHECK(pthread_create(&thread[i], NULL, loops, &guest[i]) == 0, "guest");
    }
    for (unsigned i = 0; i < GUESTS; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0, "join");
        CHECK(guest[i].wrong == 0, "guest %u: %zu wrong", i, guest[i].wrong);
    }
}

int main(void)
{
    hwloc_topology_t t;
    stress_start("race_layout");
    CHECK(hwloc_topology_init(&t) == 0 && hwloc_topology_set_synthetic(t, "numa:4 core:1 pu:2") == 0 &&
              hwloc_topology_load(t) == 0,
          "a machine");
    for (int workers = 2; workers <= 8; workers += 3) {
        weft_pool *pool = NULL;
        CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers, .topology = t)) == 0, "create");
        guests(pool);
        stress_end(pool);
    }
    hwloc_topology_destroy(t);
    return tally_end();
}
