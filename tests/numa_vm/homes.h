/* SPDX-License-Identifier: MIT */
/* homes.h - tasks with a hint for a node or a worker, by the kernel's word about where they ran. */
#ifndef WEFT_TESTS_HOMES_H
#define WEFT_TESTS_HOMES_H

#include "inside.h"

#include <dirent.h>

enum { STRICT_EACH = 50, PREFERRED = 40 };

typedef struct wanted {
    int node, pu; /* -1: any */
} wanted;

static atomic_int at_home, not_at_home, in_sections;
static atomic_bool sections_end;

static int look_where(void *arg)
{
    const wanted *w = arg;
    unsigned cpu = 0, node = node_here(&cpu);
    bool home = (int)node == w->node && (w->pu < 0 || w->pu == (int)cpu);
    atomic_fetch_add(home ? &at_home : &not_at_home, 1);
    return 0;
}

static void submit_for(weft_pool *pool, wanted *w, int worker, int strict)
{
    const weft_task_spec spec = {.size = sizeof spec,
                                 .fn = look_where,
                                 .arg = w,
                                 .node = worker < 0 ? WEFT_NODE(w->node) : 0,
                                 .worker = worker < 0 ? 0 : WEFT_WORKER(worker),
                                 .strict = strict};
    CHECK(weft_submit_task(door(pool), &spec, NULL) == 0, "submit");
}

static void until_looked(int count)
{
    while (atomic_load(&at_home) + atomic_load(&not_at_home) < count)
        sched_yield();
}

static void begin_looking(void)
{
    atomic_store(&at_home, 0);
    atomic_store(&not_at_home, 0);
}

/* To all workers and all nodes, faster than they are done, so that there are always idle ones elsewhere. */
static void no_strict_task_is_off_its_node(weft_pool *pool)
{
    wanted of_worker[CPUS_MAX], of_node[NODES_MAX];
    begin_looking();
    for (int node = 0; node < nodes; node++)
        of_node[node] = (wanted){node, -1};
    for (int i = 0; i < workers; i++)
        of_worker[i] = (wanted){worker_of(pool, i).node, worker_of(pool, i).pu};
    for (int round = 0; round < STRICT_EACH; round++) {
        for (int i = 0; i < workers; i++)
            submit_for(pool, &of_worker[i], i, 1);
        for (int node = 0; node < nodes; node++)
            submit_for(pool, &of_node[node], -1, 1);
        if (round % 10 == 0)
            until_looked((round + 1) * (workers + nodes));
    }
    until_looked(STRICT_EACH * (workers + nodes));
    CHECK(atomic_load(&not_at_home) == 0, "%d of %d off their node", atomic_load(&not_at_home),
          STRICT_EACH * (workers + nodes));
}

/* Threads of the pool whose dump line says that they sleep. */
static int asleep(weft_pool *pool)
{
    static char text[65536];
    FILE *file = tmpfile();
    int count = 0;
    if (!CHECK(file && weft_dump(pool, fileno(file)) == 0, "dump"))
        return workers;
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    for (const char *at = text; (at = strstr(at, ": sleeping;")) != NULL; at++)
        count++;
    return count;
}

/* By the kernel's word: no other thread of the process runs, or would if it had a CPU. */
static bool others_rest(void)
{
    char path[64], text[512];
    int running = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", entry->d_name);
        const char *name_end = strrchr(text_of(path, text, sizeof text), ')');
        running += atoi(entry->d_name) > 0 && atoi(entry->d_name) != (int)gettid() && name_end &&
                   name_end[1] && name_end[2] == 'R';
    }
    if (dir)
        closedir(dir);
    return CHECK(dir, "threads") && !running;
}

/* Who says that he sleeps looks once more before he does, and takes what he finds, wherever it is to run. */
static void until_all_sleep(weft_pool *pool)
{
    while (asleep(pool) < workers || !others_rest())
        sched_yield();
}

static void preferred_tasks_of_a_sleeping_pool_begin_at_home(weft_pool *pool)
{
    begin_looking();
    for (int i = 0; i < PREFERRED; i++) {
        wanted w = {i % nodes, -1};
        until_all_sleep(pool);
        submit_for(pool, &w, -1, 0);
        until_looked(i + 1);
    }
    CHECK(atomic_load(&at_home) == PREFERRED, "%d of %d at home", atomic_load(&at_home), PREFERRED);
}

static int wait_in_a_section(void *unused)
{
    (void)unused;
    weft_block_begin();
    atomic_fetch_add(&in_sections, 1);
    while (!atomic_load(&sections_end))
        sched_yield();
    weft_block_end();
    return 0;
}

/* All of the node wait in sections: spares run what is strictly theirs, and are on their node as they do. */
static void stand_ins_are_on_the_node(int node)
{
    weft_pool *pool = NULL;
    int count = 0;
    wanted w = {node, -1};
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.take_over = WEFT_NONE)) == 0, "create");
    begin_looking();
    atomic_store(&in_sections, 0);
    atomic_store(&sections_end, false);
    for (int i = 0; i < workers; i++)
        if (worker_of(pool, i).node == node) {
            const weft_task_spec spec = {
                .size = sizeof spec, .fn = wait_in_a_section, .worker = WEFT_WORKER(i), .strict = 1};
            CHECK(weft_submit_task(door(pool), &spec, NULL) == 0, "submit");
            count++;
        }
    while (atomic_load(&in_sections) < count)
        sched_yield();
    for (int i = 0; i < STRICT_EACH; i++)
        submit_for(pool, &w, -1, 1);
    until_looked(STRICT_EACH);
    CHECK(atomic_load(&not_at_home) == 0, "%d of %d off node %d", atomic_load(&not_at_home), STRICT_EACH,
          node);
    atomic_store(&sections_end, true);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

#endif
