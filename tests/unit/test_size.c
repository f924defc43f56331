/* SPDX-License-Identifier: MIT */
/* sched/size, follow: the config before the environment before the machine; what a pool of this machine makes of it. */
#include "sched/size.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft/weft.h>

#include "sched/follow.h"
#include "sched/worker.h"

static char root[PATH_MAX / 2];

static void put(const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = text ? fopen(path, "w") : NULL;
    cr_assert(f ? fputs(text, f) >= 0 && fclose(f) == 0 : mkdir(path, 0755) == 0, "%s", path);
}

/* A machine whose only group has this quota. */
static void machine(const char *quota)
{
    const char *folder = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/size-XXXXXX", folder ? folder : P_tmpdir);
    cr_assert_not_null(mkdtemp(root));
    put("proc", NULL);
    put("proc/self", NULL);
    put("proc/self/cgroup", "0::/\n");
    put("proc/self/mountinfo", "1 1 0:1 / /g rw - cgroup2 c rw\n");
    put("g", NULL);
    put("g/cpu.max", quota);
}

static void gone(void)
{
    static const char *const names[] = {
        "/g/cpu.max", "/g", "/proc/self/mountinfo", "/proc/self/cgroup", "/proc/self", "/proc", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s%s", root, names[i]);
        cr_assert_eq(remove(path), 0, "%s", path);
    }
}

static wf_size choose(const char *environment, int asked, unsigned pus)
{
    wf_size size;
    memset(&size, 0x5a, sizeof size);
    if (environment)
        setenv("WEFT_WORKERS", environment, 1);
    else
        unsetenv("WEFT_WORKERS");
    cr_assert_eq(wf_size_choose(&size, asked, pus, root), 0);
    return size;
}

static void expect(wf_size size, unsigned workers, enum wf_size_origin origin, bool ignored, bool rationed)
{
    cr_expect_eq(size.workers, workers, "%u workers, not %u", size.workers, workers);
    cr_expect_eq(size.origin, origin, "origin %d, not %d", (int)size.origin, (int)origin);
    cr_expect_eq(size.ignored, ignored, "ignored: %d", size.ignored);
    cr_expect_eq(size.rationed, rationed, "rationed: %d", size.rationed);
}

Test(size, the_config_decides_before_the_environment_before_the_machine)
{
    machine("250000 100000\n");
    expect(choose("5", 7, 8), 7, WF_SIZE_CONFIG, false, true);
    expect(choose("5", WEFT_NONE, 8), 0, WF_SIZE_CONFIG, false, true);
    expect(choose("junk", 7, 8), 7, WF_SIZE_CONFIG, false, true);
    expect(choose("5", 0, 8), 5, WF_SIZE_ENVIRONMENT, false, true);
    expect(choose(NULL, 0, 8), 3, WF_SIZE_QUOTA, false, true);
    gone();
}

Test(size, the_least_of_mask_and_quota)
{
    machine("250000 100000\n");
    expect(choose(NULL, 0, 1), 1, WF_SIZE_MASK, false, false);
    expect(choose(NULL, 0, 2), 2, WF_SIZE_MASK, false, false);
    expect(choose(NULL, 0, 3), 3, WF_SIZE_QUOTA, false, true);
    expect(choose(NULL, 0, 64), 3, WF_SIZE_QUOTA, false, true);
    gone();
}

Test(size, a_quota_below_one_cpu_still_has_a_worker)
{
    machine("1 100000\n");
    expect(choose(NULL, 0, 4), 1, WF_SIZE_QUOTA, false, true);
    expect(choose(NULL, 0, 1), 1, WF_SIZE_QUOTA, false, true);
    gone();
}

Test(size, without_a_quota_there_is_no_ration)
{
    machine("max 100000\n");
    expect(choose(NULL, 0, 3), 3, WF_SIZE_MASK, false, false);
    expect(choose(NULL, 50, 3), 50, WF_SIZE_CONFIG, false, false);
    expect(choose(NULL, 0, 100000), WEFT_WORKERS_MAX, WF_SIZE_MASK, false, false);
    gone();
}

Test(size, more_workers_than_the_quota_are_rationed)
{
    machine("300000 100000\n");
    expect(choose(NULL, 3, 2), 3, WF_SIZE_CONFIG, false, false);
    expect(choose(NULL, 4, 2), 4, WF_SIZE_CONFIG, false, true);
    gone();
}

Test(size, a_huge_quota_is_cut_to_the_largest_pool)
{
    machine("4294967295 100000\n");
    expect(choose(NULL, 0, 100000), WEFT_WORKERS_MAX, WF_SIZE_QUOTA, false, true);
    gone();
}

Test(size, of_the_environment_whole_numbers_count)
{
    static const struct {
        const char *text;
        int workers; /* -1: ignored */
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"2", 2},
        {"007", 7},
        {"4096", 4096},
        {"4097", -1},
        {"99999", -1},
        {"-1", -1},
        {"+2", -1},
        {" 2", -1},
        {"2 ", -1},
        {"2\n", -1},
        {"2,4", -1},
        {"2.0", -1},
        {"0x2", -1},
        {"auto", -1},
        {"1e1", -1},
        {"4294967297", -1},
        {"18446744073709551617", -1},
        {"00000000000000000000000000000003", 3},
    };
    machine("max 100000\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool ignored = cases[i].workers < 0;
        expect(choose(cases[i].text, 0, 6), ignored ? 6 : (unsigned)cases[i].workers,
               ignored ? WF_SIZE_MASK : WF_SIZE_ENVIRONMENT, ignored, false);
    }
    expect(choose("", 0, 6), 6, WF_SIZE_MASK, false, false);
    gone();
}

