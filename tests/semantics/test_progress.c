/* SPDX-License-Identifier: MIT */
/* test_progress.c - forked work is not stranded: idle workers take it while the parent is busy elsewhere.
 *
 * - The parent of each test stays in a plain call until its child has run, so that the child can only
 *   have been started by somebody else. A stranded child is a hang, which the time limit ends.
 */
#include "sem.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int child_ran;
WEFT_TASK_VOID(set_flag)

void set_flag(void)
{
    atomic_store(&child_ran, 1);
}

/* One fork, then a long plain call: returns when the child was run by another thread. */
static void fork_then_plain_call(void *arg)
{
    (void)arg;
    weft_fork(set_flag, h);
    flag_wait(&child_ran);
    weft_join(set_flag, h);
}

static void once_elsewhere(weft_pool *pool)
{
    atomic_store(&child_ran, 0);
    cr_assert_eq(weft_run(pool, fork_then_plain_call, NULL), 0);
}

PROMISE(a_single_child_of_a_long_busy_parent_runs_elsewhere_meanwhile)
{
    NEEDS_WORKERS(2);
    for (int i = 0; i < 50; i++) {
        weft_pool *pool = sem_pool();
        once_elsewhere(pool);
        sem_end(pool);
    }
}

typedef atomic_int *flag_p;
WEFT_TASK_VOID(set_this, flag_p)
WEFT_TASK_VOID(parent_in_worker, flag_p)

void set_this(flag_p flag)
{
    atomic_store(flag, 1);
}

/* Runs in a worker; its own child must be taken by yet another thread. */
void parent_in_worker(flag_p flag)
{
    weft_fork(set_this, h, flag);
    flag_wait(flag);
    weft_join(set_this, h);
    atomic_store(&child_ran, 1);
}

static void fork_a_parent(void *arg)
{
    weft_fork(parent_in_worker, h, arg);
    flag_wait(&child_ran);
    weft_join(parent_in_worker, h);
}

/* The guest occupies a place, and so does the worker: the child needs a third. */
PROMISE(a_child_forked_by_a_busy_worker_runs_elsewhere_meanwhile)
{
    NEEDS_WORKERS(3);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 200; i++) {
        atomic_int flag = 0;
        atomic_store(&child_ran, 0);
        cr_assert_eq(weft_run(pool, fork_a_parent, &flag), 0);
    }
    sem_end(pool);
}

/* ---- a small leaf first, then many ---- */
enum { MANY = 1000 };
static atomic_int ran_by[256];
WEFT_TASK(int, small, unsigned)

int small(unsigned steps)
{
    int index = weft_worker_index();
    busy(steps);
    if (index >= 0 && index < 256)
        atomic_fetch_add(&ran_by[index], 1);
    return 1;
}

static int others_took_part(int mine)
{
    for (int i = 0; i < 256; i++)
        if (i != mine && atomic_load(&ran_by[i]))
            return 1;
    return 0;
}

/* Keeps forking batches, and joining each, until somebody else has taken part. */
static void leaf_then_many(void *arg)
{
    weft_handle(small) handles[MANY];
    int *bad = arg, sum;
    weft_fork(small, leaf, 1);
    do {
        sum = 0;
        for (int i = 0; i < MANY; i++)
            weft_fork_at(small, &handles[i], 500);
        for (int i = MANY - 1; i >= 0; i--)
            sum += weft_join(small, handles[i]);
        *bad += sum != MANY;
    } while (!others_took_part(weft_worker_index()));
    *bad += weft_join(small, leaf) != 1;
}

PROMISE(others_take_part_in_a_thousand_children_after_one_small_leaf)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    int bad = 0;
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 256; k++)
            atomic_store(&ran_by[k], 0);
        cr_assert_eq(weft_run(pool, leaf_then_many, &bad), 0);
        cr_assert_eq(bad, 0);
    }
    sem_end(pool);
}

/* The same, but the parent never joins before others took part: it only forks, then makes a plain call. */
static void leaf_then_many_then_plain_call(void *arg)
{
    weft_handle(small) handles[MANY];
    int *bad = arg, sum = 0, mine = weft_worker_index();
    weft_fork(small, leaf, 1);
    for (int i = 0; i < MANY; i++)
        weft_fork_at(small, &handles[i], 100);
    while (!others_took_part(mine))
        sched_yield();
    for (int i = MANY - 1; i >= 0; i--)
        sum += weft_join(small, handles[i]);
    sum += weft_join(small, leaf);
    *bad += sum != MANY + 1;
}

PROMISE(others_take_part_while_the_parent_of_a_thousand_is_in_a_plain_call)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    int bad = 0;
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 256; k++)
            atomic_store(&ran_by[k], 0);
        cr_assert_eq(weft_run(pool, leaf_then_many_then_plain_call, &bad), 0);
        cr_assert_eq(bad, 0);
    }
    sem_end(pool);
}

/* All of many children must be taken while the parent is away, not only the first. */
static atomic_int ran_count;
WEFT_TASK_VOID(count_one)

void count_one(void)
{
    atomic_fetch_add(&ran_count, 1);
}

static void fork_many_then_wait_for_all(void *arg)
{
    weft_handle(count_one) handles[100];
    (void)arg;
    for (int i = 0; i < 100; i++)
        weft_fork_at(count_one, &handles[i]);
    while (atomic_load(&ran_count) < 100)
        sched_yield();
    for (int i = 99; i >= 0; i--)
        weft_join(count_one, handles[i]);
}

