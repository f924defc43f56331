/* SPDX-License-Identifier: MIT */
/* inside.h - what inside.c, steals.h and busy.h share: the kernel's word about nodes, and pools that the machine fills.
 *
 * - getcpu(2) says where something runs, move_pages(2) without target nodes where memory lies, /sys/devices/system/node what
 *   there is.
 */
#ifndef WEFT_TESTS_INSIDE_H
#define WEFT_TESTS_INSIDE_H

#include "../fault/tally.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <weft/weft.h>

#define UNUSED __attribute__((unused))

enum { CPUS_MAX = 64, NODES_MAX = 16, TASKS = 20 };

static int nodes, workers; /* as the machine was ordered */

/* ---- the kernel's word --------------------------------------------------------------------------- */

static UNUSED unsigned node_here(unsigned *cpu)
{
    unsigned node = UINT_MAX;
    return syscall(SYS_getcpu, cpu, &node, NULL) ? UINT_MAX : node;
}

/* On how many CPUs the calling thread may run. */
static UNUSED int cpus_allowed(void)
{
    cpu_set_t mask;
    return sched_getaffinity(0, sizeof mask, &mask) ? -1 : CPU_COUNT(&mask);
}

/* The node where a page lies; a negative errno: it has none. */
static UNUSED int node_of(const void *address)
{
    uintptr_t page = (uintptr_t)address & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
    void *pages[] = {(void *)page};
    int node = INT_MIN;
    return syscall(SYS_move_pages, 0, 1ul, pages, NULL, &node, 0) ? -errno : node;
}

/* A one-line file's text, "" if there is none. */
static UNUSED const char *text_of(const char *path, char *text, int room)
{
    FILE *f = fopen(path, "re");
    text[0] = 0;
    if (f && fgets(text, room, f))
        text[strcspn(text, "\n")] = 0;
    if (f)
        fclose(f);
    return text;
}

static UNUSED const char *cpus_of_node(unsigned node, char *text, int room)
{
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/node/node%u/cpulist", node);
    return text_of(path, text, room);
}

static UNUSED int node_folders(void)
{
    char path[128];
    int count = 0;
    struct stat there;
    for (int node = 0; node < NODES_MAX; node++) {
        snprintf(path, sizeof path, "/sys/devices/system/node/node%d", node);
        count += stat(path, &there) == 0;
    }
    return count;
}

static UNUSED int distance(int from, int to)
{
    char path[128], text[256];
    int value = -1, used = 0;
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/distance", from);
    const char *at = text_of(path, text, sizeof text);
    for (int i = 0; i <= to && sscanf(at, "%d%n", &value, &used) == 1; i++)
        at += used;
    return value;
}

static UNUSED bool same_core(int cpu, int other)
{
    char path[2][128], text[2][256];
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                 i ? other : cpu);
        text_of(path[i], text[i], sizeof text[i]);
    }
    return text[0][0] && strcmp(text[0], text[1]) == 0;
}

/* ---- pools --------------------------------------------------------------------------------------- */

static UNUSED weft_pool_info told(weft_pool *pool)
{
    weft_pool_info info = {.size = sizeof info};
    CHECK(weft_pool_inspect(pool, &info) == 0, "inspect");
    return info;
}

static UNUSED weft_worker_info worker_of(weft_pool *pool, int index)
{
    weft_worker_info info = {.size = sizeof info, .pu = -1, .node = -1};
    (void)weft_worker_inspect(pool, index, &info);
    return info;
}

/* All defaults, but that this program's thread runs nothing itself, and nobody stands in for who waits in a task. */
static UNUSED weft_pool *new_pool(void)
{
    weft_pool *pool = NULL;
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.take_over = WEFT_NONE, .spare_max = WEFT_NONE)) == 0,
          "create");
    CHECK(weft_pool_workers(pool) == workers, "%d workers", weft_pool_workers(pool));
    return pool;
}

static UNUSED weft_executor *door(weft_pool *pool)
{
    weft_executor *executor = NULL;
    return weft_pool_executor(pool, &executor) ? NULL : executor;
}

/* A task for each worker; each of them counts itself and waits for the others. */
static UNUSED void one_for_each(weft_pool *pool, int (*fn)(void *), void *arg, const atomic_int *begun)
{
    weft_future *future[CPUS_MAX];
    for (int i = 0; i < workers; i++)
        CHECK(weft_submit(door(pool), fn, arg, &future[i]) == 0, "submit");
    while (atomic_load(begun) < workers) /* nor does this thread take one over */
        sched_yield();
    for (int i = 0; i < workers; i++) {
        CHECK(weft_future_get(future[i], NULL) == 0, "get");
        weft_future_release(future[i]);
    }
}

static UNUSED atomic_ulong sink;

static UNUSED void compute(int rounds)
{
    unsigned long x = 1;
    for (int i = 0; i < rounds; i++)
        x = x * 6364136223846793005ul + 1442695040888963407ul;
    atomic_fetch_add(&sink, x);
}

#endif
