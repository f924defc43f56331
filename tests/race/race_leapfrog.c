/* SPDX-License-Identifier: MIT */
/* race_leapfrog.c - deep unbalanced trees with yields and sleeps planted in them: steals, steals back, waits.
 *
 * - The shape of each tree comes from its seed alone, so that a serial walk knows the result.
 * - One tree is a comb whose long branch is forked, one whose long branch is called, one is random.
 */
#include "stress.h"

enum shape { FORKED_COMB, CALLED_COMB, RANDOM_TREE, SHAPES };
static WEFT_TASK(uint64_t, walk, int, int, uint64_t)

    static uint64_t serial(int shape, int depth, uint64_t id);

/* The depths of the two children of a node. */
static void branch(int shape, int depth, uint64_t id, int *left, int *right)
{
    int side = depth / 8;
    *left = shape == FORKED_COMB ? depth - 1 : side;
    *right = shape == CALLED_COMB ? depth - 1 : side;
    if (shape == RANDOM_TREE) {
        *left = depth - 1 - (int)(mix(id) % 4);
        *right = depth - 1 - (int)(mix(id + 7) % 5);
    }
}

static uint64_t walk(int shape, int depth, uint64_t id)
{
    int left, right;
    if (depth <= 0)
        return mix(id) & 0xffff;
    branch(shape, depth, id, &left, &right);
    disturb(id);
    weft_fork(walk, l, shape, left, 2 * id);
    uint64_t r = walk(shape, right, 2 * id + 1);
    disturb(id ^ 0x5555);
    return weft_join(walk, l) * 3 + r;
}

static uint64_t serial(int shape, int depth, uint64_t id)
{
    int left, right;
    if (depth <= 0)
        return mix(id) & 0xffff;
    branch(shape, depth, id, &left, &right);
    return serial(shape, left, 2 * id) * 3 + serial(shape, right, 2 * id + 1);
}

struct tree {
    int shape, depth;
    uint64_t id, result;
};

static void run_tree(void *arg)
{
    struct tree *t = arg;
    t->result = walk(t->shape, t->depth, t->id);
}

static void grow(weft_pool *pool, int workers)
{
    static const int depths[SHAPES] = {140, 140, 26};
    for (int shape = 0; shape < SHAPES; shape++)
        for (uint64_t id = 1; id <= 30; id++) {
            struct tree t = {shape, depths[shape], id * 977, 0};
            int err = weft_run(pool, run_tree, &t);
            CHECK(err == 0 && t.result == serial(t.shape, t.depth, t.id), "shape %d, tree %d, %d workers",
                  shape, (int)id, workers);
        }
}

/* ---- several trees at once, from outside ---- */
struct grower {
    weft_pool *pool;
    int workers;
};

static void *grower_thread(void *arg)
{
    struct grower *g = arg;
    grow(g->pool, g->workers);
    return NULL;
}

int main(void)
{
    stress_start("race_leapfrog");
    for (int workers = 2; workers <= 8; workers += 3) {
        weft_pool *pool = stress_pool(workers, 2);
        struct grower g = {pool, workers};
        pthread_t threads[3];
        grow(pool, workers);
        for (int i = 0; i < 3; i++)
            CHECK(pthread_create(&threads[i], NULL, grower_thread, &g) == 0, "host thread");
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        stress_end(pool);
    }
    return tally_end();
}