/* ---- pools of this machine ---------------------------------------------------------------------- */

static unsigned pus_of_mask(void)
{
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    return (unsigned)CPU_COUNT(&mask);
}

Test(size, a_pool_remembers_its_own)
{
    weft_pool *pool;
    wf_limits limits;
    unsigned pus = pus_of_mask();
    cr_assert_eq(wf_limits_read(&limits, NULL), 0);
    unsetenv("WEFT_WORKERS");
    cr_assert_eq(weft_pool_create(&pool, NULL), 0);
    unsigned cpus = wf_limits_cpus(&limits);
    cr_assert_eq(pool->open, cpus < pus ? cpus : pus);
    cr_assert_eq(pool->size.workers, pool->open);
    cr_assert_eq(pool->workers, pus);
    cr_assert_eq(pool->size.origin, wf_limits_below(&limits, pus) ? WF_SIZE_QUOTA : WF_SIZE_MASK);
    cr_assert_str_eq(pool->size.limits.file, limits.file);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}

Test(size, a_pool_tells_that_the_environment_was_ignored)
{
    weft_pool *pool;
    setenv("WEFT_WORKERS", "many", 1);
    cr_assert_eq(weft_pool_create(&pool, NULL), 0);
    cr_assert(pool->size.ignored);
    cr_assert_neq(pool->size.origin, WF_SIZE_ENVIRONMENT);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}

/* To a PU each only where the pool has the whole mask to itself. */
Test(size, binding_by_itself_wants_the_whole_mask)
{
    weft_pool *pool, *second;
    int pus = (int)pus_of_mask();
    unsetenv("WEFT_WORKERS");
    for (int workers = -1; workers <= pus + 1; workers++) {
        cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers)), 0);
        bool all = (int)pool->open == pus && !pool->size.rationed;
        cr_expect_eq(pool->bind, all ? WEFT_BIND_PU : WEFT_BIND_DOMAIN, "%d workers: %d", workers,
                     pool->bind);
        cr_assert_eq(weft_pool_create(&second, WEFT_POOL_CONFIG(.workers = pus)), 0);
        cr_expect_eq(second->bind, !all && !second->size.rationed ? WEFT_BIND_PU : WEFT_BIND_DOMAIN,
                     "the second beside %d workers", workers);
        cr_assert_eq(weft_pool_destroy(second), 0);
        cr_assert_eq(weft_pool_destroy(pool), 0);
    }
}

static weft_pool *on_cpus(const char *cpus)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.cpus = cpus)), 0);
    return pool;
}

/* Whose parts do not overlap are in nobody's way. */
Test(size, binding_by_itself_minds_pools_on_the_same_pus_only)
{
    char all[32], first[16], rest[32];
    int cpu = -1, last;
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    do
        cpu++;
    while (!CPU_ISSET((size_t)cpu, &mask));
    for (last = CPU_SETSIZE - 1; !CPU_ISSET((size_t)last, &mask);)
        last--;
    if (cpu == last)
        cr_skip_test("there is one PU");
    snprintf(first, sizeof first, "%d", cpu);
    snprintf(rest, sizeof rest, "%d-%d", cpu + 1, last);
    snprintf(all, sizeof all, "%d-%d", cpu, last);
    unsetenv("WEFT_WORKERS");
    weft_pool *pools[] = {on_cpus(first), on_cpus(rest), on_cpus(first), on_cpus(all)};
    if (pools[3]->size.rationed)
        cr_skip_test("a CPU quota: no pool binds to PUs by itself");
    for (int i = 0; i < 4; i++)
        cr_expect_eq(pools[i]->bind, i < 2 ? WEFT_BIND_PU : WEFT_BIND_DOMAIN, "pool %d: %d", i,
                     pools[i]->bind);
    cr_assert_eq(weft_pool_destroy(pools[0]), 0);
    weft_pool *next = on_cpus(first);
    cr_expect_eq(next->bind, WEFT_BIND_PU, "when the first one is gone");
    cr_assert_eq(weft_pool_destroy(next), 0);
    for (int i = 1; i < 4; i++)
        cr_assert_eq(weft_pool_destroy(pools[i]), 0);
}

static int answer(void *arg)
{
    return (int)(intptr_t)arg;
}

static void square(size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        ((size_t *)arg)[i] = i * i;
}

/* Loops, and tasks that are waited for outside. */
static void use(weft_pool *pool)
{
    static size_t squares[1000];
    weft_executor *own;
    cr_assert_eq(weft_pool_executor(pool, &own), 0);
    for (int i = 0; i < 100; i++) {
        int status = -1;
        cr_assert_eq(weft_parallel_for(pool, 0, 1000, square, squares), 0);
        cr_assert_eq(squares[999], 998001);
        memset(squares, 0, sizeof squares);
        cr_assert_eq(weft_apply(own, answer, (void *)(intptr_t)i, &status), 0);
        cr_assert_eq(status, i);
    }
}

/* Both sides of a yield run: 2 workers and a waiter outside, which does not take anything over. */
Test(size, who_spins_yields_while_anybody_shares)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .take_over = WEFT_NONE)), 0);
    uint64_t spin = pool->spin_ticks;
    cr_expect_not(pool->yields);
    wf_follow_share(pool, true);
    wf_follow_share(pool, true);
    wf_follow_share(pool, false);
    cr_expect(pool->yields, "one still shares");
    cr_expect_eq(pool->spin_ticks, spin, "as long as ever");
    use(pool);
    wf_follow_share(pool, false);
    cr_expect_not(pool->yields);
    use(pool);
    cr_assert_eq(weft_pool_destroy(pool), 0);
}
