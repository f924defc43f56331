/* SPDX-License-Identifier: MIT */
/* Threads that stand in for others: the system refuses the n-th of them, some or all; none is left when it is not needed. */
#include "inject.h"
#include "tally.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sched.h>
#include <string.h>
#include <weft/weft.h>

static inject_arm_fn *arm;

static int threads_now(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

/* A thread that was joined stands in /proc until it has gone for good; one that stays is ended by the watch. */
static void until_threads(int most)
{
    while (threads_now() > most)
        sched_yield();
}

/* They all wait at a pipe until the last one has begun. */
enum { CROWD = 24 };
static int pipe_ends[2];
static atomic_int begun;

static int come(void *arg)
{
    char byte = 0;
    (void)arg;
    if (atomic_fetch_add(&begun, 1) == CROWD - 1)
        for (int i = 0; i < CROWD; i++)
            if (write(pipe_ends[1], &byte, 1) != 1)
                return 1;
    return read(pipe_ends[0], &byte, 1) != 1;
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void let_come(weft_executor *executor, int blocking, weft_future **futures)
{
    weft_task_spec spec = {.size = sizeof spec, .fn = come, .blocking = blocking};
    atomic_store(&begun, 0);
    for (int i = 0; i < CROWD; i++)
        CHECK(weft_submit_task(executor, &spec, &futures[i]) == 0, "submit");
}

static void have_come(weft_future **futures)
{
    for (int i = 0; i < CROWD; i++) {
        int status = -1;
        CHECK(weft_future_wait(futures[i], WEFT_FOREVER) == 0 && weft_future_get(futures[i], &status) == 0 &&
                  status == 0,
              "task %d", i);
        weft_future_release(futures[i]);
    }
}

/* What the system refused is tried again: by the monitor, or, where that was refused, too, by who submits next. */
static void refused(long n, int all, int blocking)
{
    weft_pool *pool;
    weft_executor *own;
    weft_future *futures[CROWD];
    int before = threads_now();
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)) == 0, "create");
    CHECK(weft_pool_executor(pool, &own) == 0, "executor");
    arm(INJECT_THREAD, n, all);
    let_come(own, blocking, futures);
    if (all) {
        while (atomic_load(&begun) < 2)
            sched_yield();
        CHECK(atomic_load(&begun) < CROWD, "no thread was to be had");
        arm(INJECT_NONE, 0, 0);
    }
    int err = 0;
    while (atomic_load(&begun) < CROWD && !err) {
        err = weft_submit(own, nothing, NULL, NULL);
        (void)usleep(1000); /* they are kept until there is somebody to run them */
    }
    CHECK(err == 0, "submit: %s", weft_strerror(err));
    arm(INJECT_NONE, 0, 0);
    have_come(futures);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    until_threads(before);
}

/* Both workers wait for what nobody but a spare can do, which is refused when it is called; from then on nothing is submitted. */
static weft_promise *promise;
static int waits_for_promise(void *future)
{
    int status = -1;
    return weft_future_get(future, &status) ? 1 : status;
}
static int fulfils(void *arg)
{
    (void)arg;
    return weft_promise_fulfil(promise, 0);
}

static void refused_once(int strict)
{
    weft_pool *pool;
    weft_executor *own;
    weft_future *promised, *waiting[2], *last;
    weft_task_spec spec = {.size = sizeof spec, .fn = fulfils};
    weft_counters now = WEFT_COUNTERS_INIT;
    if (strict) {
        spec.worker = WEFT_WORKER(0);
        spec.strict = 1;
    }
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2)) == 0, "create");
    CHECK(weft_pool_executor(pool, &own) == 0 && weft_promise_create(&promise, own, &promised) == 0, "made");
    for (int i = 0; i < 2; i++)
        CHECK(weft_submit(own, waits_for_promise, promised, &waiting[i]) == 0, "submit");
    do {
        (void)usleep(100000); /* and the monitor has gone to sleep; not before: the same by another way */
        CHECK(weft_pool_counters(pool, -1, &now) == 0, "counters");
    } while (now.blocks < 2);
    arm(INJECT_THREAD, 1, 0);
    CHECK(weft_submit_task(own, &spec, &last) == 0, "submit");
    for (int i = 0; i < 2; i++) {
        int status = -1;
        CHECK(weft_future_get(waiting[i], &status) == 0 && status == 0, "%d", status);
        weft_future_release(waiting[i]);
    }
    arm(INJECT_NONE, 0, 0);
    CHECK(weft_pool_counters(pool, -1, &now) == 0 && now.spares_capped && now.spares == 1,
          "%llu times there was none, %llu made", (unsigned long long)now.spares_capped,
          (unsigned long long)now.spares);
    weft_future_release(promised);
    weft_future_release(last);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

/* They end by themselves, all but the workers and who looks out for them. */
static void not_kept(void)
{
    weft_pool *pool;
    weft_executor *own;
    weft_future *futures[CROWD];
    int before = threads_now();
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .spare_keep_ns = 1000)) == 0, "create");
    CHECK(weft_pool_executor(pool, &own) == 0, "executor");
    for (int i = 0; i < 10; i++) {
        let_come(own, 1, futures);
        have_come(futures);
        until_threads(before + 3);
    }
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    until_threads(before);
}

/* A sanitizer has a thread of its own from the first one on. */
static void first_threads(void)
{
    weft_pool *pool;
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 1)) == 0, "create");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

int main(void)
{
    tally_watch(360);
    CHECK(pipe(pipe_ends) == 0, "pipe");
    first_threads();
    not_kept();
    void *found = dlsym(RTLD_DEFAULT, "inject_arm");
    memcpy(&arm, &found, sizeof found);
    if (!arm) {
        tally_skip("refused threads", "inject library not preloaded (sanitizers bring their own malloc)");
        return tally_end();
    }
    static const long which[] = {1, 2, 3, 7, 20};
    for (unsigned i = 0; i < sizeof which / sizeof *which; i++)
        for (int how = 0; how < 4; how++)
            refused(which[i], how / 2, how % 2);
    refused_once(0);
    refused_once(1);
    return tally_end();
}
