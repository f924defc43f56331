/* SPDX-License-Identifier: MIT */
/* test_numa.c - the kernel refuses mbind(2) or move_pages(2), as in sandboxes and where it is built without NUMA.
 *
 * - Memory is had all the same, and the report says why it has no policy; who asks where it lies is told that nobody knows.
 * - Each case is a process of its own, which keeps its filter to its end.
 */
#include "child.h"
#include "seccomp.h"

#include <errno.h>
#include <sched.h>
#include <weft/weft.h>

enum { PAGES = 300 };

static size_t page_bytes, bytes;

static const struct policy {
    int policy, node;
} policies[] = {{WEFT_NUMA_LOCAL, 0},
                {WEFT_NUMA_ON_NODE, WEFT_NODE(0)},
                {WEFT_NUMA_INTERLEAVED, 0},
                {WEFT_NUMA_BLOCKED, 0}};

static char *alloc(weft_pool *pool, const struct policy *p, int untouched, weft_numa_report *got)
{
    weft_numa_config config = {sizeof config, p->policy, p->node, untouched, got};
    void *memory = NULL;
    int err = weft_numa_alloc(pool, bytes, &config, &memory);
    CHECK(err == 0 && memory, "policy %d: %s", p->policy, weft_strerror(err));
    return memory;
}

static void is_zeroed(char *memory)
{
    size_t others = 0;
    for (size_t i = 0; i < bytes; i++)
        others += memory[i] != 0;
    CHECK(others == 0, "%zu bytes are not 0", others);
}

/* All there, in spite of it. */
static void is_there(const char *memory)
{
    weft_numa_info info = {.size = sizeof info};
    int err = weft_numa_inspect(memory, bytes, &info);
    CHECK(err == 0, "inspect: %s", weft_strerror(err));
    CHECK(info.absent == 0 && info.unknown == 0, "absent %zu, unknown %zu", info.absent, info.unknown);
}

static void without_policy(weft_pool *pool, const struct policy *p, int err)
{
    for (int untouched = 0; untouched < 2; untouched++) {
        weft_numa_report got = {-1, 0, -1};
        char *memory = alloc(pool, p, untouched, &got);
        CHECK(got.policy == WEFT_NUMA_FIRST_TOUCH, "policy %d: %d obtained", p->policy, got.policy);
        CHECK(got.err == -err && got.nodes == 0, "policy %d: %s, %d nodes", p->policy, weft_strerror(got.err),
              got.nodes);
        if (!untouched)
            is_there(memory);
        is_zeroed(memory);
        CHECK(weft_numa_free(memory, bytes) == 0, "free");
    }
}

/* The caller stays where it is: what it touched itself is on its node. */
static void local_all_the_same(weft_pool *pool)
{
    unsigned cpu = 0, node = 0;
    int nodes[PAGES], elsewhere = 0;
    weft_numa_report got;
    cpu_set_t one;
    CPU_ZERO(&one);
    CHECK(getcpu(&cpu, &node) == 0, "getcpu");
    CPU_SET(cpu, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "setaffinity");
    CHECK(getcpu(&cpu, &node) == 0, "getcpu");
    char *memory = alloc(pool, &policies[0], 0, &got);
    CHECK(weft_numa_where(memory, bytes, nodes, PAGES) == 0, "where");
    for (int i = 0; i < PAGES; i++)
        elsewhere += nodes[i] != (int)node;
    CHECK(elsewhere == 0, "%d pages are not on the caller's node", elsewhere);
    CHECK(weft_numa_free(memory, bytes) == 0, "free");
}

static int mbind_refused(void *arg)
{
    weft_pool *pool;
    int err = *(int *)arg;
    if (!refuse(SYS_mbind, (unsigned)err))
        return CHILD_SKIP;
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)) == 0, "create");
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        without_policy(pool, &policies[i], err);
    local_all_the_same(pool);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    return atomic_load(&tally_failed);
}

static int move_pages_refused(void *arg)
{
    weft_pool *pool;
    int err = *(int *)arg, nodes[PAGES];
    weft_numa_info info = {.size = sizeof info, .page_bytes = 4711};
    weft_numa_report got;
    if (!refuse(SYS_move_pages, (unsigned)err))
        return CHILD_SKIP;
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)) == 0, "create");
    char *memory = alloc(pool, &policies[1], 0, &got);
    CHECK(got.policy == WEFT_NUMA_ON_NODE && got.err == 0, "policy %d: %s", got.policy,
          weft_strerror(got.err));
    is_zeroed(memory);
    CHECK(weft_numa_where(memory, bytes, nodes, PAGES) == -err, "where");
    CHECK(weft_numa_inspect(memory, bytes, &info) == -err && info.page_bytes == 4711, "inspect");
    CHECK(weft_numa_free(memory, bytes) == 0, "free");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    return atomic_load(&tally_failed);
}

static void in_child_or_skip(int (*fn)(void *), int err, const char *name)
{
    int status = in_child(fn, &err, 60);
    if (status == CHILD_SKIP)
        tally_skip(name, "no seccomp filters here");
    else
        CHECK(status == 0, "%s, %s: status %d", name, err == EPERM ? "EPERM" : "ENOSYS", status);
}

int main(void)
{
    tally_watch(360);
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    bytes = PAGES * page_bytes;
    if (syscall(SYS_mbind, NULL, 0, 0, NULL, 0, 0) || syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0))
        tally_skip("all", "the kernel refuses anyway");
    else {
        in_child_or_skip(mbind_refused, ENOSYS, "mbind");
        in_child_or_skip(mbind_refused, EPERM, "mbind");
        in_child_or_skip(move_pages_refused, ENOSYS, "move_pages");
        in_child_or_skip(move_pages_refused, EPERM, "move_pages");
    }
    return tally_end();
}
