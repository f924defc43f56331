/* SPDX-License-Identifier: MIT */
/* test_inject.c - every memory, mapping, thread and affinity call of libweft fails once, each in its turn.
 *
 * - Round n creates a pool, uses it in every way and destroys it while the n-th call of a kind fails, until
 *   a round in which nothing failed any more. Each round ends with a documented error or with full function
 *   and right results; and with nothing held that was not held before it.
 * - Runs with inject.c preloaded; without it (sanitized builds) it is skipped.
 */
#include "inject.h"
#include "tally.h"
#include "work.h"

#include <dirent.h>
#include <dlfcn.h>
#include <hwloc.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

static inject_arm_fn *arm;
static inject_read_fn *read_state;

static int process_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* A joined thread stands in /proc until it has gone for good: a minute is more than that can take. */
static int only_this_thread(void)
{
    time_t until = time(NULL) + 60;
    while (process_threads() != 1 && time(NULL) < until)
        sched_yield();
    return process_threads() == 1;
}

/* What a round is: returns the error of creation; *bad is the line of a wrong result. */
typedef int round_fn(int *bad);

static int round_of_own_pool(int *bad)
{
    weft_pool *pool = (weft_pool *)(void *)bad;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1));
    if (err) {
        *bad = pool ? __LINE__ : 0;
        return err;
    }
    *bad = use_pool(pool);
    err = weft_pool_destroy(pool);
    if (err && !*bad)
        *bad = __LINE__;
    return 0;
}

static hwloc_topology_t host_topology; /* of a machine of four nodes, which nobody owns */

static int round_of_given_topology(int *bad)
{
    weft_pool *pool = NULL;
    int err =
        weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .topology = host_topology, .nodes = "1,3"));
    if (err) {
        *bad = pool ? __LINE__ : 0;
        return err;
    }
    *bad = use_pool(pool);
    if (weft_pool_destroy(pool) && !*bad)
        *bad = __LINE__;
    return 0;
}

static int round_of_default_pool(int *bad)
{
    weft_pool *pool = NULL;
    int err = weft_pool_default(&pool);
    if (err)
        return err;
    *bad = use_pool(NULL);
    err = weft_pool_destroy(pool);
    if (err && !*bad)
        *bad = __LINE__;
    return 0;
}

/* Three more workers, and three others later: a refused one changes nothing. */
static int round_of_resize(int *bad)
{
    weft_pool *pool = NULL;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 1, .workers_max = 7, .flat = 1));
    if (err)
        return err;
    for (int places = 4; places <= 7 && !*bad; places += 3) {
        int before = weft_pool_workers(pool), refused = weft_pool_resize(pool, places);
        if (weft_pool_workers(pool) != (refused ? before : places) ||
            (refused && refused != -ENOMEM && refused != -EAGAIN))
            *bad = __LINE__;
        *bad = *bad ? *bad : use_pool(pool);
    }
    if (!*bad && (weft_pool_resize(pool, 1) || use_pool(pool)))
        *bad = __LINE__;
    if (weft_pool_destroy(pool) && !*bad)
        *bad = __LINE__;
    return 0;
}

static int documented(int err)
{
    return err == 0 || err == -ENOMEM || err == -EAGAIN;
}

/* One round; answers whether anything was made to fail. */
static int try_round(round_fn *round, const char *name, int call, long n, int all)
{
    struct inject_state before, after;
    int bad = 0;
    read_state(&before);
    arm(call, n, all);
    int err = round(&bad);
    read_state(&after);
    arm(INJECT_NONE, 0, 0);
    CHECK(documented(err), "%s %ld%s: undocumented error %d", name, n, all ? "+" : "", err);
    CHECK(bad == 0, "%s %ld%s: wrong result, work.h or test_inject.c line %d", name, n, all ? "+" : "", bad);
    CHECK(after.blocks == before.blocks, "%s %ld%s: %ld blocks leaked (create: %d)", name, n, all ? "+" : "",
          after.blocks - before.blocks, err);
    CHECK(after.mapped == before.mapped, "%s %ld%s: %ld bytes stay mapped (create: %d)", name, n,
          all ? "+" : "", after.mapped - before.mapped, err);
    CHECK(after.threads == before.threads && only_this_thread(), "%s %ld%s: a thread stays (create: %d)",
          name, n, all ? "+" : "", err);
    return after.fired > 0;
}

