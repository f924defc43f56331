/* SPDX-License-Identifier: MIT */
/* test_numa.c - memory lies where its policy says, by the kernel's word, on as many nodes as the machine has; and what it says
 * of any memory.
 *
 * - Where the kernel does not tell (no NUMA, a sandbox) what needs its word is skipped.
 * - The machine is taken to have room on each of its nodes.
 */
#include "sem.h"

#include <hwloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 1003, NODES_MAX = 64 };

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t pages_of(size_t bytes)
{
    return (bytes + page_bytes() - 1) / page_bytes();
}

static void *alloc(weft_pool *pool, size_t bytes, const weft_numa_config *config)
{
    void *memory = &memory;
    int err = weft_numa_alloc(pool, bytes, config, &memory);
    cr_assert_eq(err, 0, "alloc %zu: %s", bytes, weft_strerror(err));
    cr_assert_eq(memory == NULL, bytes == 0);
    return memory;
}

/* Of small pages, none of which is there yet: where the system makes huge ones by itself, these would lie as a whole. */
static char *alloc_small(weft_pool *pool, size_t bytes, int policy, weft_numa_report *got)
{
    char *memory = alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = policy, .untouched = 1, .report = got));
    (void)madvise(memory, bytes, MADV_NOHUGEPAGE); /* a system without huge pages refuses it */
    return memory;
}

static void release(void *memory, size_t bytes)
{
    cr_assert_eq(weft_numa_free(memory, bytes), 0);
}

/* The kernel's word for each page; the array is static. */
static const int *where(const void *memory, size_t bytes)
{
    static int nodes[MANY + 2];
    int err = weft_numa_where(memory, bytes, nodes, MANY + 2);
    if (err == -ENOSYS || err == -EPERM)
        cr_skip_test("the kernel does not tell where memory lies: %s", weft_strerror(err));
    cr_assert_eq(err, 0, "where: %s", weft_strerror(err));
    return nodes;
}

static bool exists(int node)
{
    char path[64];
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpulist", node);
    return access(path, R_OK) == 0;
}

/* Keeps the calling thread where it runs: the node that answers is its own from now on. */
static int stay(void)
{
    unsigned cpu, node;
    cpu_set_t one;
    CPU_ZERO(&one);
    cr_assert_eq(getcpu(&cpu, &node), 0);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    return (int)node;
}

/* The nodes of the pool's places in their order; 0: not known. */
static int homes_of(weft_pool *pool, int *nodes)
{
    int count = 0;
    for (int i = 0; i < weft_pool_workers(pool); i++) {
        weft_worker_info info = {.size = sizeof info};
        cr_assert_eq(weft_worker_inspect(pool, i, &info), 0);
        if (info.node >= 0)
            nodes[count++] = info.node;
    }
    return count;
}

/* ---- sizes, and what every memory is -------------------------------------------------------------- */

static void is_whole(unsigned char *memory, size_t bytes)
{
    size_t room = pages_of(bytes) * page_bytes();
    cr_assert_eq((uintptr_t)memory % page_bytes(), 0);
    size_t zeroes = 0;
    while (zeroes < room && memory[zeroes] == 0)
        zeroes++;
    cr_assert_eq(zeroes, room, "byte %zu", zeroes);
    if (memory)
        memset(memory, 0xff, room);
}

static void sizes_of(weft_pool *pool, const weft_numa_config *config)
{
    const size_t page = page_bytes(), sizes[] = {0, 1, page - 1, page, page + 1, 7 * page, MANY * page - 5};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *memory = alloc(pool, sizes[i], config);
        is_whole(memory, sizes[i]);
        release(memory, sizes[i]);
    }
}

PROMISE(memory_of_any_size_is_zeroed_and_usable)
{
    weft_pool *pool = sem_pool();
    sizes_of(pool, NULL);
    for (int policy = WEFT_NUMA_LOCAL; policy <= WEFT_NUMA_FIRST_TOUCH; policy++) {
        int node = policy == WEFT_NUMA_ON_NODE ? WEFT_NODE(0) : 0;
        sizes_of(pool, WEFT_NUMA_CONFIG(.policy = policy, .node = node));
        sizes_of(pool, WEFT_NUMA_CONFIG(.policy = policy, .node = node, .untouched = 1));
    }
    sem_end(pool);
}

