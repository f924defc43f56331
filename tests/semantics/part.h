/* SPDX-License-Identifier: MIT */
/* part.h - what the tests of pools on a part of the machine share: the machine's PUs, and where the threads of a pool may run.
 *
 * - Runs on any machine: which PUs there are is read from the mask.
 * - Where a pool's threads may run is asked of the kernel, for all threads that bear its name: workers, spares, monitor,
 *   clock.
 */
#ifndef WEFT_TESTS_PART_H
#define WEFT_TESTS_PART_H

#include "sem.h"

#include <dirent.h>
#include <stdio.h>

/* Of the pool that is made next: a thread that has been joined may stand in /proc for a moment longer. */
static UNUSED char name[12];

static UNUSED const char *fresh_name(void)
{
    static int made;
    snprintf(name, sizeof name, "part%d", made++ % 1000);
    return name;
}

static UNUSED cpu_set_t mask_of(int thread)
{
    cpu_set_t mask;
    CPU_ZERO(&mask);
    cr_assert_eq(sched_getaffinity(thread, sizeof mask, &mask), 0);
    return mask;
}

/* The n-th PU of the process's mask. */
static UNUSED int pu(int n)
{
    cpu_set_t mask = mask_of(0);
    int cpu = -1;
    cr_assert_lt(n, CPU_COUNT(&mask));
    for (; n >= 0; n--)
        do
            cpu++;
        while (!CPU_ISSET((size_t)cpu, &mask));
    return cpu;
}

static UNUSED int pus(void)
{
    cpu_set_t mask = mask_of(0);
    return CPU_COUNT(&mask);
}

static UNUSED cpu_set_t only(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return set;
}

static UNUSED char *list_of(int cpu)
{
    static char list[16];
    snprintf(list, sizeof list, "%d", cpu);
    return list;
}

static UNUSED weft_pool_info info_of(weft_pool *pool)
{
    weft_pool_info info = {.size = sizeof info};
    cr_assert_eq(weft_pool_inspect(pool, &info), 0);
    return info;
}

static UNUSED weft_worker_info worker_of(weft_pool *pool, int worker)
{
    weft_worker_info info = {.size = sizeof info};
    cr_assert_eq(weft_worker_inspect(pool, worker, &info), 0);
    return info;
}

static UNUSED void has(weft_pool *pool, const char *words)
{
    char text[8192];
    cr_assert_gt(weft_pool_describe(pool, text, sizeof text), 0);
    cr_assert(strstr(text, words), "no '%s' in:\n%s", words, text);
}

static UNUSED void add_range(size_t begin, size_t end, void *total)
{
    atomic_fetch_add((atomic_size_t *)total, end - begin);
}

static UNUSED void works(weft_pool *pool)
{
    atomic_size_t total = 0;
    cr_assert_eq(weft_parallel_for(pool, 0, 10000, add_range, &total), 0);
    cr_assert_eq(atomic_load(&total), 10000);
}

/* Is this thread of the process one of the newest pool's? */
static UNUSED bool is_of_pool(const char *thread)
{
    char path[300], its[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", thread);
    FILE *file = fopen(path, "r");
    bool is = file && fgets(its, sizeof its, file) && strncmp(its, name, strlen(name)) == 0 &&
              strchr("-./", its[strlen(name)]);
    if (file)
        fclose(file);
    return is;
}

/* The pool's threads in one list of the kernel's, all of which may run on these PUs alone. */
static UNUSED int list_confined_to(const cpu_set_t *part)
{
    int found = 0;
    cpu_set_t mask, outside;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (!is_of_pool(e->d_name) ||
            sched_getaffinity(atoi(e->d_name), sizeof mask, &mask)) /* it has ended */
            continue;
        CPU_XOR(&outside, &mask, part);
        CPU_AND(&outside, &outside, &mask);
        cr_assert_eq(CPU_COUNT(&outside), 0, "thread %s may run on %d others", e->d_name,
                     CPU_COUNT(&outside));
        found++;
    }
    closedir(dir);
    return found;
}

/* All threads of the pool, so many at least, may run on these PUs and on no others. While threads of the process end, a list
 * may leave out others. */
static UNUSED void confined_to(weft_pool *pool, const cpu_set_t *part, int least)
{
    cr_assert_gt(weft_pool_describe(pool, NULL, 0), 0, "and all have begun");
    while (list_confined_to(part) < least)
        sched_yield();
}

static UNUSED int create(weft_pool **pool, const char *cpus, const char *nodes, int core_kind)
{
    return weft_pool_create(pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .name = fresh_name(),
                                                   .cpus = cpus, .nodes = nodes, .core_kind = core_kind));
}

static UNUSED void refused(int err, const char *cpus, const char *nodes, int core_kind)
{
    weft_pool *pool = (weft_pool *)(void *)&pool;
    int got = create(&pool, cpus, nodes, core_kind);
    cr_expect_eq(got, err, "cpus '%s', nodes '%s', kind %d: %d", cpus ? cpus : "", nodes ? nodes : "",
                 core_kind, got);
    cr_expect_null(pool);
}

#endif