static void every_call_fails_once(round_fn *round, const char *name, int call, int all)
{
    long n = 1;
    while (n < 2000 && try_round(round, name, call, n, all))
        n++;
    CHECK(n > 1 && n < 2000, "%s: the injection reaches libweft's calls, and they end: %ld", name, n);
    printf("%s%s: %ld rounds failed something\n", name, all ? " and all after it" : "", n - 1);
}

static atomic_int spawned;

/* The first 300 submit two others each: 601 in all. */
static int spawn_task(void *arg)
{
    (void)arg;
    if (atomic_fetch_add(&spawned, 1) < 300)
        for (int i = 0; i < 2; i++)
            if (weft_submit(NULL, spawn_task, NULL, NULL))
                atomic_fetch_add(&spawned, 100000);
    return 0;
}

static int post_task(void *arg)
{
    sem_post(arg);
    return 0;
}

/* Workers that have fallen asleep are woken: nobody counts those that do not exist as being awake. */
static void sleepers_wake(weft_executor *executor)
{
    sem_t posted;
    sem_init(&posted, 0, 0);
    for (long gap = 1; gap <= 5; gap++) {
        struct timespec nap = {0, gap * 1000000}, until;
        nanosleep(&nap, NULL);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 60;
        CHECK(weft_submit(executor, post_task, &posted, NULL) == 0, "submit");
        if (!CHECK(sem_timedwait(&posted, &until) == 0, "a task after a pause of %ld ms hangs", gap)) {
            weft_dump(NULL, 2);
            exit(tally_end());
        }
    }
    sem_destroy(&posted);
}

static void destroy_drains(weft_pool *pool)
{
    weft_executor *executor;
    atomic_store(&spawned, 0);
    CHECK(weft_pool_executor(pool, &executor) == 0, "executor");
    sleepers_wake(executor);
    CHECK(weft_submit(executor, spawn_task, NULL, NULL) == 0, "submit");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    CHECK(atomic_load(&spawned) == 601, "destroy has run %d of 601 tasks", atomic_load(&spawned));
}

static void no_thread_at_all(void)
{
    weft_pool *pool = NULL;
    arm(INJECT_THREAD, 1, 1);
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1));
    CHECK(err == -EAGAIN && !pool, "create without any thread answers -EAGAIN, got %d", err);
    err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE, .flat = 1));
    CHECK(err == 0 && use_pool(pool) == 0, "a pool without workers needs no thread, got %d", err);
    destroy_drains(pool);
    err = weft_pool_default(&pool);
    CHECK(err == 0 && use_pool(NULL) == 0, "the default pool works without threads, got %d", err);
    CHECK(weft_pool_workers(NULL) == 0, "it has no workers, got %d", weft_pool_workers(NULL));
    destroy_drains(pool);
    arm(INJECT_NONE, 0, 0);
}

