/* SPDX-License-Identifier: MIT */
/* race_fork_join.c - tiny tasks forked and joined as fast as can be, by 2 to 8 workers; results checked.
 *
 * - Arguments and results are read and written plainly: a missing edge between fork and start, or between
 *   end and join, is a race that ThreadSanitizer sees.
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
    *(long *)out = fib(23);
}

/* ---- plain memory handed down and back up ---- */
struct cell {
    long in, out;
};
typedef struct cell *cell_p;
static WEFT_TASK_VOID(fill, cell_p)

    static void fill(cell_p c)
{
    c->out = c->in * 3 + 1;
}

enum { CELLS = 3000 };

static void run_cells(void *arg)
{
    weft_handle(fill) handles[CELLS];
    static __thread struct cell cells[CELLS];
    long *wrong = arg;
    for (int i = 0; i < CELLS; i++) {
        cells[i] = (struct cell){i, 0};
        weft_fork_at(fill, &handles[i], &cells[i]);
    }
    for (int i = CELLS - 1; i >= 0; i--) {
        weft_join(fill, handles[i]);
        *wrong += cells[i].out != i * 3L + 1;
        cells[i].out = -1;
    }
}

/* ---- large arguments and results ---- */
typedef struct six {
    long v[6];
} six;
static WEFT_TASK(six, turn, six)

    static six turn(six s)
{
    six r;
    for (int i = 0; i < 6; i++)
        r.v[i] = s.v[5 - i] + 1;
    return r;
}

static void run_structs(void *arg)
{
    long *wrong = arg;
    for (long i = 0; i < 6000; i++) {
        six a = {{i, i + 1, i + 2, i + 3, i + 4, i + 5}};
        weft_fork(turn, first, a);
        a.v[0] = -i;
        weft_fork(turn, second, a);
        six q = weft_join(turn, second), p = weft_join(turn, first);
        *wrong += p.v[0] != i + 6 || p.v[5] != i + 1 || q.v[5] != -i + 1 || q.v[0] != i + 6;
    }
}

/* ---- joins and drops mixed ---- */
static atomic_long dropped_ran;
static WEFT_TASK(int, one, int)

    static int one(int i)
{
    disturb((uint64_t)i);
    atomic_fetch_add(&dropped_ran, 1);
    return i;
}

static void run_drops(void *arg)
{
    long *wrong = arg;
    for (int i = 0; i < 6000; i++) {
        weft_fork(one, a, i);
        weft_fork(one, b, i + 1);
        weft_fork(one, c, i + 2);
        if (i % 3)
            weft_drop(one, c);
        else
            *wrong += weft_join(one, c) != i + 2;
        *wrong += weft_join(one, b) != i + 1;
        weft_drop(one, a);
    }
}

static void all_kinds(weft_pool *pool, int workers)
{
    for (int round = 0; round < 60; round++) {
        long result = 0, wrong = 0;
        CHECK(weft_run(pool, run_fib, &result) == 0 && result == 28657, "fib with %d workers: %ld", workers,
              result);
        CHECK(weft_run(pool, run_cells, &wrong) == 0 && wrong == 0, "cells with %d workers", workers);
        CHECK(weft_run(pool, run_structs, &wrong) == 0 && wrong == 0, "structs with %d workers", workers);
        CHECK(weft_run(pool, run_drops, &wrong) == 0 && wrong == 0, "drops with %d workers", workers);
    }
    CHECK(atomic_load(&dropped_ran) >= 60 * 8000, "what was joined ran");
}

int main(void)
{
    stress_start("race_fork_join");
    for (int workers = 2; workers <= 8; workers += 2) {
        weft_pool *pool = stress_pool(workers, 0);
        all_kinds(pool, workers);
        stress_end(pool);
    }
    return tally_end();
}
