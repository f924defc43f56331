/* SPDX-License-Identifier: MIT */
/* par/tune.c - see tune.h. */
#include "par/tune.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/tunables.h"
#include "os/clock.h"
#include "os/thread.h"
#include "os/usage.h"
#include "par/verdict.h"
#include "sched/pool.h"
#include "sched/self.h"

#define ROUNDS_MAX 15
#define UNIT_NS 50000 /* of items, if they are short, that are run again at once */
#define UNITS_MAX 400

typedef struct row {
    weft_pool *pool; /* NULL: the caller alone */
    bool own;
    int threads, rounds;
    double seconds[ROUNDS_MAX], cpu[ROUNDS_MAX];
} row;

typedef struct tune {
    weft_item_fn *fn;
    const char *in;
    char *out;
    size_t in_size, out_size, n;
    void *ctx;
    weft_pool *pool;
    int pus, threads_most;
    int64_t begun, budget;
    int64_t waited, worked; /* ns, of all items alone */
    int64_t once, cpu_once; /* ns, of the last run of all, alone */
    wf_again again;
    double ratio[UNITS_MAX]; /* of CPU times: first / again */
    row rows[WEFT_TUNE_ROWS];
    int count;
} tune;

static int run_item(const tune *t, size_t i)
{
    return t->fn(t->out + i * t->out_size, t->in + i * t->in_size, t->ctx) ? WEFT_EITEM : 0;
}

/* Is the given part of the budget used up? */
static bool is_over(const tune *t, double part)
{
    return (double)(wf_now_ns() - t->begun) > part * (double)t->budget;
}

/* ---- 1 alone ------------------------------------------------------------------------------------- */

/* Items from `first`: to `end`, or, if that is the same, so many as last for a while; both ways at the same cost. */
static int run_unit(const tune *t, const wf_usage_reader *reader, size_t first, size_t *end, wf_usage *used)
{
    size_t i = first, stop = *end > first ? *end : t->n;
    bool timed = *end == first;
    int err;
    int64_t now;
    wf_usage from = wf_usage_now(reader);
    do {
        err = run_item(t, i++);
        now = wf_now_ns();
    } while (!err && i < stop && !(timed && now - from.wall_ns >= UNIT_NS));
    wf_usage to = wf_usage_now(reader);
    *used = wf_usage_between(&from, &to);
    *end = i;
    return err;
}

/* Where it gave its CPU up by itself, what was neither CPU time nor waiting for a CPU was waiting for something. */
static void note_waiting(tune *t, const wf_usage *used)
{
    int64_t waited = used->wall_ns - used->cpu_ns - used->delay_ns;
    t->waited += used->sleeps && waited > 0 ? waited : 0;
    t->worked += used->cpu_ns;
}

static double waiting(const tune *t)
{
    return (double)t->waited / ((double)(t->waited + t->worked) + 1);
}

static int run_all(tune *t, const wf_usage_reader *reader)
{
    int err = 0;
    int64_t wall = wf_now_ns(), cpu = wf_thread_ns();
    t->waited = t->worked = 0;
    for (size_t first = 0, end = 0; first < t->n && !err; first = end) {
        wf_usage used;
        err = run_unit(t, reader, first, &end, &used);
        note_waiting(t, &used);
    }
    t->once = wf_now_ns() - wall;
    t->cpu_once = wf_thread_ns() - cpu;
    return err;
}

/* It had its CPU nearly all the time: nobody else was in its cache. */
static bool was_alone(const wf_usage *used)
{
    return used->cpu_ns > 0 && used->wall_ns - used->cpu_ns <= used->cpu_ns / 4;
}

static void compare(tune *t, const wf_usage *first, const wf_usage *again)
{
    t->again.tried++;
    if (was_alone(first) && was_alone(again) && t->again.units < UNITS_MAX)
        t->ratio[t->again.units++] = (double)first->cpu_ns / (double)again->cpu_ns;
}

/* Each unit twice. */
static int run_all_again(tune *t, const wf_usage_reader *reader)
{
    int err = 0;
    for (size_t first = 0, end = 0; first < t->n && !err; first = end) {
        wf_usage used, again;
        err = run_unit(t, reader, first, &end, &used);
        if (!err)
            err = run_unit(t, reader, first, &end, &again);
        if (!err)
            compare(t, &used, &again);
    }
    return err;
}

/* The first run meets cold caches and new memory: it counts only if there is no time for another. */
static int measure_alone(tune *t)
{
    wf_usage_reader reader;
    wf_usage_open(&reader);
    int err = run_all(t, &reader);
    if (!err && !is_over(t, 0.1))
        err = run_all(t, &reader);
    while (!err && waiting(t) < WF_TUNE_WAITS && t->again.units < UNITS_MAX && !is_over(t, 0.4))
        err = run_all_again(t, &reader);
    wf_usage_close(&reader);
    return err;
}

/* ---- 2 rows -------------------------------------------------------------------------------------- */

static int run_row(const tune *t, row *r)
{
    int err = 0;
    int64_t cpu = wf_usage_process_ns(), wall = wf_now_ns();
    if (r->pool)
        err = weft_parallel_map(r->pool, t->fn, t->in, t->in_size, t->out, t->out_size, t->n,
                                WEFT_MAP_CONFIG(.ctx = t->ctx));
    for (size_t i = 0; !r->pool && i < t->n && !err; i++)
        err = run_item(t, i);
    r->seconds[r->rounds] = (double)(wf_now_ns() - wall) * 1e-9;
    r->cpu[r->rounds++] = (double)(wf_usage_process_ns() - cpu) * 1e-9;
    return err;
}

