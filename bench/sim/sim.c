/* SPDX-License-Identifier: MIT */
/* bench/sim/sim.c - a weft pool on a machine that nobody owns: see README.md. */
#include <string.h>

#include "must.h"
#include "os/memory.h"
#include "pool.h"

/* 8 packages of one node and 128 PUs each: 8 last-level caches of 8 cores with 2 PUs. */
#define MACHINE "package:8 [numa] l3:8 l2:8 core:1 pu:2"

typedef struct job {
    const char *name, *what;
    enum sim_skew skew; /* of a loop */
    bool loop;
    sim_tree tree;
    uint32_t items;
} job;

static const job jobs[] = {
    {.name = "loop", .what = "a balanced loop", .loop = true, .skew = SIM_EVEN, .items = 1 << 22},
    {.name = "loop-first",
     .what = "a Zipf loop, heavy first",
     .loop = true,
     .skew = SIM_HEAVY_FIRST,
     .items = 1 << 22},
    {.name = "loop-last",
     .what = "a Zipf loop, heavy last",
     .loop = true,
     .skew = SIM_HEAVY_LAST,
     .items = 1 << 22},
    {.name = "recursion", .what = "a complete binary tree", .tree = {.shape = SIM_RECURSION, .levels = 23}},
    {.name = "fib", .what = "fib, each call a task", .tree = {.shape = SIM_FIB, .levels = 33}},
    {.name = "geometric",
     .what = "an unbalanced tree, geometric",
     .tree = {.shape = SIM_GEOMETRIC, .levels = 12, .mean = 3.85, .seed = 3}},
    {.name = "binomial",
     .what = "an unbalanced tree, binomial",
     .tree = {.shape = SIM_BINOMIAL, .first = 2000, .many = 8, .chance = 0.12497, .seed = 7}},
};
#define JOBS (sizeof jobs / sizeof *jobs)

typedef struct setting {
    const char *machine;
    sim_costs costs;
    double task_ns;
    bool awake, table;
    uint32_t size; /* items or levels; 0: the job's own */
} setting;

typedef struct outcome {
    sim_count count;
    unsigned places, most_active;
    double wall, t1, span, filled, first_filled, efficiency; /* ms */
} outcome;

static double ms(sim_time time)
{
    return (double)time / (double)SIM_MS;
}

/* The bound: what one place would need, forks and joins included, divided among all; or the span. */
static outcome outcome_of(const sim_pool *pool)
{
    sim_time t1 = pool->count.work + (sim_time)pool->count.forks * pool->costs->fork;
    outcome o = {.count = pool->count, .places = pool->places, .most_active = pool->most_active};
    o.wall = ms(pool->end);
    o.t1 = ms(t1);
    o.span = ms(pool->span);
    o.filled = pool->filled < 0 ? -1 : ms(pool->filled);
    o.first_filled = pool->first_filled < 0 ? -1 : ms(pool->first_filled);
    double share = o.t1 / o.places, bound = share > o.span ? share : o.span;
    o.efficiency = bound / o.wall;
    return o;
}

static outcome simulate(const job *j, const setting *s)
{
    wf_machine *machine;
    sim_must(!wf_machine_imagined(&machine, WF_SYNTHETIC, s->machine, NULL, 0),
             "hwloc does not know such a machine");
    sim_pool *pool = sim_pool_create(machine, &s->costs, s->awake);
    sim_time task = (sim_time)(s->task_ns * (double)SIM_NS);
    if (j->loop) {
        sim_loop loop;
        sim_loop_init(&loop, j->skew, s->size ? s->size : j->items, task);
        sim_pool_run_loop(pool, &loop);
        sim_loop_fini(&loop);
    } else {
        sim_tree tree = j->tree;
        tree.task = task;
        tree.levels = s->size ? s->size : tree.levels;
        sim_pool_run_tree(pool, &tree);
    }
    outcome o = outcome_of(pool);
    sim_pool_destroy(pool);
    wf_free(machine);
    return o;
}

static double share(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static uint64_t sum(const uint64_t *by)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < SIM_DISTANCES; i++)
        all += by[i];
    return all;
}

static uint64_t across(const uint64_t *by)
{
    return by[WF_SAME_PACKAGE] + by[WF_SAME_MACHINE];
}

static void print_steals(const char *name, const uint64_t *by)
{
    static const char *const distance[] = {"core", "L2", "cache", "node", "package", "machine"};
    uint64_t all = sum(by);
    if (!all)
        return;
    printf("  %-12s %llu:", name, (unsigned long long)all);
    for (unsigned i = 0; i < SIM_DISTANCES; i++)
        printf(" %s %llu", distance[i], (unsigned long long)by[i]);
    printf("; %.2f %% cross nodes\n", share((double)across(by), (double)all));
}