PROMISE(it_is_all_there_unless_left_untouched)
{
    weft_pool *pool = sem_pool();
    size_t bytes = MANY * page_bytes();
    char *there = alloc(pool, bytes, NULL), *later = alloc_small(pool, bytes, WEFT_NUMA_LOCAL, NULL);
    const int *nodes = where(there, bytes);
    for (int i = 0; i < MANY; i++)
        cr_assert_geq(nodes[i], 0, "page %d: %d", i, nodes[i]);
    later[5 * page_bytes()] = 1;
    nodes = where(later, bytes);
    for (int i = 0; i < MANY; i++)
        cr_assert(i == 5 ? nodes[i] >= 0 : nodes[i] == WEFT_NUMA_ABSENT, "page %d: %d", i, nodes[i]);
    release(there, bytes);
    release(later, bytes);
    sem_end(pool);
}

Test(semantics, behind_it_nobody_may_touch, .timeout = 60, .signal = SIGSEGV)
{
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would say more about it */
    volatile char *memory = alloc(NULL, 1, NULL);
    memory[page_bytes()] = 1;
}

static bool is_mapped(char *page)
{
    return msync(page, page_bytes(), MS_ASYNC) == 0;
}

PROMISE(free_gives_the_address_space_back)
{
    weft_pool *pool = sem_pool();
    size_t bytes = 3 * page_bytes() - 1;
    char *memory = alloc(pool, bytes, NULL);
    sem_end(pool); /* nobody maps anything from here on */
    for (size_t i = 0; i < 4; i++)
        cr_assert(is_mapped(memory + i * page_bytes()), "page %zu", i);
    int freed = weft_numa_free(memory, bytes), mapped = 0;
    for (size_t i = 0; i < 4; i++)
        mapped += is_mapped(memory + i * page_bytes());
    cr_assert_eq(freed, 0);
    cr_assert_eq(mapped, 0);
    cr_assert_eq(weft_numa_free(NULL, 0), 0);
    cr_assert_eq(weft_numa_free(NULL, 1), 0);
}

/* ---- policies --------------------------------------------------------------------------------------- */

PROMISE(local_is_the_node_of_the_caller)
{
    size_t bytes = MANY * page_bytes();
    weft_numa_report got = {-1, -1, -1};
    weft_pool *pool = sem_pool();
    int here = stay();
    void *memory = alloc(pool, bytes, WEFT_NUMA_CONFIG(.report = &got));
    const int *nodes = where(memory, bytes);
    cr_assert_eq(got.policy, WEFT_NUMA_LOCAL);
    cr_assert_eq(got.err, 0, "%s", weft_strerror(got.err));
    cr_assert_eq(got.nodes, 1);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(nodes[i], here, "page %d", i);
    release(memory, bytes);
    sem_end(pool);
}

PROMISE(on_a_node_is_on_that_node)
{
    size_t bytes = MANY * page_bytes();
    weft_pool *pool = sem_pool();
    for (int node = 0; node < NODES_MAX; node++) {
        weft_numa_report got = {-1, -1, -1};
        if (!exists(node))
            continue;
        void *memory =
            alloc(pool, bytes,
                  WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_ON_NODE, .node = WEFT_NODE(node), .report = &got));
        const int *nodes = where(memory, bytes);
        cr_assert_eq(got.policy, WEFT_NUMA_ON_NODE);
        cr_assert_eq(got.err, 0, "%s", weft_strerror(got.err));
        cr_assert_eq(got.nodes, 1);
        for (int i = 0; i < MANY; i++)
            cr_assert_eq(nodes[i], node, "page %d", i);
        release(memory, bytes);
    }
    sem_end(pool);
}

PROMISE(a_node_that_is_not_there_is_no_error_but_told)
{
    weft_pool *pool = sem_pool();
    weft_numa_report got = {-1, 0, -1};
    size_t bytes = 10 * page_bytes();
    void *memory = alloc(
        pool, bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_ON_NODE, .node = WEFT_NODE(1023), .report = &got));
    cr_assert_eq(got.policy, WEFT_NUMA_FIRST_TOUCH);
    cr_assert_lt(got.err, 0);
    cr_assert_eq(got.nodes, 0);
    is_whole(memory, bytes);
    release(memory, bytes);
    sem_end(pool);
}

