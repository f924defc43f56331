/* SPDX-License-Identifier: MIT */
/*
 * bench/sim/test_sim.c - the event queue; what holds in every simulation; what is to be reached on 256 places; and that
 * a simulation of two places does what a real pool of two workers does: the same forks and items, and together as many
 * steals and cuts, within a factor of FACTOR.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "must.h"
#include "os/memory.h"
#include "pool.h"
#include "real.h"
#include "wakes.h"

/* Chance decides who comes when on a real machine: medians of ROUNDS, summed over jobs of several sizes, are compared. */
#define FACTOR 2
#define ROUNDS 5
#define PLACES 16
/* A measurement counts if others had less than a fiftieth of the CPUs meanwhile: each of their turns is a steal or a cut more.
 * So often one is made. */
#define TRIES 5
#define OTHERS 50
#define KINDS 2

static int passed, failed, skipped;

static void check(bool holds, const char *what)
{
    passed += holds;
    failed += !holds;
    if (!holds)
        fprintf(stderr, "failed: %s\n", what);
}

static bool dies(void (*run)(void))
{
    int status = 0;
    pid_t child = fork();
    if (!child) {
        fclose(stderr);
        run();
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* ---- the queue --------------------------------------------------------------------------------- */

/* The earliest by looking at all; -1 in `due`: none. */
static int first_of(const sim_time *due)
{
    int first = -1;
    for (int i = 0; i < PLACES; i++)
        if (due[i] >= 0 && (first < 0 || due[i] < due[first]))
            first = i;
    return first;
}

static void queue_is_in_order(void)
{
    sim_queue queue;
    sim_time due[PLACES];
    bool right = true;
    uint64_t drawn = 1;
    sim_queue_init(&queue, PLACES);
    memset(due, 0xff, sizeof due);
    for (int i = 0; i < 20000; i++) {
        drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned place = (unsigned)(drawn >> 33) % PLACES;
        if (drawn >> 63) {
            due[place] = queue.present + (sim_time)(drawn >> 40 & 7);
            sim_queue_set(&queue, place, due[place]);
            continue;
        }
        int first = first_of(due);
        right &= sim_queue_take(&queue) == first && (first < 0 || queue.present == due[first]);
        if (first >= 0)
            due[first] = -1;
    }
    sim_queue_fini(&queue);
    check(right, "the queue gives the earliest event, of equal ones the lowest place");
}

static void runs_back(void)
{
    sim_queue queue;
    sim_queue_init(&queue, 1);
    sim_queue_set(&queue, 0, 10);
    sim_queue_take(&queue);
    sim_queue_set(&queue, 0, 9);
}

/* ---- every simulation -------------------------------------------------------------------------- */

static sim_pool *pool_of(const char *text, bool awake, wf_machine **machine)
{
    sim_must(!wf_machine_imagined(machine, WF_SYNTHETIC, text, NULL, 0), "no machine");
    return sim_pool_create(*machine, &sim_costs_default, awake);
}

static void works_twice(void)
{
    wf_machine *machine;
    sim_pool *pool = pool_of("pu:2", true, &machine);
    sim_work(sim_place_at(pool, 1), 10 * SIM_NS, sim_go);
    sim_work(sim_place_at(pool, 1), 10 * SIM_NS, sim_go);
}

static sim_count end(sim_pool *pool, wf_machine *machine, sim_time *wall)
{
    sim_count count = pool->count;
    *wall = pool->end;
    sim_time bound = count.work / pool->places;
    check(pool->end >= (bound > pool->span ? bound : pool->span), "no job ends before work and span allow");
    sim_time all = 0;
    for (unsigned i = 0; i < SIM_DOINGS; i++)
        all += count.time[i];
    check(all == pool->end * pool->places, "each place does one thing at any time");
    sim_pool_destroy(pool);
    wf_free(machine);
    return count;
}

static sim_count tree_on(const char *text, bool awake, const sim_tree *tree, sim_time *wall)
{
    wf_machine *machine;
    sim_pool *pool = pool_of(text, awake, &machine);
    sim_pool_run_tree(pool, tree);
    return end(pool, machine, wall);
}

static sim_count loop_on(const char *text, bool awake, const sim_loop *loop, sim_time *wall)
{
    wf_machine *machine;
    sim_pool *pool = pool_of(text, awake, &machine);
    sim_pool_run_loop(pool, loop);
    return end(pool, machine, wall);
}

static const char *const machines[] = {"pu:1", "l2:2 pu:1", "package:2 [numa] l3:2 l2:4 pu:2"};

static void tree_holds(const sim_tree *tree)
{
    uint64_t tasks = sim_tree_count(tree);
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        sim_time wall, again;
        sim_count once = tree_on(machines[i], i & 1, tree, &wall),
                  twice = tree_on(machines[i], i & 1, tree, &again);
        check(once.tasks == tasks, "each task runs once");
        check(wall == again && !memcmp(&once, &twice, sizeof once), "a simulation is the same each time");
        if (!i)
            check(wall == once.work + (sim_time)once.forks * sim_costs_default.fork,
                  "one place: its work and its forks");
    }
}

static void loop_holds(enum sim_skew skew)
{
    sim_loop loop;
    sim_loop_init(&loop, skew, 20000, SIM_US);
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        sim_time wall;
        sim_count count = loop_on(machines[i], i & 1, &loop, &wall);
        check(count.units == loop.items && count.work == loop.until[loop.items], "each item runs once");
    }
    sim_loop_fini(&loop);
}

