/* SPDX-License-Identifier: MIT */
/* Tasks that wait for something outside the pool, announced or not: others go on in their stead. Nothing here measures time. */
#include "sem.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY 1000
#define SOME 40

/* Nobody gets through before all have come: a pipe that the last one fills. */
struct crowd {
    int fds[2];
    atomic_int begun;
    int all;
    int announced;
};

static struct crowd crowd_of(int all, int announced)
{
    struct crowd c = {.all = all, .announced = announced};
    cr_assert_eq(pipe(c.fds), 0);
    return c;
}

static void disperse(struct crowd *c)
{
    close(c->fds[0]);
    close(c->fds[1]);
}

static int come(void *arg)
{
    struct crowd *c = arg;
    char byte = 0;
    if (atomic_fetch_add(&c->begun, 1) == c->all - 1)
        for (int i = 0; i < c->all; i++)
            if (write(c->fds[1], &byte, 1) != 1)
                return 1;
    if (c->announced)
        weft_block_begin();
    ssize_t bytes = read(c->fds[0], &byte, 1);
    if (c->announced)
        weft_block_end();
    return bytes != 1;
}

/* With no threads in the pool a task that waits for a later one waits for ever. */
static void all_come(weft_executor *executor, const weft_task_spec *like, int all, int announced)
{
    static weft_future *futures[MANY];
    struct crowd c = crowd_of(all, announced);
    weft_task_spec spec = *like;
    spec.fn = come;
    spec.arg = &c;
    for (int i = 0; i < all; i++)
        cr_assert_eq(weft_submit_task(executor, &spec, &futures[i]), 0);
    for (int i = 0; i < all; i++) {
        int status = -1;
        cr_assert_eq(weft_future_wait(futures[i], WEFT_FOREVER), 0);
        cr_assert_eq(weft_future_get(futures[i], &status), 0);
        cr_assert_eq(status, 0);
        weft_future_release(futures[i]);
    }
    disperse(&c);
}

static const weft_task_spec plain = {.size = sizeof plain}, marked = {.size = sizeof marked, .blocking = 1};

PROMISE(a_thousand_marked_tasks_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(WEFT_SEATS_MAX);
    all_come(sem_door(pool), &marked, MANY, 0);
    sem_end(pool);
}

PROMISE(a_thousand_tasks_of_a_marked_executor_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(WEFT_SEATS_MAX);
    weft_executor *disk;
    cr_assert_eq(weft_executor_create(&disk, WEFT_EXECUTOR_CONFIG(.pool = pool, .blocking = 1)), 0);
    all_come(disk, &plain, MANY, 0);
    cr_assert_eq(weft_executor_destroy(disk), 0);
    sem_end(pool);
}

PROMISE(tasks_that_announce_it_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(0);
    for (int i = 0; i < 10; i++)
        all_come(sem_door(pool), &plain, SOME, 1);
    sem_end(pool);
}

PROMISE(tasks_that_say_nothing_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(0);
    for (int i = 0; i < 3; i++)
        all_come(sem_door(pool), &plain, SOME, 0);
    weft_counters c = WEFT_COUNTERS_INIT;
    cr_assert_eq(weft_pool_counters(pool, -1, &c), 0);
    cr_assert(c.stills > 0, "somebody was found standing still");
    sem_end(pool);
}

static int come_as_item(void *out, const void *in, void *ctx)
{
    (void)out;
    (void)in;
    return come(ctx);
}

static void items_come(int announced)
{
    weft_pool *pool = sem_pool_with_spares(0);
    for (int i = 0; i < 3; i++) {
        struct crowd c = crowd_of(SOME, announced);
        cr_assert_eq(
            weft_parallel_map(pool, come_as_item, NULL, 0, NULL, 0, SOME, WEFT_MAP_CONFIG(.ctx = &c)), 0);
        disperse(&c);
    }
    sem_end(pool);
}

PROMISE(items_of_a_map_that_announce_it_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    items_come(1);
}

PROMISE(items_of_a_map_that_say_nothing_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    items_come(0);
}

