/* SPDX-License-Identifier: MIT */
/* busy.h - a node under load: processes of no weft's keep its CPUs busy, and workers of the other nodes take over.
 *
 * - What is checked are shares: of work that begins on the node under load the others do more than would be theirs on equal
 *   nodes. Its own workers have a hundredth of their CPUs: that is far beyond what a crowded host does to some of them.
 */
#ifndef WEFT_TESTS_BUSY_H
#define WEFT_TESTS_BUSY_H

#include "inside.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- the load ------------------------------------------------------------------------------------ */

enum { PRIORITY = -20 };

struct load {
    pid_t hog[CPUS_MAX];
    int count;
};

/* Keeps a CPU busy until it is killed, by us or with us; says so when it begins. */
static pid_t hog(int cpu, int begun)
{
    cpu_set_t one;
    pid_t pid = fork();
    if (pid)
        return pid;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || setpriority(PRIO_PROCESS, 0, PRIORITY) ||
        sched_setaffinity(0, sizeof one, &one) || write(begun, "", 1) != 1)
        _exit(1);
    for (;;)
        atomic_fetch_add(&sink, 1);
}

static struct load load_node(weft_pool *pool, int node)
{
    struct load load = {.count = 0};
    int ends[2], busy = 0;
    char byte;
    CHECK(pipe(ends) == 0, "pipe");
    for (int i = 0; i < workers; i++)
        if (worker_of(pool, i).node == node)
            load.hog[load.count++] = hog(worker_of(pool, i).pu, ends[1]);
    close(ends[1]);
    while (busy < load.count && read(ends[0], &byte, 1) == 1)
        busy++;
    close(ends[0]);
    CHECK(busy == workers / nodes, "%d CPUs are busy", busy);
    return load;
}

static void unload(const struct load *load)
{
    for (int i = 0; i < load->count; i++) {
        int status = 0;
        CHECK(load->hog[i] > 0 && kill(load->hog[i], SIGKILL) == 0, "hog %d", i);
        CHECK(waitpid(load->hog[i], &status, 0) == load->hog[i] && WIFSIGNALED(status),
              "it was busy to the end");
    }
}

/* ---- the work ------------------------------------------------------------------------------------ */

enum { ITEMS = 4000, JOBS = 1000 };
static atomic_int times[ITEMS], share[NODES_MAX];

static void count_here(void)
{
    unsigned cpu, node = node_here(&cpu);
    if (node < NODES_MAX)
        atomic_fetch_add(&share[node], 1);
}

/* rounds: of the longest item, in 64ths. */
static void count_items(size_t begin, size_t end, void *rounds)
{
    for (size_t i = begin; i < end; i++) {
        atomic_fetch_add(&times[i], 1);
        count_here();
        compute((int)(i % 64) * *(int *)rounds);
    }
}

static int wrong_items(void)
{
    int wrong = 0;
    for (int i = 0; i < ITEMS; i++)
        wrong += atomic_exchange(&times[i], 0) != 1;
    return wrong;
}

/* How many items were not run once. */
static int wrong_in_loop(weft_pool *pool)
{
    int rounds = 100;
    int err = weft_parallel_for(pool, 0, ITEMS, count_items, &rounds);
    return wrong_items() + (err != 0);
}

static int long_loop(void *rounds)
{
    return weft_parallel_for(NULL, 0, ITEMS, count_items, rounds);
}

static int one_job(void *rounds)
{
    count_here();
    compute(64 * *(int *)rounds);
    return 0;
}

/* Through an executor of the node; how many failed. */
static int failures_near(weft_pool *pool, int node, int (*fn)(void *), void *arg, int count)
{
    static weft_future *future[JOBS];
    weft_executor *near = NULL;
    int wrong = 0, status;
    CHECK(weft_executor_create(&near, WEFT_EXECUTOR_CONFIG(.pool = pool, .node = WEFT_NODE(node))) == 0,
          "an executor near node %d", node);
    for (int i = 0; i < count; i++)
        wrong += weft_submit(near, fn, arg, &future[i]) != 0;
    for (int i = 0; i < count; i++) {
        wrong += weft_future_get(future[i], &status) != 0 || status != 0;
        weft_future_release(future[i]);
    }
    CHECK(weft_executor_destroy(near) == 0, "destroy");
    return wrong;
}

/* ---- who did it ---------------------------------------------------------------------------------- */

static void others_did_some(const char *what, int node, int count)
{
    int own = atomic_load(&share[node]), all = 0;
    for (int i = 0; i < nodes; i++)
        all += atomic_exchange(&share[i], 0);
    CHECK(all == count, "%s: %d of %d", what, all, count);
    CHECK(own < all, "%s: none left the node under load", what); /* how many is up to who runs this machine */
    printf("%s with node %d under load: it did %d of %d\n", what, node, own, all);
}

static void others_take_over_from_a_node_under_load(weft_pool *pool, int node)
{
    int rounds = 1000;
    struct load load = load_node(pool, node);
    memset(share, 0, sizeof share);
    CHECK(failures_near(pool, node, long_loop, &rounds, 1) == 0, "a loop");
    CHECK(wrong_items() == 0, "each item once");
    others_did_some("a loop", node, ITEMS);
    CHECK(failures_near(pool, node, one_job, &rounds, JOBS) == 0, "tasks");
    others_did_some("tasks", node, JOBS);
    unload(&load);
}

#endif