static uint64_t sum(const uint64_t *counts, unsigned kinds)
{
    uint64_t all = 0;
    while (kinds)
        all += counts[--kinds];
    return all;
}

/* ---- large machines ---------------------------------------------------------------------------- */

/* As in README.md, but for fewer places, with as much work for each. */
#define LARGE "package:8 [numa] l3:4 l2:4 core:1 pu:2"

/* The larger of the work that each place has and the span, over the time taken; %. */
static double efficiency(const sim_pool *pool)
{
    double work = (double)(pool->count.work + (sim_time)pool->count.forks * pool->costs->fork);
    double share = work / pool->places, span = (double)pool->span;
    return 100 * (share > span ? share : span) / (double)pool->end;
}

static void reaches(const char *what, sim_pool *pool, wf_machine *machine, double least)
{
    sim_time wall;
    double reached = efficiency(pool), filled = (double)pool->first_filled / (double)SIM_MS;
    printf("%s, %u places: efficiency %.1f %%, all had work after %.2f ms\n", what, pool->places, reached,
           filled);
    check(reached >= least, what);
    check(filled >= 0 && filled <= 1, "all places of an idle pool have work within a millisecond");
    (void)end(pool, machine, &wall);
}

static void tree_reaches(const char *what, const sim_tree *tree, double least)
{
    wf_machine *machine;
    sim_pool *pool = pool_of(LARGE, false, &machine);
    sim_pool_run_tree(pool, tree);
    reaches(what, pool, machine, least);
}

/* Of a loop's cuts; %. */
static double across_nodes(const sim_count *count)
{
    uint64_t across = count->cuts[WF_SAME_PACKAGE] + count->cuts[WF_SAME_MACHINE];
    return 100 * (double)across / (double)sum(count->cuts, SIM_DISTANCES);
}

static void loop_reaches(const char *what, uint32_t items, sim_time item, double least, double most_across)
{
    wf_machine *machine;
    sim_loop loop;
    sim_loop_init(&loop, SIM_EVEN, items, item);
    sim_pool *pool = pool_of(LARGE, false, &machine);
    sim_pool_run_loop(pool, &loop);
    double across = across_nodes(&pool->count);
    printf("%s, items of %.2f us: %.2f %% of its cuts cross nodes\n", what, (double)item / (double)SIM_US,
           across);
    check(across <= most_across, "few cuts of a loop cross nodes");
    reaches(what, pool, machine, least);
    sim_loop_fini(&loop);
}

/* ---- as a real pool ---------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Of some jobs together. */
typedef struct near {
    uint64_t simulated, real, least, most;
} near;

/* What all CPUs did so far, in ticks of the kernel's: all of it, and what was neither idle nor this process. */
typedef struct cpus {
    long long all, others;
} cpus;

static cpus look_at_cpus(void)
{
    /* user nice system idle iowait irq softirq steal */
    long long t[8], own = (long long)clock() * sysconf(_SC_CLK_TCK) / CLOCKS_PER_SEC;
    FILE *file = fopen("/proc/stat", "r");
    sim_must(file && fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &t[0], &t[1], &t[2], &t[3],
                            &t[4], &t[5], &t[6], &t[7]) == 8,
             "/proc/stat");
    fclose(file);
    long long busy = t[0] + t[1] + t[2] + t[5] + t[6] + t[7];
    return (cpus){.all = busy + t[3] + t[4], .others = busy - own};
}

static void add_near(near *n, uint64_t *real, uint64_t simulated)
{
    qsort(real, ROUNDS, sizeof *real, ascending);
    n->simulated += simulated;
    n->real += real[ROUNDS / 2];
    n->least += real[0];
    n->most += real[ROUNDS - 1];
}

static bool is_near(const near *n, const char *what)
{
    printf("%s: simulated %llu, real %llu (%llu to %llu)\n", what, (unsigned long long)n->simulated,
           (unsigned long long)n->real, (unsigned long long)n->least, (unsigned long long)n->most);
    return n->real * FACTOR >= n->simulated && n->real <= n->simulated * FACTOR;
}