/* After a failure a pool may try again, go on or stop there; it counts the threads that it has in the end. */
static void some_threads(void)
{
    char text[2048];
    struct inject_state before, after;
    for (long n = 1; n <= 4; n++)
        for (int all = 0; all <= 1; all++) {
            weft_pool *pool = NULL;
            read_state(&before);
            arm(INJECT_THREAD, n, all);
            int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 4, .flat = 1));
            long workers = err ? err : weft_pool_workers(pool);
            read_state(&after);
            arm(INJECT_NONE, 0, 0);
            CHECK(after.fired >= 1, "thread %ld%s: the failure was injected", n, all ? "+" : "");
            if (n == 1 && (all || err)) {
                CHECK(err == -EAGAIN && !pool, "not one thread: got %d", err);
                CHECK(after.threads == before.threads, "a refused pool leaves no thread");
                continue;
            }
            CHECK(err == 0, "thread %ld%s fails: the pool works with the others, got %d", n, all ? "+" : "",
                  err);
            CHECK(workers == after.threads - before.threads, "it has %ld threads and says %ld",
                  after.threads - before.threads, workers);
            CHECK(all ? workers == n - 1 : workers >= n - 1, "%ld threads, but %ld%s fails", workers, n,
                  all ? "+" : "");
            weft_pool_info info = {.size = sizeof info};
            CHECK(weft_pool_inspect(pool, &info) == 0 && info.workers == workers && info.workers_wanted == 4,
                  "it tells of %d workers of %d", info.workers, info.workers_wanted);
            CHECK(weft_pool_describe(pool, text, sizeof text) > 0 &&
                      strstr(text, " of 4 (the system refused"),
                  "it says so: %s", text);
            CHECK(!err && use_pool(pool) == 0, "right results with some threads");
            destroy_drains(pool);
        }
}

/* Two workers to be bound while `call` fails from the n-th on; answers how many tell that they are not. */
static int told(int call, long n, int all, int mask_pus)
{
    weft_pool *pool = NULL;
    int refused = 0;
    arm(call, n, all);
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .flat = 1, .bind = WEFT_BIND_PU));
    CHECK(err == 0, "create: %d", err);
    for (int i = 0; !err && i < 2; i++) {
        weft_worker_info info = {.size = sizeof info};
        CHECK(weft_worker_inspect(pool, i, &info) == 0, "inspect %d", i);
        CHECK((info.bind_err == -EPERM) == (info.bound == WEFT_BIND_NONE), "worker %d: error %d, bound %d", i,
              info.bind_err, info.bound);
        CHECK(info.mask_pus == (info.bind_err ? mask_pus : 1), "worker %d: may run on %d PUs", i,
              info.mask_pus);
        refused += info.bind_err != 0;
    }
    CHECK(!err && use_pool(pool) == 0, "right results");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    arm(INJECT_NONE, 0, 0);
    return refused;
}

static void binding_is_told(void)
{
    cpu_set_t mask;
    sched_getaffinity(0, sizeof mask, &mask);
    CHECK(told(INJECT_NONE, 0, 0, 0) == 0, "nothing refused");
    CHECK(told(INJECT_BIND, 2, 0, CPU_COUNT(&mask)) == 1, "one of two refused");
    CHECK(told(INJECT_BIND, 1, 1, CPU_COUNT(&mask)) == 2, "both refused");
    CHECK(told(INJECT_ASK, 2, 0, 0) == 1, "the kernel does not tell one of them where it may run");
    CHECK(told(INJECT_ASK, 2, 1, 0) == 2, "nor the other");
}

static void work_count(size_t begin, size_t end, void *sum, void *arg)
{
    (void)arg;
    *(int *)sum += (int)(end - begin);
}

static void work_add_up(void *sum, const void *right, void *arg)
{
    (void)arg;
    *(int *)sum += *(const int *)right;
}