/* How many different ones; pages_on: of each node. */
static int spread(const int *nodes, int count, int *pages_on)
{
    int different = 0;
    memset(pages_on, 0, NODES_MAX * sizeof *pages_on);
    for (int i = 0; i < count; i++)
        different += pages_on[nodes[i]]++ == 0;
    return different;
}

/* Of a pool of the size under test: what its places say, or, without threads, the caller's. */
static int expected_homes(weft_pool *pool, int *homes)
{
    homes[0] = stay();
    int count = sem_threads() ? homes_of(pool, homes) : 1;
    if (!count)
        cr_skip_test("the pool does not know its nodes");
    return count;
}

PROMISE(interleaved_pages_take_turns_on_the_nodes_of_the_places)
{
    int homes[WEFT_WORKERS_MAX], wanted[NODES_MAX], found[NODES_MAX];
    weft_numa_report got = {-1, -1, -1};
    size_t bytes = MANY * page_bytes();
    weft_pool *pool = sem_pool();
    int count = spread(homes, expected_homes(pool, homes), wanted), least = MANY / count;
    char *memory = alloc_small(pool, bytes, WEFT_NUMA_INTERLEAVED, &got);
    memset(memory, 1, bytes);
    cr_assert_eq(spread(where(memory, bytes), MANY, found), count);
    cr_assert_eq(got.policy, WEFT_NUMA_INTERLEAVED);
    cr_assert_eq(got.err, 0, "%s", weft_strerror(got.err));
    cr_assert_eq(got.nodes, count);
    for (int i = 0; i < NODES_MAX; i++)
        cr_assert(wanted[i] ? found[i] == least || found[i] == least + 1 : found[i] == 0,
                  "node %d: %d pages of %d on %d nodes", i, found[i], MANY, count);
    release(memory, bytes);
    sem_end(pool);
}

static void blocked(weft_pool *pool, int pages)
{
    int homes[WEFT_WORKERS_MAX], spare[NODES_MAX];
    weft_numa_report got = {-1, -1, -1};
    size_t bytes = (size_t)pages * page_bytes();
    int count = expected_homes(pool, homes);
    void *memory = alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_BLOCKED, .report = &got));
    const int *nodes = where(memory, bytes);
    cr_assert_eq(got.policy, WEFT_NUMA_BLOCKED);
    cr_assert_eq(got.err, 0, "%s", weft_strerror(got.err));
    cr_assert_eq(got.nodes, spread(nodes, pages, spare));
    for (int k = 0; k < count; k++)
        for (int i = k * pages / count; i < (k + 1) * pages / count; i++)
            cr_assert_eq(nodes[i], homes[k], "page %d of %d: node %d", i, pages, nodes[i]);
    release(memory, bytes);
}

PROMISE(blocked_pages_lie_by_the_places_in_their_order)
{
    weft_pool *pool = sem_pool();
    for (int pages = 1; pages < 20; pages++)
        blocked(pool, pages);
    blocked(pool, MANY);
    sem_end(pool);
}

static void where_the_nodes_are_not_known(weft_pool *pool)
{
    size_t bytes = 10 * page_bytes();
    for (int policy = WEFT_NUMA_INTERLEAVED; policy <= WEFT_NUMA_BLOCKED; policy++) {
        weft_numa_report got = {-1, 0, -1};
        void *memory = alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = policy, .report = &got));
        cr_assert_eq(got.policy, WEFT_NUMA_FIRST_TOUCH);
        cr_assert_eq(got.err, -ENODATA);
        cr_assert_eq(got.nodes, 0);
        is_whole(memory, bytes);
        release(memory, bytes);
    }
}

PROMISE(a_flat_pool_does_not_know_its_nodes)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .flat = 1));
    where_the_nodes_are_not_known(pool);
    sem_end(pool);
}

PROMISE(nodes_of_another_machine_are_names)
{
    NEEDS_WORKERS(1);
    hwloc_topology_t other;
    cr_assert_eq(hwloc_topology_init(&other), 0);
    cr_assert_eq(hwloc_topology_set_synthetic(other, "node:2 pu:2"), 0);
    cr_assert_eq(hwloc_topology_load(other), 0);
    weft_pool *pool = sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .topology = other));
    where_the_nodes_are_not_known(pool);
    sem_end(pool);
    hwloc_topology_destroy(other);
}