static bool measured_alone(void (*measure)(near *counts), near *counts)
{
    for (int i = 0; i < TRIES; i++) {
        cpus before = look_at_cpus();
        memset(counts, 0, KINDS * sizeof *counts);
        measure(counts);
        cpus after = look_at_cpus();
        if ((after.others - before.others) * OTHERS < after.all - before.all)
            return true;
    }
    return false;
}

static void as_real(void (*measure)(near *counts), unsigned kinds, const char *const *what)
{
    near counts[KINDS];
    if (!measured_alone(measure, counts)) {
        printf("skipped: others had the CPUs, too\n");
        skipped += (int)kinds;
        return;
    }
    for (unsigned k = 0; k < kinds; k++)
        check(is_near(&counts[k], what[k]), what[k]);
}

/* The workers of a pool that has just been made are awake. */
static void fib_of(uint32_t n, near *steals, near *leapfrogs)
{
    const sim_tree tree = {.shape = SIM_FIB, .levels = n, .task = SIM_US};
    sim_time wall;
    uint64_t stolen[ROUNDS], back[ROUNDS];
    sim_count count = tree_on("l2:2 pu:1", true, &tree, &wall);
    for (int i = 0; i < ROUNDS; i++) {
        weft_counters done;
        (void)real_fib(&tree, &done);
        check(done.forks == count.forks, "as many forks in both");
        stolen[i] = sum(done.steals, WEFT_STEAL_KINDS);
        back[i] = done.leapfrogs;
    }
    add_near(steals, stolen, sum(count.steals, SIM_DISTANCES));
    add_near(leapfrogs, back, count.leapfrogs);
}

static void measure_fib(near *counts)
{
    for (uint32_t n = 20; n <= 26; n++)
        fib_of(n, &counts[0], &counts[1]);
}

static void loop_of(enum sim_skew skew, uint32_t items, near *near_cuts)
{
    sim_loop loop;
    sim_time wall;
    uint64_t cuts[ROUNDS];
    sim_loop_init(&loop, skew, items, SIM_US);
    sim_count count = loop_on("l2:2 pu:1", true, &loop, &wall);
    for (int i = 0; i < ROUNDS; i++) {
        weft_counters done;
        check(real_loop(&loop, &done) == (long)count.units, "as many items in both");
        cuts[i] = done.cuts;
    }
    sim_loop_fini(&loop);
    add_near(near_cuts, cuts, sum(count.cuts, SIM_DISTANCES));
}

/* Not balanced ones: real items are never alike, so the halves never end together. */
static void measure_loops(near *cuts)
{
    for (uint32_t items = 12500; items <= 100000; items *= 2) {
        loop_of(SIM_HEAVY_FIRST, items, cuts);
        loop_of(SIM_HEAVY_LAST, items, cuts);
    }
}

int main(void)
{
    queue_is_in_order();
    check(dies(runs_back), "an event in the past is refused");
    check(dies(works_twice), "two things at a time are refused");
    tree_holds(&(sim_tree){.shape = SIM_FIB, .levels = 15, .task = 100 * SIM_NS});
    tree_holds(&(sim_tree){.shape = SIM_RECURSION, .levels = 12, .task = SIM_US});
    tree_holds(&(sim_tree){.shape = SIM_GEOMETRIC, .levels = 6, .mean = 4, .seed = 1, .task = 10 * SIM_US});
    tree_holds(&(sim_tree){
        .shape = SIM_BINOMIAL, .first = 8000, .many = 8, .chance = 0.12, .seed = 2, .task = 10 * SIM_US});
    loop_holds(SIM_EVEN);
    loop_holds(SIM_HEAVY_FIRST);
    loop_holds(SIM_HEAVY_LAST);
    for (int i = -1; i <= 1; i++)
        loop_reaches("a balanced loop", 1 << 20, 10 * SIM_US + 20 * i * SIM_NS, 98, 2.5);
    tree_reaches("recursion", &(sim_tree){.shape = SIM_RECURSION, .levels = 21, .task = 10 * SIM_US}, 93);
    tree_reaches(
        "an unbalanced tree",
        &(sim_tree){.shape = SIM_GEOMETRIC, .levels = 11, .mean = 3.85, .seed = 3, .task = 10 * SIM_US}, 93);
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
        as_real(measure_fib, 2, (const char *const[]){"steals of fib", "leapfrogs of fib"});
        as_real(measure_loops, 1, (const char *const[]){"cuts of skewed loops"});
    } else {
        printf("skipped: a real pool of two workers needs two PUs\n");
        skipped = 2;
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed > 0;
}