static int come_after_forks(struct crowd *c, int left);
typedef struct crowd *crowd_p;
WEFT_TASK(int, come_child, crowd_p)
int come_child(crowd_p c)
{
    return come(c);
}

/* What was forked before it blocks is private then. */
static int come_after_forks(struct crowd *c, int left)
{
    if (left == 1)
        return come(c);
    weft_fork(come_child, child, c);
    int status = come_after_forks(c, left - 1);
    return weft_join(come_child, child) | status;
}

static void fork_and_come(void *arg)
{
    struct crowd *c = arg;
    cr_assert_eq(come_after_forks(c, SOME), 0);
}

static void children_come(int announced)
{
    weft_pool *pool = sem_pool_with_spares(0);
    for (int i = 0; i < 3; i++) {
        struct crowd c = crowd_of(SOME, announced);
        cr_assert_eq(weft_run(pool, fork_and_come, &c), 0);
        disperse(&c);
    }
    sem_end(pool);
}

PROMISE(children_that_announce_it_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    children_come(1);
}

PROMISE(children_that_say_nothing_wait_for_the_last_one)
{
    NEEDS_WORKERS(1);
    children_come(0);
}

/* ---- limits --------------------------------------------------------------------------------------- */

static void await_text(weft_pool *pool, const char *what)
{
    static char text[1 << 16];
    do {
        int fds[2];
        cr_assert_eq(pipe(fds), 0);
        cr_assert_eq(weft_dump(pool, fds[1]), 0);
        close(fds[1]);
        size_t used = 0;
        for (ssize_t n; (n = read(fds[0], text + used, sizeof text - 1 - used)) > 0;)
            used += (size_t)n;
        text[used] = 0;
        close(fds[0]);
        sched_yield();
    } while (!strstr(text, what));
}

/* More wait than there can be threads: the dump says so, and when they have come back all others come. */
PROMISE(at_the_cap_the_dump_says_so)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(2);
    static weft_future *futures[SOME];
    struct crowd c = crowd_of(SOME + 1, 0);
    weft_task_spec spec = marked;
    spec.fn = come;
    spec.arg = &c;
    for (int i = 0; i < SOME; i++)
        cr_assert_eq(weft_submit_task(sem_door(pool), &spec, &futures[i]), 0);
    await_text(pool, "spares 2 of 2 (all out: spare_max is reached), waiting for one ");
    int threads = sem_threads() + 2;
    while (atomic_load(&c.begun) < (threads < SOME ? threads : SOME))
        sched_yield();
    cr_assert_leq(c.begun, threads);
    char bytes[SOME] = {0};
    cr_assert_eq(write(c.fds[1], bytes, SOME), SOME);
    for (int i = 0; i < SOME; i++) {
        cr_assert_eq(weft_future_wait(futures[i], WEFT_FOREVER), 0);
        weft_future_release(futures[i]);
    }
    cr_assert_eq(c.begun, SOME);
    disperse(&c);
    sem_end(pool);
}

static atomic_int inside, most;