static void print(const job *j, const setting *s, const outcome *o)
{
    static const char *const doing[] = {"running", "searching", "waiting", "blocked", "asleep"};
    const sim_count *c = &o->count;
    double all = o->wall * o->places;
    printf("%s (%s), %u places, %s at first: %llu tasks of %g ns\n", j->name, j->what, o->places,
           s->awake ? "awake" : "asleep", (unsigned long long)(c->tasks + c->units), s->task_ns);
    printf("  time         %.3f ms; work / places %.3f, span %.3f: efficiency %.1f %%\n", o->wall,
           o->t1 / o->places, o->span, 100 * o->efficiency);
    printf("  filled       each place has had work %.3f ms, all at once %.3f ms, at most %u\n",
           o->first_filled, o->filled, o->most_active);
    print_steals("steals", c->steals);
    print_steals("cuts", c->cuts);
    printf("  place-time   work %.1f %%", share(ms(c->work), all));
    for (unsigned i = 0; i < SIM_DOINGS; i++)
        printf(", %s %.1f", doing[i], share(ms(c->time[i]), all));
    printf("\n  counts       forks_slow %llu publications %llu forced %llu leapfrogs %llu naps %llu parks "
           "%llu blocks "
           "%llu wakes %llu\n",
           (unsigned long long)c->forks_slow, (unsigned long long)c->publications,
           (unsigned long long)c->forced, (unsigned long long)c->leapfrogs, (unsigned long long)c->naps,
           (unsigned long long)c->parks, (unsigned long long)c->blocks, (unsigned long long)c->wakes);
}

/* A line of the curve, and of the table: NAME TASK_NS EFFICIENCY TASKS FILLED_MS STOLEN ACROSS BLOCKED. */
static void print_point(const char *name, double task_ns, const outcome *o)
{
    const sim_count *c = &o->count;
    double stolen = (double)(sum(c->steals) + sum(c->cuts));
    double far = (double)(across(c->steals) + across(c->cuts));
    printf("%s %g %.4f %llu %.2f %.0f %.4f %.4f\n", name, task_ns, o->efficiency,
           (unsigned long long)(c->tasks + c->units), o->first_filled, stolen, stolen > 0 ? far / stolen : 0,
           ms(c->time[SIM_BLOCKED]) / (o->wall * o->places));
    fflush(stdout);
}

static void run(const char *name, const setting *s)
{
    for (size_t i = 0; i < JOBS; i++)
        if (!strcmp(jobs[i].name, name)) {
            outcome o = simulate(&jobs[i], s);
            if (s->table)
                print_point(name, s->task_ns, &o);
            else
                print(&jobs[i], s, &o);
            return;
        }
    fprintf(stderr, "sim: no job %s\n", name);
    exit(2);
}

static void usage(FILE *out)
{
    fprintf(out,
            "usage: sim [--machine TEXT] [--awake] [--task NS] [--size N] [--single] [--chain[-late]] "
            "[--point] [NAME=NS...] JOB...\n"
            "  --machine: hwloc's synthetic description (%s)\n"
            "  --awake: all places search at first; else they sleep\n"
            "  --size: items of a loop, levels of a tree, n of fib; --task: what one takes (10000)\n"
            "  --single, --chain, --chain-late: policies that the library does not have; --point: one "
            "line for bench/sim/curve\n"
            "costs, in ns:\n",
            MACHINE);
    sim_costs_help(out);
    fprintf(out, "jobs:\n");
    for (size_t i = 0; i < JOBS; i++)
        fprintf(out, "  %-10s %s\n", jobs[i].name, jobs[i].what);
}

static bool flag(setting *s, const char *name)
{
    if (!strcmp(name, "--awake"))
        return s->awake = true;
    if (!strcmp(name, "--single"))
        return s->costs.single = true;
    if (!strncmp(name, "--chain", 7)) {
        s->costs.chain = !name[7] ? SIM_CHAIN : !strcmp(name + 7, "-late") ? SIM_CHAIN_LATE : SIM_NO_CHAIN;
        return s->costs.chain != SIM_NO_CHAIN;
    }
    if (!strcmp(name, "--point"))
        return s->table = true;
    return false;
}

static bool option(setting *s, const char *name, const char *value)
{
    if (!value)
        return false;
    if (!strcmp(name, "--machine"))
        s->machine = value;
    else if (!strcmp(name, "--task"))
        s->task_ns = strtod(value, NULL);
    else if (!strcmp(name, "--size"))
        s->size = (uint32_t)strtoul(value, NULL, 10);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    setting s = {.machine = MACHINE, .costs = sim_costs_default, .task_ns = 10000};
    int at = 1;
    for (; at < argc; at++) {
        if (flag(&s, argv[at]) || sim_costs_read(&s.costs, argv[at]))
            continue;
        if (!option(&s, argv[at], argv[at + 1]))
            break;
        at++;
    }
    if (at == argc || argv[at][0] == '-' || strchr(argv[at], '=')) {
        usage(at == argc ? stdout : stderr);
        return at == argc ? 0 : 2;
    }
    for (; at < argc; at++)
        run(argv[at], &s);
    return 0;
}