PROMISE(all_children_of_a_busy_parent_run_elsewhere_meanwhile)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 20; i++) {
        atomic_store(&ran_count, 0);
        cr_assert_eq(weft_run(pool, fork_many_then_wait_for_all, NULL), 0);
        cr_assert_eq(atomic_load(&ran_count), 100);
    }
    sem_end(pool);
}

/* ---- three at a time: the last watcher leaves with something, then another one forks ---- */
static struct gate late_running, late_go, held_go;
static atomic_int late_ran;
WEFT_TASK_VOID(stay)
WEFT_TASK_VOID(late_child)

void stay(void)
{
    gate_add(&late_running);
    gate_wait(&held_go, 1);
}

void late_child(void)
{
    atomic_fetch_add(&late_ran, 1);
}

/* A task that forks late: its children need somebody who was not there when it began. */
static int fork_late(void *arg)
{
    (void)arg;
    weft_handle(late_child) handles[3];
    gate_add(&late_running);
    gate_wait(&late_go, 1);
    for (int i = 0; i < 3; i++)
        weft_fork_at(late_child, &handles[i]);
    flag_wait(&late_ran);
    for (int i = 2; i >= 0; i--)
        weft_join(late_child, handles[i]);
    gate_add(&held_go);
    return 0;
}

static void leave_nobody_watching(void *arg)
{
    weft_future *future;
    (void)arg;
    cr_assert_eq(weft_submit(NULL, fork_late, NULL, &future), 0);
    gate_wait(&late_running, 1);
    weft_fork(stay, h);
    gate_wait(&late_running, 2);
    gate_add(&late_go);
    gate_wait(&held_go, 1);
    weft_join(stay, h);
    cr_assert_eq(weft_future_get(future, NULL), 0);
    weft_future_release(future);
}

PROMISE(children_forked_late_by_a_worker_run_elsewhere_though_all_watchers_left)
{
    NEEDS_WORKERS(4);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 100; i++) {
        late_running = late_go = held_go = (struct gate)GATE_INIT;
        atomic_store(&late_ran, 0);
        cr_assert_eq(weft_run(pool, leave_nobody_watching, NULL), 0);
    }
    sem_end(pool);
}

/* ---- idle and busy in turns ---- */
static bool asleep(pid_t id)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
    FILE *f = fopen(path, "r");
    if (!f)
        return true;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    const char *state = strrchr(text, ')');
    return !state || state[2] != 'R';
}

/* Looks, a bounded number of times, until all threads but the caller sleep. */
static void let_workers_sleep(void)
{
    for (int look = 0; look < 200; look++) {
        DIR *dir = opendir("/proc/self/task");
        int awake = 0;
        for (struct dirent *e; dir && (e = readdir(dir));)
            if (e->d_name[0] != '.' && atoi(e->d_name) != (int)syscall(SYS_gettid))
                awake += !asleep((pid_t)atoi(e->d_name));
        closedir(dir);
        if (!awake)
            return;
        sched_yield();
    }
}

/* ---- two forks, then a long call: three threads at once ---- */
static atomic_int met;
WEFT_TASK_VOID(meet)

void meet(void)
{
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < 3)
        sched_yield();
}

static void three_meet(void *arg)
{
    (void)arg;
    weft_fork(meet, first);
    weft_fork(meet, second);
    meet();
    weft_join(meet, second);
    weft_join(meet, first);
}

PROMISE(the_second_of_two_children_is_not_left_to_a_busy_parent)
{
    NEEDS_WORKERS(3);
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 100; i++) {
        atomic_store(&met, 0);
        cr_assert_eq(weft_run(pool, three_meet, NULL), 0);
        let_workers_sleep();
    }
    sem_end(pool);
}

static void transitions(int64_t spin_ns, int count, bool sleeping)
{
    weft_pool *pool;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = 2, .spin_ns = spin_ns)), 0);
    for (int i = 0; i < count; i++) {
        if (sleeping)
            let_workers_sleep();
        else
            busy((unsigned)(i * 37 % 20000)); /* around the moment at which workers fall asleep */
        once_elsewhere(pool);
    }
    sem_end(pool);
}

PROMISE(work_is_taken_in_each_of_2000_turns_from_idle_to_busy)
{
    NEEDS_WORKERS(2);
    transitions(0, 1000, false);
    transitions(WEFT_NONE, 1000, false);
}

PROMISE(sleeping_workers_are_woken_in_each_of_2000_turns)
{
    NEEDS_WORKERS(2);
    transitions(0, 1000, true);
    transitions(WEFT_NONE, 1000, true);
}

/* ---- one PU ---- */
WEFT_TASK(long, fib, int)

long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void run_fib(void *out)
{
    *(long *)out = fib(22);
}

static void pin_to_one_pu(void)
{
    cpu_set_t mask, one;
    size_t cpu = 0;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    while (!CPU_ISSET(cpu, &mask))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

static void work_on_one_pu(int workers)
{
    weft_pool *pool;
    long result = 0;
    pin_to_one_pu();
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers)), 0);
    cr_assert_eq(weft_pool_workers(pool), workers);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(weft_run(pool, run_fib, &result), 0);
        cr_assert_eq(result, 17711);
    }
    for (int i = 0; i < 50 && workers > 1; i++)
        once_elsewhere(pool);
    sem_end(pool);
}

PROMISE(one_worker_on_one_pu_finishes)
{
    work_on_one_pu(1);
}

PROMISE(eight_workers_on_one_pu_finish_and_take_stranded_children)
{
    work_on_one_pu(8);
}