static int count_inside(void *arg)
{
    int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
    while (seen < now && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    sched_yield();
    atomic_fetch_add(&inside, -1);
    return *(int *)arg;
}

PROMISE(a_marked_executor_keeps_its_own_limit)
{
    weft_pool *pool = sem_pool_with_spares(0);
    weft_executor *disk;
    int zero = 0;
    cr_assert_eq(weft_executor_create(&disk, WEFT_EXECUTOR_CONFIG(.pool = pool, .blocking = 1, .limit = 3)),
                 0);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(weft_submit(disk, count_inside, &zero, NULL), 0);
    cr_assert_eq(weft_executor_shutdown(disk, WEFT_DRAIN, WEFT_FOREVER), 0);
    cr_assert_leq(most, 3);
    cr_assert_eq(weft_executor_destroy(disk), 0);
    sem_end(pool);
}

/* ---- who computes is never taken for one that waits ------------------------------------------------- */

static int compute(void *arg)
{
    struct timespec used, end;
    int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
    while (seen < now && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    end.tv_nsec += *(long *)arg;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    while (used.tv_sec == end.tv_sec && used.tv_nsec < end.tv_nsec);
    atomic_fetch_add(&inside, -1);
    return 0;
}

/* The kernel may keep a thread waiting in the middle of its computing, for a page that it has to read, or for memory: then that
 * one does stand still. And a monitor that gets no CPU in the middle of a look adds up what was there before and who waits
 * now. Both are seldom. */
static void in_some_pool(bool (*so)(void))
{
    int pools = 1;
    while (!so())
        cr_assert_lt(pools++, 5, "in each pool");
}

/* On no more threads than there are places, and nobody was made, or found standing still? */
static bool all_compute(int tasks, long ns)
{
    weft_pool *pool = sem_pool_with_spares(0);
    weft_counters c = WEFT_COUNTERS_INIT;
    atomic_store(&most, 0);
    for (int i = 0; i < tasks; i++)
        cr_assert_eq(weft_submit(sem_door(pool), compute, &ns, NULL), 0);
    while (weft_pool_counters(pool, -1, &c) == 0 && c.tasks < (uint64_t)tasks)
        sched_yield();
    while (atomic_load(&inside))
        sched_yield();
    cr_assert_eq(weft_pool_counters(pool, -1, &c), 0);
    sem_end(pool);
    return atomic_load(&most) <= sem_threads() && !c.spares && !c.stills;
}

static bool many_compute(void)
{
    return all_compute(400, 200000);
}

PROMISE(who_computes_does_so_on_no_more_threads_than_places)
{
    NEEDS_WORKERS(1);
    in_some_pool(many_compute);
}

WEFT_TASK(long, fib, int)
long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static int fib_root(void *arg)
{
    return fib(*(int *)arg) != 832040;
}

/* Twenty roots, one after the other: was nobody called to stand in, or found standing still? */
static bool roots_make_no_spare(void)
{
    weft_pool *pool = sem_pool_with_spares(0);
    weft_counters c = WEFT_COUNTERS_INIT;
    int n = 30;
    for (int i = 0; i < 20; i++) {
        weft_future *future;
        int status = -1;
        cr_assert_eq(weft_submit(sem_door(pool), fib_root, &n, &future), 0);
        cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
        cr_assert_eq(weft_future_get(future, &status), 0);
        cr_assert_eq(status, 0);
        weft_future_release(future);
    }
    cr_assert_eq(weft_pool_counters(pool, -1, &c), 0);
    sem_end(pool);
    return !c.spares && !c.stills;
}

/* Who waits at a join is woken for what its thief publishes, and needs nobody to stand in for it. */
PROMISE(one_root_on_two_workers_makes_no_spare)
{
    if (sem_threads() != 2)
        cr_skip_test("with more, a spare may take what another worker's subtree shows");
    in_some_pool(roots_make_no_spare);
}

static pid_t hog(void)
{
    pid_t child = fork();
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile unsigned i = 0;; i++)
            continue;
    }
    return child;
}

static bool few_compute(void)
{
    return all_compute(16, 10000000);
}

PROMISE(who_has_to_wait_for_a_cpu_does_not_stand_still)
{
    NEEDS_WORKERS(1);
    pid_t hogs[2] = {hog(), hog()};
    in_some_pool(few_compute);
    for (int i = 0; i < 2; i++) {
        kill(hogs[i], SIGKILL);
        waitpid(hogs[i], NULL, 0);
    }
}

/* ---- sections ------------------------------------------------------------------------------------- */

static void nest(void *ended)
{
    cr_assert_eq(weft_block_end(), -EINVAL);
    cr_assert_eq(weft_block_begin(), 0);
    cr_assert_eq(weft_block_begin(), 0);
    cr_assert_eq(weft_block_end(), 0);
    cr_assert_eq(weft_block_end(), 0);
    *(int *)ended = weft_block_end();
}

static void set(void *arg)
{
    *(int *)arg = 1;
}

