/* SPDX-License-Identifier: MIT */
/* inside.c - what pools promise about NUMA nodes, asked of a kernel that has several; tests/numa_vm/run boots one.
 *
 * - WEFT_TEST_NODES says how many nodes there have to be. It ends in the root of a machine of its own: it makes a control
 *   group and moves itself.
 * - The kernel's word counts: inside.h.
 */
#include "inside.h"
#include "busy.h"
#include "homes.h"
#include "loops.h"
#include "steals.h"

#include <hwloc.h>

#define GROUP "/sys/fs/cgroup/one-node"

static void hwloc_and_the_kernel_agree_about_nodes(void)
{
    hwloc_topology_t t;
    CHECK(node_folders() == nodes, "%d nodes of %d", node_folders(), nodes);
    if (!CHECK(hwloc_topology_init(&t) == 0 && hwloc_topology_load(t) == 0, "hwloc"))
        return;
    CHECK(hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_NUMANODE) == nodes, "nodes of hwloc's");
    for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, o));) {
        char own[256], text[256];
        hwloc_bitmap_list_snprintf(own, sizeof own, o->cpuset);
        const char *said = cpus_of_node(o->os_index, text, sizeof text);
        CHECK(said[0] && strcmp(own, said) == 0, "node %u: %s, the kernel says %s", o->os_index, own, said);
    }
    hwloc_topology_destroy(t);
}

/* ---- where workers run, and where their memory lies ---------------------------------------------- */

struct seen {
    int index, task_stack, record, cpus; /* cpus: that it may run on */
    unsigned cpu, node;
};

struct meeting {
    atomic_int begun;
    struct seen seen[CPUS_MAX];
};

WEFT_TASK_VOID(nothing, int)

void nothing(int n)
{
    (void)n;
}

static int nothing_much(void *arg)
{
    (void)arg;
    return 0;
}

/* The slot that a child's arguments were written to. */
static int node_of_slot(void)
{
    intptr_t slot = weft_self_->top;
    weft_fork(nothing, child, 1);
    int node = node_of((const void *)slot);
    weft_join(nothing, child);
    return node;
}

static int node_of_record(void)
{
    weft_future *future = NULL;
    CHECK(weft_submit(NULL, nothing_much, NULL, &future) == 0, "submit");
    int node = node_of(future);
    CHECK(weft_future_get(future, NULL) == 0, "get");
    weft_future_release(future);
    return node;
}

/* Ends when as many have begun as there are workers: each is another one. */
static int meet(void *arg)
{
    struct meeting *m = arg;
    struct seen *s = &m->seen[atomic_fetch_add(&m->begun, 1)];
    while (atomic_load(&m->begun) < workers)
        sched_yield();
    s->index = weft_worker_index();
    s->node = node_here(&s->cpu);
    s->cpus = cpus_allowed();
    s->task_stack = node_of_slot();
    s->record = node_of_record();
    return 0;
}

static void is_where_it_says(weft_pool *pool, const struct seen *s)
{
    weft_worker_info info = worker_of(pool, s->index);
    CHECK(info.bound == WEFT_BIND_PU && info.mask_pus == 1, "worker %d: bound %d to %d PUs, err %d", s->index,
          info.bound, info.mask_pus, info.bind_err);
    CHECK((unsigned)info.pu == s->cpu, "worker %d: on CPU %u, says %d", s->index, s->cpu, info.pu);
    CHECK((unsigned)info.node == s->node, "worker %d: on node %u, says %d", s->index, s->node, info.node);
}

static void each_worker_runs_where_it_says(weft_pool *pool)
{
    struct meeting m = {0};
    uint64_t met = 0;
    one_for_each(pool, meet, &m, &m.begun);
    for (int i = 0; i < workers; i++) {
        met |= UINT64_C(1) << m.seen[i].index;
        is_where_it_says(pool, &m.seen[i]);
    }
    CHECK(met == (UINT64_C(1) << workers) - 1, "all of them: %llx", (unsigned long long)met);
}

static void memory_lies_on_its_workers_node(weft_pool *pool)
{
    struct meeting m = {0};
    one_for_each(pool, meet, &m, &m.begun);
    for (int i = 0; i < workers; i++) {
        const struct seen *s = &m.seen[i];
        CHECK((unsigned)s->task_stack == s->node, "worker %d on node %u: task stack on %d", s->index, s->node,
              s->task_stack);
        CHECK((unsigned)s->record == s->node, "worker %d on node %u: record on %d", s->index, s->node,
              s->record);
    }
}

/* How many workers may run on more than their own PU. */
static int strays(weft_pool *pool)
{
    struct meeting m = {0};
    int found = 0;
    one_for_each(pool, meet, &m, &m.begun);
    for (int i = 0; i < workers; i++)
        found += m.seen[i].cpus != 1;
    return found;
}

static int note_node(void *arg)
{
    atomic_int *count = arg;
    unsigned cpu, node = node_here(&cpu);
    if (node < NODES_MAX)
        atomic_fetch_add(&count[node], 1);
    return 0;
}

/* ---- a cpuset of one node ------------------------------------------------------------------------ */

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    bool ok = f && fputs(text, f) >= 0;
    ok = f && fclose(f) == 0 && ok;
    CHECK(ok, "%s <- %s: %s", path, text, strerror(errno));
}

static void make_group(const char *controller)
{
    put("/sys/fs/cgroup/cgroup.subtree_control", controller);
    CHECK(mkdir(GROUP, 0755) == 0, "%s: %s", GROUP, strerror(errno));
}

static void make_group_of_node(int node)
{
    char text[256];
    make_group("+cpuset");
    put(GROUP "/cpuset.cpus", cpus_of_node((unsigned)node, text, sizeof text));
}

