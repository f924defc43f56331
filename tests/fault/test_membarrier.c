/* SPDX-License-Identifier: MIT */
/* test_membarrier.c - the kernel refuses membarrier(2): from the start, after the program's, in the middle of a pool.
 *
 * - Refused by seccomp filters, as in sandboxes: each case is a process of its own, which keeps the filter to its end.
 * - Without it nothing is published by force and replaced rings stay; all else works, and nothing ends the program.
 */
#include "child.h"
#include "scenes.h"
#include "seccomp.h"

#include <linux/membarrier.h>

static int is_refused(int err)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) == -1 && errno == err;
}

static long forced(weft_pool *pool)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    CHECK(weft_pool_counters(pool, -1, &c) == 0, "counters");
    return (long)c.forced;
}

/* What the filter is to prevent does happen without it. */
static void some_are_forced(weft_pool *pool)
{
    long turns = 0;
    int runs = 0;
    for (; !forced(pool); runs++) /* none at all is ended by the watch */
        CHECK(weft_run(pool, block_root, &turns) == 0, "joins");
    CHECK(done_since() == turns + runs * BLOCKS, "joins");
}

static void nothing_is_forced(const char *under)
{
    weft_pool *pool = pool_of(&shapes[0]);
    long turns = 0;
    CHECK(weft_run(pool, block_root, &turns) == 0 && done_since() == turns + BLOCKS, "%s: joins", under);
    CHECK(forced(pool) == 0, "%s: nothing is published by force", under);
    CHECK(weft_pool_destroy(pool) == 0, "%s: destroy", under);
}

/* The whole program, begun under the filter: liburcu and libweft are refused from the first call on. */
static int begun_without(int err)
{
    scenes_start();
    CHECK(is_refused(err), "refused from the start");
    for (int i = 0; i < SHAPES; i++)
        play(&shapes[i], "membarrier refused from the start");
    nothing_is_forced("refused from the start");
    return atomic_load(&tally_failed);
}

static int exec_without(void *arg)
{
    char *const argv[] = {(char *)"membarrier", (char *)(*(int *)arg == EPERM ? "eperm" : "enosys"), NULL};
    if (!refuse(SYS_membarrier, (unsigned)*(int *)arg))
        return CHILD_SKIP;
    execv("/proc/self/exe", argv);
    return 1;
}

/* As a sandbox that a program enters once its libraries are loaded. */
static int before_the_pools(void *arg)
{
    int err = *(int *)arg;
    scenes_start();
    if (!refuse(SYS_membarrier, (unsigned)err))
        return CHILD_SKIP;
    CHECK(is_refused(err), "refused before the first pool");
    for (int i = 0; i < SHAPES; i++)
        play(&shapes[i], "membarrier refused before the first pool");
    nothing_is_forced("refused before the first pool");
    return atomic_load(&tally_failed);
}

/* Who had forced before may have got no CPU since, and counts it now: once. Without end it is ended by the watch. */
static void until_nothing_is_forced(weft_pool *pool)
{
    long before;
    do {
        before = forced(pool);
        use_in_every_way(pool, "membarrier refused in the middle");
    } while (forced(pool) != before);
}

static int under_the_pool(void *arg)
{
    int err = *(int *)arg;
    scenes_start();
    atomic_store(&scenes_under, "membarrier refused in the middle");
    for (int i = 0; i < SHAPES; i++) {
        weft_pool *pool = pool_of(&shapes[i]);
        use_in_every_way(pool, i ? "without" : "with membarrier");
        if (i == 0)
            some_are_forced(pool);
        if (i == 0 && !refuse(SYS_membarrier, (unsigned)err))
            return CHILD_SKIP;
        CHECK(is_refused(err), "refused in the middle");
        until_nothing_is_forced(pool);
        drained(pool, "membarrier refused in the middle");
    }
    return atomic_load(&tally_failed);
}

static void in_child_or_skip(int (*fn)(void *), int err, const char *name)
{
    int status = in_child(fn, &err, 100);
    if (status == CHILD_SKIP)
        tally_skip(name, "no seccomp filters here");
    else
        CHECK(status == 0, "%s, %s: status %d", name, err == EPERM ? "EPERM" : "ENOSYS", status);
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return begun_without(strcmp(argv[1], "eperm") == 0 ? EPERM : ENOSYS);
    tally_watch(360);
    in_child_or_skip(exec_without, ENOSYS, "membarrier refused from the start");
    in_child_or_skip(exec_without, EPERM, "membarrier refused from the start");
    in_child_or_skip(before_the_pools, EPERM, "membarrier refused before the first pool");
    in_child_or_skip(before_the_pools, ENOSYS, "membarrier refused before the first pool");
    in_child_or_skip(under_the_pool, EPERM, "membarrier refused in the middle");
    return tally_end();
}
