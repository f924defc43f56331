/* SPDX-License-Identifier: MIT */
/* test_limits.c - little room: no threads for the user, little address space, one PU, alternate stacks.
 *
 * - Each scene runs in a forked child, which alone bears the limit. A pool under a limit either fails with
 *   a documented code or works with right results; what the machine does not enforce is skipped by name.
 */
#include "child.h"
#include "work.h"

#include <dirent.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

static void *nothing(void *arg)
{
    return arg;
}

static int can_start_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL))
        return 0;
    pthread_join(thread, NULL);
    return 1;
}

static int become_nobody(void)
{
    return setgroups(0, NULL) || setgid(65534) || setuid(65534);
}

static void limit(int which, rlim_t value)
{
    struct rlimit l = {value, value};
    CHECK(setrlimit((__rlimit_resource_t)which, &l) == 0, "setrlimit");
}

/* ---- threads ---- */
static int no_threads(void *arg)
{
    weft_pool *pool = (weft_pool *)arg;
    if (become_nobody())
        return CHILD_SKIP;
    limit(RLIMIT_NPROC, 1);
    if (can_start_thread())
        return CHILD_SKIP;
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 4));
    CHECK(err == -EAGAIN && !pool, "not one thread: -EAGAIN, got %d", err);
    err = use_pool(NULL);
    CHECK(err == 0, "the default pool works in the callers, work.h line %d", err);
    CHECK(weft_pool_workers(NULL) == 0, "and has no workers: %d", weft_pool_workers(NULL));
    return atomic_load(&tally_failed);
}

static int some_threads(void *arg)
{
    rlim_t threads = *(const rlim_t *)arg;
    weft_pool *pool = NULL;
    if (become_nobody())
        return CHILD_SKIP;
    limit(RLIMIT_NPROC, threads);
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 6));
    if (err) {
        CHECK(err == -EAGAIN && !pool, "limit %d: got %d", (int)threads, err);
        return atomic_load(&tally_failed);
    }
    int workers = weft_pool_workers(pool);
    CHECK(workers >= 1 && workers <= 6, "limit %d: says its workers: %d", (int)threads, workers);
    CHECK(workers <= (int)threads - 1, "limit %d: not more than can be: %d", (int)threads, workers);
    CHECK(workers == 6 || !can_start_thread(), "limit %d: fewer only where there is no room", (int)threads);
    err = use_pool(pool);
    CHECK(err == 0, "limit %d: right results, work.h line %d", (int)threads, err);
    CHECK(weft_pool_destroy(pool) == 0, "limit %d: destroy", (int)threads);
    return atomic_load(&tally_failed);
}

static void thread_limits(void)
{
    int status;
    if (TALLY_SANITIZED || geteuid() != 0) {
        tally_skip("limited number of threads",
                   geteuid() ? "needs root to become nobody" : "sanitizers start threads of their own");
        return;
    }
    status = in_child(no_threads, NULL, 60);
    if (status == CHILD_SKIP) {
        tally_skip("limited number of threads", "the system does not enforce RLIMIT_NPROC for nobody");
        return;
    }
    CHECK(status == 0, "pool without any thread: status %d", status);
    for (rlim_t threads = 2; threads <= 8; threads++) {
        status = in_child(some_threads, &threads, 60);
        CHECK(status == 0, "pool within %d threads: status %d", (int)threads, status);
    }
}

/* ---- address space ---- */
static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static int tight_memory(void *arg)
{
    weft_pool *pool = NULL;
    limit(RLIMIT_AS, address_space() + *(const rlim_t *)arg);
    int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 3, .flat = 1));
    if (err) {
        CHECK(err == -ENOMEM || err == -EAGAIN, "documented error, got %d", err);
        CHECK(!pool, "the pool is NULL after an error");
        return atomic_load(&tally_failed);
    }
    err = use_pool(pool);
    CHECK(err == 0, "right results, work.h line %d", err);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    return atomic_load(&tally_failed);
}

static void memory_limits(void)
{
    if (TALLY_SANITIZED) {
        tally_skip("limited address space", "sanitizers need terabytes of it");
        return;
    }
    for (rlim_t room = 0; room <= (rlim_t)256 << 20; room = room ? room * 2 : 1 << 14) {
        int status = in_child(tight_memory, &room, 60);
        CHECK(status == 0, "%lu KiB of room: status %d", (unsigned long)room / 1024, status);
    }
}

/* ---- one PU ---- */
static int on_one_pu(void *arg)
{
    cpu_set_t mask, one, its;
    weft_pool *pool = NULL;
    size_t cpu = 0;
    (void)arg;
    CHECK(sched_getaffinity(0, sizeof mask, &mask) == 0, "mask");
    while (!CPU_ISSET(cpu, &mask))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "one PU");
    for (int workers = 0; workers <= 8; workers += 4) {
        int err = weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers));
        if (!CHECK(err == 0, "pool on one PU: got %d", err))
            continue;
        CHECK(weft_pool_workers(pool) == (workers ? workers : 1), "%d workers", weft_pool_workers(pool));
        CHECK(use_pool(pool) == 0, "right results on one PU");
        DIR *dir = opendir("/proc/self/task");
        for (struct dirent *e; dir && (e = readdir(dir));)
            if (e->d_name[0] != '.' && sched_getaffinity(atoi(e->d_name), sizeof its, &its) == 0)
                CHECK(TALLY_SANITIZED || CPU_EQUAL(&its, &one), "thread %s left the mask", e->d_name);
        closedir(dir);
        CHECK(weft_pool_destroy(pool) == 0, "destroy");
    }
    return atomic_load(&tally_failed);
}

/* ---- alternate stacks ---- */
static pthread_t host;
static atomic_int meeting, workers_with_stack, workers_seen;

static void look_at_stack(size_t begin, size_t end, void *arg)
{
    stack_t s;
    (void)arg;
    for (size_t i = begin; i < end; i++) {
        if (!pthread_equal(pthread_self(), host)) {
            atomic_fetch_add(&workers_seen, 1);
            atomic_fetch_add(&workers_with_stack, sigaltstack(NULL, &s) || !(s.ss_flags & SS_DISABLE));
        }
        atomic_fetch_add(&meeting, 1);
        while (atomic_load(&meeting) < 2)
            sched_yield();
    }
}

static int alternate_stacks(void *arg)
{
    static char room[65536];
    stack_t before = {.ss_sp = room, .ss_size = sizeof room}, after;
    weft_pool *pool = NULL;
    (void)arg;
    host = pthread_self();
    CHECK(sigaltstack(&before, NULL) == 0, "the host has an alternate stack");
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 3)) == 0, "pool");
    CHECK(weft_parallel_for(pool, 0, 2, look_at_stack, NULL) == 0, "loop");
    CHECK(atomic_load(&workers_seen) >= 1, "a worker took part");
    CHECK(TALLY_SANITIZED || atomic_load(&workers_with_stack) == 0, "workers have no alternate stack");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    CHECK(sigaltstack(NULL, &after) == 0 && after.ss_sp == room && after.ss_size == sizeof room,
          "the host's alternate stack is what it was");
    before.ss_flags = SS_DISABLE;
    sigaltstack(&before, NULL);
    return atomic_load(&tally_failed);
}

int main(void)
{
    int status;
    tally_watch(360);
    thread_limits();
    memory_limits();
    status = in_child(on_one_pu, NULL, 60);
    CHECK(status == 0, "affinity mask of one PU: status %d", status);
    status = in_child(alternate_stacks, NULL, 60);
    CHECK(status == 0, "alternate signal stacks: status %d", status);
    return tally_end();
}