/* A thread that was joined may be in it for a moment yet. */
static void remove_group(void)
{
    int err;
    while ((err = rmdir(GROUP)) != 0 && errno == EBUSY)
        sched_yield();
    CHECK(err == 0, "%s: %s", GROUP, strerror(errno));
}

static void move_to(const char *group)
{
    char path[PATH_MAX], pid[32];
    snprintf(path, sizeof path, "%s/cgroup.procs", group);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    put(path, pid);
}

/* Counts by node; how many were lost. */
static int lost_tasks(weft_pool *pool, atomic_int *count)
{
    weft_future *future[TASKS] = {NULL};
    int ran = 0;
    for (int i = 0; i < TASKS; i++)
        (void)weft_submit(door(pool), note_node, count, &future[i]);
    for (int i = 0; i < TASKS; i++) {
        (void)weft_future_get(future[i], NULL);
        weft_future_release(future[i]);
    }
    for (int i = 0; i < nodes; i++)
        ran += atomic_load(&count[i]);
    return TASKS - ran;
}

/* A change that does not come is ended by the watch. */
static void work_until(weft_pool *pool, int places)
{
    int wrong = 0;
    while (weft_pool_workers(pool) != places) {
        atomic_int count[NODES_MAX] = {0};
        wrong += lost_tasks(pool, count) + wrong_in_loop(pool);
    }
    CHECK(wrong == 0, "on the way to %d places %d tasks or items were lost", places, wrong);
}

/* busy: all that are left are in long calls when it comes back: each waits for those that have no place yet. */
static void a_pool_follows_its_process_to_one_node_and_back(int node, bool busy)
{
    weft_pool *pool = new_pool();
    atomic_int count[NODES_MAX] = {0};
    CHECK(told(pool).follows, "the pool follows");
    make_group_of_node(node);
    CHECK(wrong_in_loop(pool) == 0, "a loop before");
    move_to(GROUP);
    work_until(pool, workers / nodes);
    CHECK(lost_tasks(pool, count) == 0, "no task is lost");
    CHECK(atomic_load(&count[node]) == TASKS, "all on node %d: %d", node, atomic_load(&count[node]));
    for (int i = 0; i < workers; i++)
        CHECK(worker_of(pool, i).place != 1 || worker_of(pool, i).node == node,
              "worker %d has a place elsewhere", i);
    move_to("/sys/fs/cgroup");
    if (!busy)
        work_until(pool, workers);
    each_worker_runs_where_it_says(pool);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    remove_group();
}

/* Mostly between two looks: the pool has next to nothing to do. Some kernels leave pinned threads with all CPUs then; which the
 * next look finds. If one falls into the visit the pool grows again, and all can meet only then. */
static void pins_are_given_back_after_a_visit_to_one_node(int node)
{
    weft_pool *pool = new_pool();
    CHECK(strays(pool) == 0, "each is pinned");
    make_group_of_node(node);
    move_to(GROUP);
    move_to("/sys/fs/cgroup");
    int lost = strays(pool);
    while (strays(pool)) /* a pin that is not given back is ended by the watch */
        ;
    printf("a visit to node %d has cost %d pins\n", node, lost);
    each_worker_runs_where_it_says(pool);
    CHECK(told(pool).workers == workers, "all have their places");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    remove_group();
}

/* A quota for two and a half CPUs, given and taken back while the pool works. */
static void a_pool_follows_a_quota(void)
{
    make_group("+cpu");
    move_to(GROUP);
    weft_pool *pool = new_pool();
    CHECK(told(pool).follows && told(pool).workers == workers, "no quota yet");
    put(GROUP "/cpu.max", "250000 100000");
    work_until(pool, 3);
    CHECK(told(pool).workers_origin == WEFT_ORIGIN_QUOTA, "origin %d", told(pool).workers_origin);
    put(GROUP "/cpu.max", "max 100000");
    work_until(pool, workers);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    move_to("/sys/fs/cgroup");
    remove_group();
}

/* -------------------------------------------------------------------------------------------------- */

static int number(const char *name)
{
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

int main(void)
{
    tally_watch(1100);
    nodes = number("WEFT_TEST_NODES");
    workers = number("WEFT_TEST_WORKERS");
    unsetenv("WEFT_WORKERS");
    if (nodes < 2 || nodes > NODES_MAX || workers < nodes || workers > CPUS_MAX) {
        tally_skip("all of it", "WEFT_TEST_NODES names no machine: tests/numa_vm/run does");
        return tally_end();
    }
    weft_pool *pool = NULL;
    hwloc_and_the_kernel_agree_about_nodes();
    CHECK(weft_pool_default(&pool) == 0, "the default pool");
    CHECK(weft_pool_workers(pool) == workers, "%d workers", weft_pool_workers(pool));
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    pool = new_pool();
    each_worker_runs_where_it_says(pool);
    memory_lies_on_its_workers_node(pool);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    pool = new_pool(); /* in which nothing was stolen yet */
    near_ones_are_stolen_from_first(pool);
    loops_are_cut_near_before_far(pool);
    steals_are_counted_by_distance(pool);
    no_strict_task_is_off_its_node(pool);
    preferred_tasks_of_a_sleeping_pool_begin_at_home(pool);
    loops_begin_where_their_memory_is(pool);
    for (int node = 0; node < nodes; node++)
        others_take_over_from_a_node_under_load(pool, node);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    for (int node = 0; node < nodes; node++)
        stand_ins_are_on_the_node(node);
    for (int i = 0; i < 4; i++)
        a_pool_follows_its_process_to_one_node_and_back(i & 1 ? nodes - 1 : 0, i & 2);
    for (int node = 0; node < nodes; node += nodes - 1)
        pins_are_given_back_after_a_visit_to_one_node(node);
    a_pool_follows_a_quota();
    return tally_end();
}
