/* SPDX-License-Identifier: MIT */
/* test_counters.c - the counters say what was done: exact where the program decides it. */
#include "insights.h"

static uint64_t steals_in(const weft_counters *c)
{
    uint64_t all = 0;
    for (int i = 0; i < WEFT_STEAL_KINDS; i++)
        all += c->steals[i];
    return all;
}

PROMISE(a_thousand_submitted_tasks_are_a_thousand_counted)
{
    enum { TASKS = 1000 };
    static weft_future *futures[TASKS];
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    for (int i = 0; i < TASKS; i++)
        cr_assert_eq(weft_submit(sem_door(pool), step, &ran, &futures[i]), 0);
    for (int i = 0; i < TASKS; i++) {
        cr_assert_eq(weft_future_get(futures[i], NULL), 0);
        weft_future_release(futures[i]);
    }
    weft_counters c = counted(pool, -1);
    cr_assert_eq(c.tasks + c.taken_over, TASKS, "%d + %d", (int)c.tasks, (int)c.taken_over);
    cr_assert(sem_threads() || c.tasks == 0, "without threads nobody takes from a queue");
    cr_assert_eq(atomic_load(&ran), TASKS);
    sem_end(pool);
}

PROMISE(what_a_thread_without_a_seat_takes_over_is_in_the_sum_and_nobodys_own)
{
    weft_future *future;
    atomic_int ran = 0;
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .seats = WEFT_NONE, .spare_max = WEFT_NONE));
    hold_workers(pool);
    cr_assert_eq(weft_submit(sem_door(pool), step, &ran, &future), 0);
    cr_assert_eq(weft_future_get(future, NULL), 0);
    weft_future_release(future);
    cr_assert_eq(counted(pool, -1).taken_over, 1);
    for (int i = 0; i < weft_worker_bound(pool); i++)
        cr_assert_eq(counted(pool, i).taken_over, 0);
    gate_add(&opened);
    sem_end(pool);
}

PROMISE(forks_are_what_the_program_forked_inside_the_pool)
{
    weft_pool *pool = sem_pool();
    long result = 0;
    for (uint64_t runs = 1; runs <= 3; runs++) {
        cr_assert_eq(weft_run(pool, run_fib, &result), 0);
        run_fib(&result); /* outside: nobody's */
        cr_assert_eq(result, 6765);
        weft_counters c = counted(pool, -1);
        cr_assert_eq(c.forks, runs * 10945, "%d forks", (int)c.forks); /* fib(21) - 1 */
        cr_assert_leq(c.forks_slow, c.forks);
    }
    sem_end(pool);
}

typedef atomic_int *counter_p;
WEFT_TASK(int, one_at, counter_p, int)

/* Counts the children that run elsewhere than where they were forked. */
int one_at(counter_p elsewhere, int index)
{
    if (weft_worker_index() != index)
        atomic_fetch_add(elsewhere, 1);
    busy(300);
    return 1;
}

enum { WIDE = 10000 };

static void fork_wide(void *arg)
{
    static weft_handle(one_at) handles[WIDE];
    for (int i = 0; i < WIDE; i++)
        weft_fork_at(one_at, &handles[i], arg, weft_worker_index());
    for (int i = WIDE - 1; i >= 0; i--)
        weft_join(one_at, handles[i]);
}

PROMISE(forks_for_which_there_is_no_room_are_counted_too)
{
    weft_pool *pool = sem_pool();
    atomic_int elsewhere = 0;
    cr_assert_eq(weft_run(pool, fork_wide, &elsewhere), 0);
    cr_assert_eq(counted(pool, -1).forks, WIDE);
    sem_end(pool);
}

WEFT_TASK_VOID(grow, counter_p, int, int)

void grow(counter_p elsewhere, int index, int depth)
{
    int own = weft_worker_index();
    if (own != index)
        atomic_fetch_add(elsewhere, 1);
    busy(200);
    if (depth == 0)
        return;
    weft_fork(grow, left, elsewhere, own, depth - 1);
    weft_fork(grow, right, elsewhere, own, depth - 1);
    grow(elsewhere, own, depth - 1);
    weft_join(grow, right);
    weft_join(grow, left);
}

static void run_grow(void *arg)
{
    grow(arg, weft_worker_index(), 7);
}

static void steals_are_children_elsewhere(int rounds)
{
    weft_pool *pool = sem_pool();
    atomic_int elsewhere = 0;
    for (int i = 0; i < rounds; i++) {
        cr_assert_eq(weft_run(pool, i % 2 ? run_grow : fork_wide, &elsewhere), 0);
        weft_counters c = counted(pool, -1);
        cr_assert_eq(steals_in(&c), (uint64_t)atomic_load(&elsewhere), "%d steals, %d children elsewhere",
                     (int)steals_in(&c), atomic_load(&elsewhere));
        cr_assert_leq(c.leapfrogs, steals_in(&c));
    }
    sem_end(pool);
}

PROMISE(steals_are_the_children_that_ran_elsewhere)
{
    steals_are_children_elsewhere(40);
}