static void add_row(tune *t, int threads)
{
    weft_pool *pool = NULL;
    if (t->count == WEFT_TUNE_ROWS ||
        weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = threads, .spare_max = WEFT_NONE, .name = "tune")))
        return;
    if (weft_pool_workers(pool) == threads)
        t->rows[t->count++] = (row){.pool = pool, .own = true, .threads = threads};
    else
        (void)weft_pool_destroy(pool);
}

static int most_threads(const tune *t)
{
    int most = t->threads_most ? t->threads_most : t->pus * (waiting(t) < WF_TUNE_WAITS / 3 ? 2 : 16);
    most = most < 256 ? most : 256;
    return (size_t)most < t->n ? most : (int)t->n;
}

/* The caller alone first, then the pool; then others. */
static void make_rows(tune *t)
{
    int most = most_threads(t);
    t->rows[0] = (row){.threads = 1};
    t->rows[1] = (row){.pool = t->pool, .threads = weft_pool_workers(t->pool)};
    t->count = 2;
    if (is_over(t, 1)) { /* there is no time for another run */
        t->rows[0].rounds = 1;
        t->rows[0].seconds[0] = (double)t->once * 1e-9;
        t->rows[0].cpu[0] = (double)t->cpu_once * 1e-9;
        return;
    }
    for (int threads = 2; threads <= most; threads *= 2)
        add_row(t, threads);
    if (most & (most - 1))
        add_row(t, most);
}

static void end_rows(tune *t)
{
    for (int i = 0; i < t->count; i++)
        if (t->rows[i].own)
            (void)weft_pool_destroy(t->rows[i].pool);
}

/* Each in its turn; each round begins with another one, the first with the caller alone. */
static int measure_rows(tune *t)
{
    int err = 0;
    for (int round = 0; round < ROUNDS_MAX && !err; round++)
        for (int i = 0; i < t->count && !err; i++) {
            if (is_over(t, 1) && t->rows[0].rounds)
                return 0;
            err = run_row(t, &t->rows[(i + round) % t->count]);
        }
    return err;
}

/* ---- what was measured --------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(const double *values, int count)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static weft_tune_row tell_row(const row *r, const row *alone)
{
    weft_tune_row told = {.threads = r->threads,
                          .is_pool = r->pool && !r->own,
                          .rounds = r->rounds,
                          .seconds = median(r->seconds, r->rounds),
                          .least = r->seconds[0],
                          .cpu_seconds = median(r->cpu, r->rounds)};
    double speed_up[ROUNDS_MAX];
    for (int i = 0; i < r->rounds; i++) {
        told.least = r->seconds[i] < told.least ? r->seconds[i] : told.least;
        told.most = r->seconds[i] > told.most ? r->seconds[i] : told.most;
        speed_up[i] = alone->seconds[i < alone->rounds ? i : alone->rounds - 1] / r->seconds[i];
    }
    told.speed_up = median(speed_up, r->rounds);
    return told;
}

/* By their threads, the pool last; those that there was no time for are left out. */
static void tell_rows(const tune *t, weft_tuning *told)
{
    for (int i = 0; i < t->count; i++)
        if (i != 1 && t->rows[i].rounds)
            told->rows[told->count++] = tell_row(&t->rows[i], &t->rows[0]);
    if (t->rows[1].rounds)
        told->rows[told->count++] = tell_row(&t->rows[1], &t->rows[0]);
}

static void tell(tune *t, weft_tuning *told)
{
    unsigned units = t->again.units;
    tell_rows(t, told);
    told->items = t->n;
    told->item_seconds = told->rows[0].seconds / (double)t->n;
    told->waiting = waiting(t);
    if (units) {
        qsort(t->ratio, units, sizeof *t->ratio, by_value);
        told->again = t->again.ratio = t->ratio[units / 2];
        t->again.lower = t->ratio[units / 4];
    }
    wf_verdict(told, &t->again);
}

/* ---- all together -------------------------------------------------------------------------------- */

static int measure(tune *t, weft_tuning *told)
{
    int err = measure_alone(t);
    if (err)
        return err;
    make_rows(t);
    err = measure_rows(t);
    end_rows(t);
    if (!err)
        tell(t, told);
    return err;
}

static bool sensible(const tune *t, const weft_tune_config *config)
{
    return t->fn && t->n && (t->in || !t->in_size) && (t->out || !t->out_size) && config->budget_ns >= 0 &&
           config->threads_most >= 0 && t->in_size <= PTRDIFF_MAX / t->n && t->out_size <= PTRDIFF_MAX / t->n;
}

static int pus_here(void)
{
    cpu_set_t cpus;
    int count = wf_thread_cpus(&cpus, sizeof cpus) ? 1 : CPU_COUNT(&cpus);
    return count > 0 ? count : 1;
}

int weft_tune(weft_item_fn *fn, const void *in, size_t in_size, void *out, size_t out_size, size_t n,
              const weft_tune_config *given, weft_tuning *tuning)
{
    weft_tune_config config;
    weft_tuning told = {.size = sizeof told};
    tune t = {.fn = fn, .in = in, .out = out, .in_size = in_size, .out_size = out_size, .n = n};
    if (!tuning || !wf_config_size_is_sensible(tuning->size, sizeof told) ||
        !wf_config_read(&config, sizeof config, sizeof config, given) || !sensible(&t, &config))
        return -EINVAL;
    int err = wf_self() ? -EDEADLK : wf_pool_meant(config.pool, &t.pool);
    if (err)
        return err;
    t.ctx = config.ctx;
    t.pus = pus_here();
    t.threads_most = config.threads_most;
    t.begun = wf_now_ns();
    t.budget = config.budget_ns ? config.budget_ns : WF_TUNE_NS;
    err = measure(&t, &told);
    if (!err)
        (void)wf_config_write(tuning, &told, sizeof told, sizeof told);
    return err;
}
