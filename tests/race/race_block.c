/* SPDX-License-Identifier: MIT */
/* race_block.c - who waits outside the pool, announced, marked or not, beside who computes; spares that end and come again.
 *
 * - Each task writes plain memory that its waiter reads, and counts its runs there.
 * - Nothing is lost: accepted is run, exactly; and all threads are gone when their pool is, by their names in /proc.
 */
#include "stress.h"

#include <dirent.h>

enum { WAYS = 5, TASKS = 300, ITEMS = 60 };

static atomic_long ran;

/* Is it one of a pool, by its name? */
static bool is_of_pool(const char *thread)
{
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", thread);
    FILE *file = fopen(path, "r");
    bool is = file && fgets(name, sizeof name, file) && strncmp(name, "weft", 4) == 0;
    if (file)
        fclose(file);
    return is;
}

static int threads_now(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.' && is_of_pool(entry->d_name);
    if (dir)
        closedir(dir);
    return count;
}

static void wait_outside(uint64_t number)
{
    struct timespec nap = {0, (long)(mix(number) >> 32) % (number % 16 ? 50000 : 4000000)};
    nanosleep(&nap, NULL);
}

struct job {
    int runs, way;
    uint64_t number;
    weft_executor *executor;
};

static int item(void *out, const void *in, void *ctx)
{
    uint64_t number = (uint64_t)(uintptr_t)ctx + (uintptr_t)in;
    if (number % 3 == 0)
        weft_block_begin();
    if (number % 2)
        wait_outside(number);
    if (number % 3 == 0)
        weft_block_end();
    *(int *)out = 1;
    return 0;
}

static int run_job(void *arg)
{
    struct job *job = arg;
    job->runs++;
    atomic_fetch_add(&ran, 1);
    disturb(job->number);
    if (job->way == 1)
        weft_block_begin();
    if (job->way < 4)
        wait_outside(job->number);
    if (job->way == 1)
        weft_block_end();
    int done[8] = {0}, sum = 0, place = 0;
    if (job->way == 4)
        (void)weft_parallel_map(NULL, item, NULL, 0, done, sizeof *done, 8,
                                WEFT_MAP_CONFIG(.ctx = (void *)(uintptr_t)(job->number * 8)));
    while (job->way == 4 && place < 8)
        sum += done[place++];
    return job->way == 4 ? sum - 8 : 0;
}

static void submit(weft_executor *own, weft_executor *marked, struct job *job, weft_future **future)
{
    weft_task_spec spec = {.size = sizeof spec, .fn = run_job, .arg = job, .blocking = job->way == 2};
    int err = weft_submit_task(job->way == 3 ? marked : own, &spec, future);
    CHECK(err == 0, "submit: %s", weft_strerror(err));
}

static void round_of(weft_executor *own, weft_executor *marked, int round)
{
    static struct job jobs[TASKS];
    static weft_future *futures[TASKS];
    for (int i = 0; i < TASKS; i++) {
        uint64_t number = (uint64_t)round * TASKS + (uint64_t)i;
        jobs[i] = (struct job){.way = (int)(mix(number) % WAYS), .number = number};
        submit(own, marked, &jobs[i], i % 8 ? &futures[i] : NULL);
    }
    for (int i = 0; i < TASKS; i++) {
        int status = -1;
        if (!(i % 8))
            continue;
        int err = weft_future_get(futures[i], &status);
        CHECK(err == 0 && status == 0 && jobs[i].runs == 1, "task %d of round %d: %d, %d, %d runs", i, round,
              err, status, jobs[i].runs);
        weft_future_release(futures[i]);
    }
    int done[ITEMS] = {0}, sum = 0;
    CHECK(weft_executor_map(own, item, NULL, 0, done, sizeof *done, ITEMS,
                            WEFT_MAP_CONFIG(.ctx = (void *)(uintptr_t)(round * ITEMS))) == 0,
          "map");
    for (int i = 0; i < ITEMS; i++)
        sum += done[i];
    CHECK(sum == ITEMS, "%d items", sum);
    /* those that nobody waits for: jobs is used again */
    CHECK(weft_executor_shutdown(marked, WEFT_DRAIN, WEFT_FOREVER) == 0, "shutdown");
}

static void play(int workers, int spare_max, int64_t keep_ns)
{
    enum { ROUNDS = 3 };
    for (int round = 0; round < ROUNDS; round++) {
        weft_pool *pool;
        weft_executor *own, *marked;
        atomic_store(&ran, 0);
        int err = weft_pool_create(
            &pool, WEFT_POOL_CONFIG(.workers = workers, .spare_max = spare_max, .spare_keep_ns = keep_ns));
        CHECK(err == 0, "create: %s", weft_strerror(err));
        CHECK(weft_pool_executor(pool, &own) == 0, "executor");
        CHECK(weft_executor_create(&marked, WEFT_EXECUTOR_CONFIG(.pool = pool, .blocking = 1)) == 0,
              "marked");
        round_of(own, marked, round);
        CHECK(weft_executor_destroy(marked) == 0, "destroy");
        while (threads_now() < workers) /* they bear its name, the latest of them soon */
            sched_yield();
        stress_end(pool);
        CHECK(atomic_load(&ran) == TASKS, "%ld of %d tasks have run", atomic_load(&ran), (int)TASKS);
    }
    while (
        threads_now()) /* one that was joined may be listed for a moment; the alarm ends it where one is left */
        sched_yield();
}

int main(void)
{
    stress_start("race_block");
    play(1, 0, 0);
    play(2, 0, 1);
    play(2, 3, 100000);
    play(3, 0, 1000000);
    play(2, WEFT_NONE, 0);
    return tally_end();
}
