/* SPDX-License-Identifier: MIT */
/* loops.h - where loops begin, and where their items run.
 *
 * - A node may have several parts: places are numbered core by core first, so two threads of a core are far apart.
 * - Who begins something stays there until each part of another node has begun: so nobody has run two items by then, and
 *   nothing here hangs on time. How many items run near their memory does, and is printed.
 */
#ifndef WEFT_TESTS_LOOPS_H
#define WEFT_TESTS_LOOPS_H

#include "homes.h"

enum { PAGES_EACH = 64, PAGES_MOST = NODES_MAX * PAGES_EACH };

static struct {
    weft_pool *pool;
    char *memory;
    size_t page;
    int own;                      /* the node of the loop's caller */
    int home[PAGES_MOST];         /* of each page, by the kernel */
    atomic_int began[PAGES_MOST]; /* 1 + the node where it ran, of the first item of a part */
    atomic_int near, far;
    int turn[PAGES_MOST]; /* of each item of a map: when it ran */
} laid;

static size_t laid_items(void)
{
    return (size_t)nodes * PAGES_EACH;
}

/* Pages on another node come before it, so a part begins here. */
static bool is_head(size_t i)
{
    return i > 0 && laid.home[i] >= 0 && laid.home[i] != laid.home[i - 1] && laid.home[i] != laid.own;
}

static bool heads_began(void)
{
    for (size_t i = 0; i < laid_items(); i++)
        if (is_head(i) && !atomic_load(&laid.began[i]))
            return false;
    return true;
}

static void begin_items(size_t begin, size_t end, void *arg)
{
    unsigned cpu;
    (void)arg;
    for (size_t i = begin; i < end; i++) {
        if (is_head(i))
            atomic_store(&laid.began[i], 1 + (int)node_here(&cpu));
        while (!heads_began())
            sched_yield();
    }
}

static void run_items(size_t begin, size_t end, void *arg)
{
    unsigned cpu;
    (void)arg;
    for (size_t i = begin; i < end; i++) {
        compute(100000);
        atomic_fetch_add((int)node_here(&cpu) == laid.home[i] ? &laid.near : &laid.far, 1);
    }
}

static int begin_by_places(void *arg)
{
    unsigned cpu;
    laid.own = (int)node_here(&cpu);
    return weft_parallel_for(NULL, 0, laid_items(), begin_items, arg);
}

static int begin_near(void *arg)
{
    unsigned cpu;
    laid.own = (int)node_here(&cpu);
    return weft_parallel_for_near(NULL, 0, laid_items(), begin_items, arg, laid.memory, laid.page);
}

static int run_by_places(void *arg)
{
    return weft_parallel_for(NULL, 0, laid_items(), run_items, arg);
}

static int run_near(void *arg)
{
    return weft_parallel_for_near(NULL, 0, laid_items(), run_items, arg, laid.memory, laid.page);
}

/* In a worker, once all workers sleep. */
static void as_a_task(weft_pool *pool, int (*fn)(void *))
{
    weft_future *future = NULL;
    int status = -1;
    until_all_sleep(pool);
    CHECK(weft_submit(door(pool), fn, NULL, &future) == 0, "submit");
    CHECK(weft_future_get(future, &status) == 0 && status == 0, "loop: %d", status);
    weft_future_release(future);
}

static void parts_begin_at_home(weft_pool *pool, int (*fn)(void *), const char *what)
{
    for (int round = 0; round < 5; round++) {
        memset(laid.began, 0, sizeof laid.began);
        as_a_task(pool, fn);
        for (size_t i = 0; i < laid_items(); i++)
            CHECK(!is_head(i) || atomic_load(&laid.began[i]) == 1 + laid.home[i],
                  "%s: item %zu of memory on node %d began on node %d", what, i, laid.home[i],
                  atomic_load(&laid.began[i]) - 1);
    }
}

static void items_run(weft_pool *pool, int (*fn)(void *), const char *what)
{
    atomic_store(&laid.near, 0);
    atomic_store(&laid.far, 0);
    as_a_task(pool, fn);
    printf("%s: %d items on the node of their page, %d elsewhere\n", what, atomic_load(&laid.near),
           atomic_load(&laid.far));
    CHECK(atomic_load(&laid.near) + atomic_load(&laid.far) == (int)laid_items(), "each item once");
}