/* Refused before any item; memory that an earlier call left is used again. No spare maps a stack meanwhile. */
static void no_memory_for_accumulators(void)
{
    struct inject_state after;
    weft_pool *pool = NULL;
    static int huge[1 << 20];
    int bins[WORK_BINS] = {[5] = -1}, sum = -1;
    CHECK(weft_pool_create(
              &pool, WEFT_POOL_CONFIG(.workers = 2, .seats = 1, .flat = 1, .spare_max = WEFT_NONE)) == 0,
          "a pool");
    CHECK(weft_run(pool, work_call, &sum) == 0 && sum == 0, "a first visit has mapped what a guest needs");
    arm(INJECT_MMAP, 1, 1);
    int err = weft_parallel_reduce(pool, 0, 1000, work_fill, work_merge, NULL, bins, sizeof bins, NULL);
    CHECK(err == -ENOMEM && bins[5] == -1, "a reduction is refused and writes nothing, got %d", err);
    err = weft_parallel_reduce(pool, 0, 1000, work_count, work_add_up, NULL, &sum, sizeof sum, NULL);
    CHECK(err == -ENOMEM && sum == 0, "a small one too, got %d", err);
    err = weft_parallel_reduce(pool, 0, 1, work_fill, work_merge, NULL, bins, sizeof bins, NULL);
    CHECK(err == 0 && bins[0] == 1 && bins[5] == 0, "one item needs no memory, got %d", err);
    arm(INJECT_MALLOC, 1, 1);
    err = weft_parallel_reduce(pool, 0, 1000, work_fill, work_merge, NULL, bins, sizeof bins, NULL);
    read_state(&after);
    CHECK(err == 0 && bins[5] == 1 && after.seen == 0, "nothing is allocated, got %d", err);
    arm(INJECT_MMAP, 1, 1);
    for (int i = 0; i < 5; i++) {
        err = weft_parallel_reduce(pool, 0, 1000, work_count, work_add_up, NULL, &sum, sizeof sum, NULL);
        CHECK(err == 0 && sum == 1000, "nor mapped anew, got %d", err);
    }
    read_state(&after);
    CHECK(after.seen == 0, "not even tried");
    arm(INJECT_NONE, 0, 0);
    long kept = after.mapped;
    err = weft_parallel_reduce(pool, 0, 1000, work_count, work_add_up, NULL, huge, sizeof huge, NULL);
    read_state(&after);
    CHECK(err == 0 && huge[0] == 1000, "accumulators of 4 MiB, got %d", err);
    CHECK(after.mapped < kept, "more than 16 MiB are not kept, nor what was too little: %ld bytes",
          after.mapped - kept);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* Refused, it has no place in the limit, and its executor does not wait for it. */
static void no_memory_for_limits(void)
{
    static char large[4000];
    struct inject_state before, after;
    weft_pool *pool = NULL;
    weft_executor *executor = NULL;
    weft_future *future = NULL;
    weft_limit *limit = NULL;
    weft_limit_state state = {.size = sizeof state};
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 1, .flat = 1)) == 0, "a pool");
    CHECK(weft_executor_create(&executor, WEFT_EXECUTOR_CONFIG(.pool = pool)) == 0, "an executor");
    arm(INJECT_MALLOC, 1, 1);
    CHECK(weft_limit_create(&limit, 1, NULL) == -ENOMEM && !limit, "no limit");
    arm(INJECT_NONE, 0, 0);
    CHECK(weft_limit_create(&limit, 1, NULL) == 0, "a limit");
    weft_task_spec spec = {.size = sizeof spec, .fn = nothing, .limit = limit};
    CHECK(weft_submit_task(executor, &spec, &future) == 0 && weft_future_get(future, NULL) == 0,
          "one before");
    weft_future_release(future);
    spec.arg = large;
    spec.arg_bytes = sizeof large;
    spec.deadline_ns = WEFT_FOREVER - 1;
    read_state(&before);
    for (long n = 1; n <= 2; n++) { /* its bytes, its token */
        arm(INJECT_MALLOC, n, 0);
        int err = weft_submit_task(executor, &spec, &future);
        CHECK(err == -ENOMEM && !future, "allocation %ld: a task with a limit is refused, got %d", n, err);
    }
    arm(INJECT_NONE, 0, 0);
    read_state(&after);
    CHECK(after.blocks == before.blocks, "%ld blocks leaked", after.blocks - before.blocks);
    CHECK(weft_limit_inspect(limit, &state) == 0 && !state.ready && !state.waiting, "nothing is in line");
    CHECK(weft_submit_task(executor, &spec, &future) == 0 && weft_future_get(future, NULL) == 0, "one after");
    weft_future_release(future);
    weft_limit_release(limit);
    CHECK(weft_executor_destroy(executor) == 0 && weft_pool_destroy(pool) == 0, "destroy");
}