PROMISE(first_touch_is_no_policy)
{
    weft_numa_report got = {-1, -1, -1};
    size_t bytes = 10 * page_bytes();
    weft_pool *pool = sem_pool();
    void *memory = alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_FIRST_TOUCH, .report = &got));
    cr_assert_eq(got.policy, WEFT_NUMA_FIRST_TOUCH);
    cr_assert_eq(got.err, 0);
    cr_assert_eq(got.nodes, 0);
    release(memory, bytes);
    sem_end(pool);
}

struct inner {
    size_t bytes;
    void *memory;
    int err;
};

static void alloc_inside(void *arg)
{
    struct inner *in = arg;
    in->err = weft_numa_alloc(NULL, in->bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_BLOCKED), &in->memory);
}

PROMISE(a_task_may_ask_for_memory)
{
    struct inner in = {.bytes = MANY * page_bytes(), .err = -1};
    sem_in_pool(alloc_inside, &in);
    cr_assert_eq(in.err, 0, "%s", weft_strerror(in.err));
    is_whole(in.memory, in.bytes);
    release(in.memory, in.bytes);
}

/* ---- where memory lies --------------------------------------------------------------------------------- */

PROMISE(memory_of_any_origin_is_somewhere)
{
    static char own[3 * 65536];
    size_t bytes = sizeof own;
    char on_stack[1] = {1}, *from_malloc = malloc(bytes);
    memset(own, 1, bytes);
    memset(from_malloc, 1, bytes);
    for (size_t i = 0; i < pages_of(bytes); i++)
        cr_assert_geq(where(own, bytes)[i], 0);
    for (size_t i = 0; i < pages_of(bytes); i++)
        cr_assert_geq(where(from_malloc, bytes)[i], 0);
    cr_assert_geq(where(on_stack, 1)[0], 0);
    free(from_malloc);
}

PROMISE(what_is_not_mapped_is_nowhere)
{
    size_t page = page_bytes();
    char *memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory[0] = 1;
    cr_assert_eq(((volatile char *)memory)[page], 0); /* to read is not to write */
    cr_assert_eq(munmap(memory + 2 * page, page), 0);
    const int *nodes = where(memory, 3 * page);
    int first = nodes[0], second = nodes[1], third = nodes[2];
    cr_assert_geq(first, 0);
    cr_assert_eq(second, WEFT_NUMA_ABSENT);
    cr_assert_eq(third, -EFAULT);
}

PROMISE(each_page_that_has_a_byte_is_told)
{
    size_t page = page_bytes();
    int nodes[4];
    char *memory = alloc(NULL, 3 * page, NULL);
    where(memory, 1);
    for (int i = 0; i < 4; i++)
        nodes[i] = 4711;
    cr_assert_eq(weft_numa_where(memory + page - 1, 2, nodes, 4), 0);
    cr_assert(nodes[0] >= 0 && nodes[0] < 4711 && nodes[1] >= 0 && nodes[1] < 4711);
    cr_assert(nodes[2] == 4711 && nodes[3] == 4711);
    cr_assert_eq(weft_numa_where(memory + 1, 2 * page, nodes, 2), -EINVAL);
    cr_assert_eq(weft_numa_where(memory + 1, 2 * page, nodes, 3), 0);
    cr_assert_eq(weft_numa_where(memory, 2 * page, nodes, 2), 0);
    release(memory, 3 * page);
}

PROMISE(the_sums_are_those_of_the_pages)
{
    size_t page = page_bytes(), bytes = MANY * page, on[NODES_MAX] = {0}, absent = 0;
    char *memory = alloc_small(NULL, bytes, WEFT_NUMA_LOCAL, NULL);
    weft_numa_info info = {.size = sizeof info};
    for (size_t i = 0; i < MANY; i += 2)
        memory[i * page] = 1;
    const int *nodes = where(memory, bytes + 1); /* with the page behind */
    for (size_t i = 0; i < MANY + 1; i++)
        *(nodes[i] >= 0 ? &on[nodes[i]] : &absent) += page;
    cr_assert_eq(weft_numa_inspect(memory, bytes + 1, &info), 0);
    cr_assert_eq(info.size, sizeof info);
    cr_assert_eq(info.page_bytes, page);
    cr_assert_eq(info.absent, absent);
    cr_assert_eq(info.absent, (MANY / 2 + 1) * page);
    cr_assert_eq(info.unknown, 0);
    cr_assert_eq(info.beyond, 0);
    cr_assert_arr_eq(info.on, on, sizeof on);
    cr_assert_eq(munmap(memory, page), 0);
    cr_assert_eq(weft_numa_inspect(memory, bytes, &info), 0);
    cr_assert_eq(info.unknown, page);
}