PROMISE(sections_nest)
{
    weft_pool *pool = sem_pool_with_spares(0);
    int ended = 0, called = 0;
    cr_assert_eq(weft_run(pool, nest, &ended), 0);
    cr_assert_eq(ended, -EINVAL);
    cr_assert_eq(weft_blocking(NULL, NULL), -EINVAL);
    cr_assert_eq(weft_blocking(set, &called), 0);
    cr_assert_eq(called, 1);
    cr_assert(weft_block_begin() == 0 && weft_block_end() == 0, "outside of all pools");
    sem_end(pool);
}

static int work_inside(void *arg)
{
    int sum = 0, status = -1;
    weft_future *future;
    weft_block_begin();
    int err = weft_submit(NULL, count_inside, arg, &future);
    if (!err)
        err = weft_future_get(future, &status);
    weft_future_release(future);
    weft_block_end();
    return err ? err : sum + status;
}

PROMISE(in_a_section_one_may_submit_and_wait)
{
    weft_pool *pool = sem_pool_with_spares(0);
    int seven = 7;
    for (int i = 0; i < 100; i++) {
        int status = -1;
        cr_assert_eq(weft_apply(sem_door(pool), work_inside, &seven, &status), 0);
        cr_assert_eq(status, 7);
    }
    sem_end(pool);
}

static int leaves_one_open(void *arg)
{
    (void)arg;
    return weft_block_begin();
}

PROMISE(a_task_that_leaves_a_section_open_costs_no_place)
{
    weft_pool *pool = sem_pool_with_spares(0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(weft_submit(sem_door(pool), leaves_one_open, NULL, NULL), 0);
    for (int i = 0; i < 3 && sem_threads(); i++)
        all_come(sem_door(pool), &plain, sem_threads(), 0);
    sem_end(pool);
}

/* ---- storms, and those who never come back --------------------------------------------------------- */

static int section(void *arg)
{
    weft_block_begin();
    sched_yield();
    weft_block_end();
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

PROMISE(a_storm_of_short_sections)
{
    weft_pool *pool = sem_pool_with_spares(0);
    atomic_int ran = 0;
    for (int i = 0; i < 50000; i++)
        cr_assert_eq(weft_submit(sem_door(pool), section, &ran, NULL), 0);
    weft_task_spec spec = marked;
    spec.fn = section;
    spec.arg = &ran;
    for (int i = 0; i < 50000; i++)
        cr_assert_eq(weft_submit_task(sem_door(pool), &spec, NULL), 0);
    sem_end(pool);
    cr_assert_eq(ran, 100000);
}

/* As long as the rest runs: as many as there are workers. */
PROMISE(others_go_on_while_some_never_come_back)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool_with_spares(0);
    struct crowd lost = crowd_of(MANY, 0);
    weft_future *last[8];
    atomic_int ran = 0;
    int zero = 0, n = sem_threads();
    for (int i = 0; i < n; i++)
        cr_assert_eq(weft_submit(sem_door(pool), come, &lost, &last[i]), 0);
    while (atomic_load(&lost.begun) < n)
        sched_yield();
    for (int i = 0; i < 10; i++) {
        struct crowd c = crowd_of(SOME, 1);
        cr_assert_eq(
            weft_parallel_map(pool, come_as_item, NULL, 0, NULL, 0, SOME, WEFT_MAP_CONFIG(.ctx = &c)), 0);
        disperse(&c);
    }
    for (int i = 0; i < 1000; i++) {
        weft_future *future;
        cr_assert_eq(weft_submit(sem_door(pool), i % 2 ? section : count_inside, i % 2 ? (void *)&ran : &zero,
                                 &future),
                     0);
        cr_assert_eq(weft_future_wait(future, WEFT_FOREVER), 0);
        weft_future_release(future);
    }
    cr_assert_eq(ran, 500);
    char bytes[8] = {0};
    cr_assert_eq(write(lost.fds[1], bytes, (size_t)n), n);
    for (int i = 0; i < n; i++)
        weft_future_release(last[i]);
    sem_end(pool);
    disperse(&lost);
}