static bool ask_homes(void)
{
    return CHECK(weft_numa_where(laid.memory, laid_items() * laid.page, laid.home, PAGES_MOST) == 0, "where");
}

/* Memory in blocks, as places are. */
static void over_blocked_memory(weft_pool *pool)
{
    void *memory = NULL;
    size_t bytes = laid_items() * laid.page;
    CHECK(weft_numa_alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_BLOCKED), &memory) == 0, "alloc");
    laid.memory = memory;
    if (ask_homes()) {
        parts_begin_at_home(pool, begin_by_places, "blocked memory");
        items_run(pool, run_by_places, "blocked memory");
    }
    CHECK(weft_numa_free(memory, bytes) == 0, "free");
}

static void go_to_node(unsigned node)
{
    char text[256];
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)atoi(cpus_of_node(node, text, sizeof text)), &set);
    CHECK(sched_setaffinity(0, sizeof set, &set) == 0, "to node %u", node);
}

/* The last node's pages first: no layout by places is like that. */
static void near_memory_the_other_way_round(weft_pool *pool)
{
    void *memory = NULL;
    size_t bytes = laid_items() * laid.page;
    cpu_set_t all;
    CHECK(sched_getaffinity(0, sizeof all, &all) == 0, "affinity");
    CHECK(weft_numa_alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_FIRST_TOUCH, .untouched = 1),
                          &memory) == 0,
          "alloc");
    laid.memory = memory;
    for (int part = 0; part < nodes; part++) {
        go_to_node((unsigned)(nodes - 1 - part));
        memset(laid.memory + (size_t)part * PAGES_EACH * laid.page, 1, PAGES_EACH * laid.page);
    }
    CHECK(sched_setaffinity(0, sizeof all, &all) == 0, "back");
    if (ask_homes()) {
        CHECK(laid.home[0] == nodes - 1 && laid.home[laid_items() - 1] == 0, "the other way round");
        parts_begin_at_home(pool, begin_near, "near memory");
        items_run(pool, run_near, "near memory");
    }
    CHECK(weft_numa_free(memory, bytes) == 0, "free");
}

static int take_turn(void *out, const void *in, void *ctx)
{
    static atomic_int turn;
    laid.turn[((const char *)in - laid.memory) / (ptrdiff_t)laid.page] = atomic_fetch_add(&turn, 1);
    (void)out;
    (void)ctx;
    return 0;
}

/* One task at a time, on that node. */
static void map_from(weft_pool *pool, unsigned node)
{
    weft_executor *executor = NULL;
    int last_near = -1, first_far = INT_MAX;
    CHECK(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool, .limit = 1,
                                                               .node = WEFT_NODE((int)node), .strict = 1)) ==
              0,
          "executor on node %u", node);
    CHECK(weft_executor_map(executor, take_turn, laid.memory, laid.page, NULL, 0, laid_items(),
                            WEFT_MAP_CONFIG(.near = WEFT_NEAR_IN)) == 0,
          "map on node %u", node);
    for (size_t i = 0; i < laid_items(); i++)
        if (laid.home[i] == (int)node)
            last_near = laid.turn[i] > last_near ? laid.turn[i] : last_near;
        else
            first_far = laid.turn[i] < first_far ? laid.turn[i] : first_far;
    CHECK(last_near < first_far, "node %u: item %d is near, %d was far", node, last_near, first_far);
    weft_executor_destroy(executor);
}

static void maps_take_what_is_near_first(weft_pool *pool)
{
    void *memory = NULL;
    size_t bytes = laid_items() * laid.page;
    CHECK(weft_numa_alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_BLOCKED), &memory) == 0, "alloc");
    laid.memory = memory;
    for (int node = 0; ask_homes() && node < nodes; node++)
        map_from(pool, (unsigned)node);
    CHECK(weft_numa_free(memory, bytes) == 0, "free");
}

static void loops_begin_where_their_memory_is(weft_pool *pool)
{
    laid.page = (size_t)sysconf(_SC_PAGESIZE);
    over_blocked_memory(pool);
    near_memory_the_other_way_round(pool);
    maps_take_what_is_near_first(pool);
}

#endif