/* What is private at the end of the loop becomes public by force or not at all. */
static void fork_many_then_wait_for_all(void *arg)
{
    weft_handle(count_one) handles[100];
    (void)arg;
    atomic_store(&ran_count, 0);
    for (int i = 0; i < 100; i++)
        weft_fork_at(count_one, &handles[i]);
    while (atomic_load(&ran_count) < 100)
        sched_yield();
    for (int i = 99; i >= 0; i--)
        weft_join(count_one, handles[i]);
}

static bool force_possible(void)
{
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    return commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

PROMISE(children_published_by_force_are_counted)
{
    NEEDS_WORKERS(2);
    if (!force_possible())
        cr_skip_test("membarrier(2) is not allowed here");
    weft_pool *pool = sem_pool();
    for (int i = 0; i < 100 && !counted(pool, -1).forced; i++)
        cr_assert_eq(weft_run(pool, fork_many_then_wait_for_all, NULL), 0);
    cr_assert_geq(counted(pool, -1).forced, 1);
    sem_end(pool);
}

PROMISE(a_pool_without_force_counts_none)
{
    weft_pool *pool;
    atomic_int elsewhere = 0;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .force = WEFT_NONE)), 0);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(weft_run(pool, fork_wide, &elsewhere), 0);
    cr_assert_eq(counted(pool, -1).forced, 0);
    sem_end(pool);
}

/* ---- loops ---- */

static atomic_int items_begun;

/* The first item ends when another one has begun: somebody else has to cut it off. */
static void meet_items(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++) {
        atomic_fetch_add(&items_begun, 1);
        while (atomic_load(&items_begun) < 2)
            sched_yield();
    }
}

PROMISE(pieces_cut_from_a_loop_are_counted)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    atomic_store(&items_begun, 0);
    cr_assert_eq(weft_parallel_for(pool, 0, 2, meet_items, NULL), 0);
    cr_assert_eq(counted(pool, -1).cuts, 1);
    sem_end(pool);
}

/* ---- growing ---- */

static bool grew(const weft_counters *before, const weft_counters *after)
{
    const uint64_t *b = (const uint64_t *)(const void *)before, *a = (const uint64_t *)(const void *)after;
    for (size_t i = 1; i < sizeof *before / sizeof *b; i++)
        if (a[i] < b[i])
            return false;
    return true;
}

struct watch {
    weft_pool *pool;
    atomic_int stop;
    int looks, shrunk;
};

static void *watch_counters(void *arg)
{
    struct watch *w = arg;
    weft_counters before[32] = {{0}}, now = WEFT_COUNTERS_INIT;
    int bound = weft_worker_bound(w->pool);
    do
        for (int i = -1; i < bound && i < 31; i++) {
            w->shrunk += weft_pool_counters(w->pool, i, &now) != 0 || !grew(&before[i + 1], &now);
            before[i + 1] = now;
            w->looks++;
        }
    while (!atomic_load(&w->stop));
    return NULL;
}

PROMISE(each_counter_only_grows_while_everything_runs)
{
    struct watch w = {.pool = sem_pool()};
    atomic_int elsewhere = 0;
    pthread_t thread = thread_start(watch_counters, &w, 0);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(weft_run(w.pool, i % 2 ? run_grow : fork_wide, &elsewhere), 0);
    atomic_store(&w.stop, 1);
    pthread_join(thread, NULL);
    cr_assert_gt(w.looks, 0);
    cr_assert_eq(w.shrunk, 0);
    sem_end(w.pool);
}

/* ---- bad input ---- */

PROMISE(counters_refuse_bad_input_and_touch_nothing)
{
    weft_pool *pool = sem_pool();
    const size_t sizes[] = {0,   1, sizeof(size_t), offsetof(weft_counters, wakes), sizeof(weft_counters) + 1,
                            8192};
    weft_counters c = WEFT_COUNTERS_INIT;
    cr_assert_eq(weft_pool_counters(pool, -1, NULL), -EINVAL);
    cr_assert_eq(weft_pool_counters(pool, -2, &c), -EINVAL);
    cr_assert_eq(weft_pool_counters(pool, weft_worker_bound(pool), &c), -EINVAL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        c = (weft_counters){.size = sizes[i], .tasks = 77, .wakes = 77};
        cr_assert_eq(weft_pool_counters(pool, -1, &c), -EINVAL, "size %zu", sizes[i]);
        cr_assert(c.size == sizes[i] && c.tasks == 77 && c.wakes == 77);
    }
    sem_end(pool);
}

PROMISE(counters_that_the_library_does_not_know_are_zero)
{
    weft_pool *pool = sem_pool();
    struct {
        weft_counters known;
        uint64_t later[2], behind;
    } c;
    memset(&c, 0xff, sizeof c);
    c.known.size = offsetof(__typeof__(c), behind);
    cr_assert_eq(weft_pool_counters(pool, -1, &c.known), 0);
    cr_assert(c.later[0] == 0 && c.later[1] == 0 && c.behind == UINT64_MAX);
    cr_assert_eq(c.known.size, offsetof(__typeof__(c), behind));
    cr_assert_eq(c.known.forced, 0);
    sem_end(pool);
}
