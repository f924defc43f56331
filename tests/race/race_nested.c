/* SPDX-License-Identifier: MIT */
/* race_nested.c - loops in forks in loops, and maps in them; every innermost item is counted exactly once.
 *
 * - Items are plain counters: run twice or at the same time they are a race or a wrong count.
 */
#include "stress.h"

#include <errno.h>

enum { OUTER = 30, LEAVES = 16, INNER = 40, CELLS = OUTER * LEAVES * INNER };

struct field {
    unsigned count[CELLS];
    atomic_int bad;
};
struct patch {
    struct field *field;
    size_t first;
};
typedef struct field *field_p;

static void inner_body(size_t begin, size_t end, void *arg)
{
    struct patch *p = arg;
    for (size_t i = begin; i < end; i++) {
        disturb(p->first + i);
        p->field->count[p->first + i]++;
    }
}

static WEFT_TASK(int, forks, field_p, size_t, int)

    /* A small tree of forks over the leaves [first, first + leaves); each leaf is a loop. */
    static int forks(field_p f, size_t first, int leaves)
{
    if (leaves == 1) {
        struct patch p = {f, first * INNER};
        return weft_parallel_for(NULL, 0, INNER, inner_body, &p);
    }
    weft_fork(forks, left, f, first, leaves / 2);
    int err = forks(f, first + (size_t)(leaves / 2), leaves - leaves / 2);
    return weft_join(forks, left) | err;
}

static void outer_body(size_t begin, size_t end, void *arg)
{
    struct field *f = arg;
    for (size_t i = begin; i < end; i++) {
        disturb(i * 7919);
        if (forks(f, i * LEAVES, LEAVES))
            atomic_fetch_add(&f->bad, 1);
    }
}

static void check_field(struct field *f, int rounds, int workers)
{
    int wrong = 0;
    for (int i = 0; i < CELLS; i++)
        wrong += f->count[i] != (unsigned)rounds;
    CHECK(wrong == 0 && atomic_load(&f->bad) == 0, "%d items wrong with %d workers", wrong, workers);
}

/* ---- maps whose items loop ---- */
static void sum_body(size_t begin, size_t end, void *arg)
{
    atomic_fetch_add((atomic_size_t *)arg, (begin + end - 1) * (end - begin) / 2);
}

static int sum_item(void *out, const void *in, void *ctx)
{
    atomic_size_t sum = 0;
    size_t n = *(const size_t *)in;
    disturb(n);
    int err = weft_parallel_for(ctx, 0, n, sum_body, &sum);
    *(size_t *)out = atomic_load(&sum);
    return err ? err : n % 97 == 96 ? 5 : 0;
}

static void map_of_loops(weft_pool *pool, int workers, int on_error)
{
    enum { N = 3000 };
    size_t in[N], out[N];
    int status[N], wrong = 0, ran = 0;
    weft_map_report report;
    for (size_t i = 0; i < N; i++)
        in[i] = i;
    int err = weft_parallel_map(
        pool, sum_item, in, sizeof *in, out, sizeof *out, N,
        WEFT_MAP_CONFIG(.on_error = on_error, .ctx = pool, .status = status, .report = &report));
    for (size_t i = 0; i < N; i++) {
        int did = status[i] == (i % 97 == 96 ? 5 : 0);
        ran += did;
        wrong += did ? out[i] != i * (i - (i > 0)) / 2 : on_error == WEFT_COLLECT || status[i] != -ECANCELED;
    }
    CHECK(err == WEFT_EITEM && wrong == 0, "map, %d workers: %d items wrong, %d", workers, wrong, err);
    CHECK(report.done + report.failed == (size_t)ran && report.index % 97 == 96 && report.status == 5,
          "report, %d workers", workers);
}

/* ---- plain loops of tiny items, one after the other ---- */
static void tiny_loops(weft_pool *pool, int workers)
{
    for (size_t n = 1; n < 300; n++) {
        atomic_size_t sum = 0;
        int err = weft_parallel_for(pool, 0, n * 50, sum_body, &sum);
        CHECK(err == 0 && atomic_load(&sum) == n * 50 * (n * 50 - 1) / 2, "loop of %zu, %d workers", n * 50,
              workers);
    }
}

int main(void)
{
    static struct field f;
    stress_start("race_nested");
    for (int workers = 2; workers <= 8; workers += 3) {
        weft_pool *pool = stress_pool(workers, 0);
        memset(&f, 0, sizeof f);
        for (int round = 1; round <= 120; round++) {
            CHECK(weft_parallel_for(pool, 0, OUTER, outer_body, &f) == 0, "outer loop");
            check_field(&f, round, workers);
        }
        map_of_loops(pool, workers, WEFT_COLLECT);
        map_of_loops(pool, workers, WEFT_FAIL_FAST);
        tiny_loops(pool, workers);
        stress_end(pool);
    }
    return tally_end();
}