/* ---- errors ----------------------------------------------------------------------------------------- */

static void is_refused(const weft_numa_config *config)
{
    void *memory = &memory;
    cr_assert_eq(weft_numa_alloc(NULL, 1, config, &memory), -EINVAL);
    cr_assert_null(memory);
}

PROMISE(bad_arguments)
{
    struct {
        weft_numa_config known;
        long newer;
    } longer = {{.size = sizeof longer}, 1};
    cr_assert_eq(weft_numa_alloc(NULL, 1, NULL, NULL), -EINVAL);
    is_refused(WEFT_NUMA_CONFIG(.policy = -1));
    is_refused(WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_FIRST_TOUCH + 1));
    is_refused(WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_ON_NODE));
    is_refused(WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_ON_NODE, .node = WEFT_NODE(-2)));
    is_refused(WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_ON_NODE, .node = WEFT_NODE(1024)));
    is_refused(WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_BLOCKED, .node = WEFT_NODE(0)));
    is_refused(WEFT_NUMA_CONFIG(.untouched = 2));
    is_refused(&(weft_numa_config){.size = 0});
    is_refused(&(weft_numa_config){.size = 8});
    is_refused(&longer.known);

    char *memory = alloc(NULL, 1, NULL);
    cr_assert_eq(weft_numa_free(memory, 0), -EINVAL);
    cr_assert_eq(weft_numa_free(memory + 1, 1), -EINVAL);
    cr_assert_eq(weft_numa_free(memory, SIZE_MAX), -EINVAL);
    cr_assert(is_mapped(memory));
    release(memory, 1);
}

PROMISE(bad_arguments_of_where_and_inspect)
{
    int node = 4711;
    weft_numa_info info = {.size = sizeof info - 1};
    cr_assert_eq(weft_numa_where(NULL, 1, &node, 1), -EINVAL);
    cr_assert_eq(weft_numa_where(&node, 1, NULL, 1), -EINVAL);
    cr_assert_eq(weft_numa_where(&node, 1, &node, 0), -EINVAL);
    cr_assert_eq(weft_numa_where(&node, SIZE_MAX, &node, SIZE_MAX), -EINVAL);
    cr_assert_eq(weft_numa_where(NULL, 0, NULL, 0), 0);
    cr_assert_eq(weft_numa_where(&node, 0, &node, 1), 0);
    cr_assert_eq(node, 4711);
    where(&node, 1);
    cr_assert_eq(weft_numa_inspect(&node, 1, NULL), -EINVAL);
    cr_assert_eq(weft_numa_inspect(&node, 1, &info), -EINVAL);
    info.size = sizeof info;
    cr_assert_eq(weft_numa_inspect(NULL, 1, &info), -EINVAL);
    cr_assert_eq(weft_numa_inspect(&node, SIZE_MAX, &info), -EINVAL);
    cr_assert_eq(weft_numa_inspect(NULL, 0, &info), 0);
}

PROMISE(no_memory)
{
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 4, (size_t)1 << 60};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        weft_numa_report got = {-1, -1, -1};
        void *memory = &memory;
        cr_assert_eq(weft_numa_alloc(NULL, sizes[i], WEFT_NUMA_CONFIG(.report = &got), &memory), -ENOMEM);
        cr_assert_null(memory);
        cr_assert_eq(got.policy, -1, "nothing is told");
    }
}

PROMISE(a_child_has_the_memory_but_not_the_pool)
{
    weft_pool *pool = sem_pool();
    size_t bytes = 2 * page_bytes();
    char *memory = alloc(pool, bytes, NULL);
    pid_t child = fork();
    if (child == 0) {
        void *other;
        memory[0] = 1;
        _exit(weft_numa_alloc(pool, 1, NULL, &other) == -EOWNERDEAD && weft_numa_free(memory, bytes) == 0
                  ? 0
                  : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_eq(memory[0], 0);
    release(memory, bytes);
    sem_end(pool);
}