/* The memory itself, and the list of the nodes that it is for. */
static void no_memory_by_node(void)
{
    static const int calls[] = {INJECT_MMAP, INJECT_MALLOC};
    struct inject_state before, after;
    weft_pool *pool = NULL;
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)) == 0, "a pool");
    read_state(&before);
    for (int policy = WEFT_NUMA_LOCAL; policy <= WEFT_NUMA_BLOCKED; policy++)
        for (int i = 0; i <= 2; i++) {
            void *memory = &memory;
            int node = policy == WEFT_NUMA_ON_NODE ? WEFT_NODE(0) : 0;
            arm(i < 2 ? calls[i] : INJECT_NONE, 1, 0);
            int err = weft_numa_alloc(
                pool, 100000, WEFT_NUMA_CONFIG(.policy = policy, .node = node, .untouched = 1), &memory);
            arm(INJECT_NONE, 0, 0);
            CHECK(i < 2 ? err == -ENOMEM && !memory : err == 0, "policy %d: %d", policy, err);
            CHECK(weft_numa_free(memory, 100000) == 0, "policy %d: free", policy);
        }
    read_state(&after);
    CHECK(after.blocks == before.blocks, "%ld blocks leaked", after.blocks - before.blocks);
    CHECK(after.mapped == before.mapped, "%ld bytes leaked", after.mapped - before.mapped);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

int main(void)
{
    static const char *const names[] = {"", "malloc", "mmap", "pthread_create", "setaffinity", "getaffinity"};
    tally_watch(360);
    void *found = dlsym(RTLD_DEFAULT, "inject_arm");
    memcpy(&arm, &found, sizeof found);
    found = dlsym(RTLD_DEFAULT, "inject_read");
    memcpy(&read_state, &found, sizeof found);
    if (!arm || !read_state) {
        tally_skip("injected failures", "inject library not preloaded (sanitizers bring their own malloc)");
        return tally_end();
    }
    int bad = 0;
    CHECK(!hwloc_topology_init(&host_topology) &&
              !hwloc_topology_set_synthetic(host_topology, "numa:4 core:2 pu:1") &&
              !hwloc_topology_load(host_topology),
          "the host's topology");
    CHECK(round_of_own_pool(&bad) == 0 && !bad, "warm-up pool, line %d", bad);
    CHECK(round_of_default_pool(&bad) == 0 && !bad, "warm-up default pool, line %d", bad);
    struct inject_state state;
    for (int call = INJECT_MALLOC; call < INJECT_CALLS; call++)
        for (int all = 0; all <= 1; all++) {
            every_call_fails_once(round_of_own_pool, names[call], call, all);
            every_call_fails_once(round_of_default_pool, names[call], call, all);
            every_call_fails_once(round_of_resize, names[call], call, all);
            if (call != INJECT_BIND) /* nothing is bound there */
                every_call_fails_once(round_of_given_topology, names[call], call, all);
        }
    arm(INJECT_THREAD, 1000000, 0);
    CHECK(round_of_own_pool(&bad) == 0 && !bad, "and once without any failure");
    read_state(&state);
    CHECK(state.seen >= 2, "the injection sees libweft's threads: %ld", state.seen);
    no_thread_at_all();
    some_threads();
    binding_is_told();
    no_memory_for_accumulators();
    no_memory_for_limits();
    no_memory_by_node();
    hwloc_topology_destroy(host_topology);
    CHECK(only_this_thread(), "all threads are gone at the end");
    return tally_end();
}
