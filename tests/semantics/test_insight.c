/* SPDX-License-Identifier: MIT */
/* test_insight.c - the counters say what was done, the dump what is being done.
 *
 * - Sums are exact where the program decides them; everything else is brought about by gates, and looked at until it is
 *   there: what never comes is a hang, which the time limit ends.
 */
#define WEFT_COUNT_FORKS
#include "sem.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- counters ---------------------------------------------------------------------------------- */

static weft_counters counted(weft_pool *pool, int index)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    int err = weft_pool_counters(pool, index, &c);
    cr_assert_eq(err, 0, "counters: %s", weft_strerror(err));
    return c;
}

static uint64_t steals_in(const weft_counters *c)
{
    uint64_t all = 0;
    for (int i = 0; i < WEFT_STEAL_KINDS; i++)
        all += c->steals[i];
    return all;
}

static weft_executor *door(weft_pool *pool)
{
    weft_executor *executor = NULL;
    cr_assert_eq(weft_pool_executor(pool, &executor), 0);
    return executor;
}

static int step(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

PROMISE(a_thousand_submitted_tasks_are_a_thousand_counted)
{
    enum { TASKS = 1000 };
    static weft_future *futures[TASKS];
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    for (int i = 0; i < TASKS; i++)
        cr_assert_eq(weft_submit(door(pool), step, &ran, &futures[i]), 0);
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

PROMISE(a_task_from_outside_that_nobody_waits_for_is_fetched_by_a_worker)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    cr_assert_eq(weft_submit(door(pool), step, &ran, NULL), 0);
    flag_wait(&ran);
    weft_counters c = counted(pool, -1);
    cr_assert_eq(c.tasks, 1);
    cr_assert_eq(c.taken_over, 0);
    cr_assert_eq(c.fetches, 1);
    sem_end(pool);
}

static struct gate held, opened;

static void close_gates(void)
{
    held = opened = (struct gate)GATE_INIT;
}

static int stand(void *arg)
{
    gate_add(&held);
    gate_wait(&opened, 1);
    return arg ? 1 : 0;
}

/* All workers stand in tasks. */
static void hold_workers(weft_pool *pool)
{
    close_gates();
    for (int i = 0; i < sem_threads(); i++)
        cr_assert_eq(weft_submit(door(pool), stand, NULL, NULL), 0);
    gate_wait(&held, sem_threads());
}

PROMISE(what_a_thread_without_a_seat_takes_over_is_in_the_sum_and_nobodys_own)
{
    weft_pool *pool;
    weft_future *future;
    atomic_int ran = 0;
    cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .seats = WEFT_NONE)), 0);
    hold_workers(pool);
    cr_assert_eq(weft_submit(door(pool), step, &ran, &future), 0);
    cr_assert_eq(weft_future_get(future, NULL), 0);
    weft_future_release(future);
    cr_assert_eq(counted(pool, -1).taken_over, 1);
    for (int i = 0; i < weft_worker_bound(pool); i++)
        cr_assert_eq(counted(pool, i).taken_over, 0);
    gate_add(&opened);
    sem_end(pool);
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

static void run_fib(void *out)
{
    *(long *)out = fib(20);
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

/* ---- force ---- */

static atomic_int ran_count;
WEFT_TASK_VOID(count_one)

void count_one(void)
{
    atomic_fetch_add(&ran_count, 1);
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
    const size_t sizes[] = {0, 1, sizeof(size_t), sizeof(weft_counters) - 8, sizeof(weft_counters) + 1, 8192};
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

/* ---- dumps ------------------------------------------------------------------------------------- */

static char text[60000];

/* What the dump says just now. */
static void dump(weft_pool *pool)
{
    int fds[2];
    size_t all = 0;
    ssize_t n;
    cr_assert_eq(pipe(fds), 0);
    int err = weft_dump(pool, fds[1]);
    cr_assert_eq(err, 0, "dump: %s", weft_strerror(err));
    close(fds[1]);
    while ((n = read(fds[0], text + all, sizeof text - 1 - all)) > 0)
        all += (size_t)n;
    text[all] = 0;
    close(fds[0]);
}

static int lines_with(const char *start, const char *part)
{
    int found = 0;
    for (char *line = text, *end; *line && (end = strchr(line, '\n')); *end = '\n', line = end + 1) {
        *end = 0;
        found += strncmp(line, start, strlen(start)) == 0 && strstr(line, part);
    }
    return found;
}

/* Dumps until so many lines of that start have that part. */
static void await_lines(weft_pool *pool, int count, const char *start, const char *part)
{
    for (dump(pool); lines_with(start, part) != count; dump(pool))
        sched_yield();
}

static const char *printed(const char *format, void *a, void *b)
{
    static char buffer[200];
    snprintf(buffer, sizeof buffer, format, a, b);
    return buffer;
}

static void a_worker_line_is_complete(const char *line)
{
    int index = -1, tid = -1, pu = -1, read = 0;
    char path[64];
    cr_assert_eq(sscanf(line, "worker %d tid %d pu %d: %n", &index, &tid, &pu, &read), 3, "%s", line);
    snprintf(path, sizeof path, "/proc/self/task/%d", tid);
    cr_assert_eq(access(path, F_OK), 0, "%s", line);
    const char *state = line + read;
    cr_assert(!strncmp(state, "searching;", 10) || !strncmp(state, "napping;", 8) ||
                  !strncmp(state, "sleeping;", 9),
              "%s", line);
    cr_assert_not_null(strstr(state, "; private 0, public 0, units 0, queued 0+0; tasks 0, "));
}

PROMISE(a_dump_has_a_line_for_the_pool_and_one_for_each_worker)
{
    weft_pool *pool = sem_pool();
    for (int i = 0; i < sem_threads(); i++)
        await_lines(pool, 0, "worker ", " tid 0 "); /* all threads have begun */
    dump(pool);
    int lines = 0;
    for (char *line = text; *line; line = strchr(line, '\n') + 1, lines++)
        if (lines)
            a_worker_line_is_complete(line);
    cr_assert_eq(lines, 1 + sem_threads(), "%s", text);
    cr_assert_eq(lines_with("pool weft 0x", printed("%p: started ", pool, NULL)), 1, "%s", text);
    cr_assert_eq(lines_with("pool ", ", inbox 0, open"), 1);
    sem_end(pool);
}

PROMISE(idle_workers_come_to_sleep_and_who_submits_from_outside_wakes_one)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    uint64_t own = 0;
    await_lines(pool, sem_threads(), "worker ", ": sleeping;");
    cr_assert_geq(counted(pool, -1).parks, (uint64_t)sem_threads());
    cr_assert_eq(counted(pool, -1).wakes, 0);
    cr_assert_eq(weft_submit(door(pool), step, &ran, NULL), 0);
    flag_wait(&ran);
    await_lines(pool, sem_threads(), "worker ", ": sleeping;");
    for (int i = 0; i < weft_worker_bound(pool); i++)
        own += counted(pool, i).wakes;
    cr_assert_eq(counted(pool, -1).wakes - own, 1, "woken from outside");
    sem_end(pool);
}

PROMISE(a_task_that_stands_shows_its_function_and_argument)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    int mark;
    close_gates();
    cr_assert_eq(weft_submit(door(pool), stand, &mark, NULL), 0);
    gate_wait(&held, 1);
    dump(pool);
    const char *part = printed(": running task fn=%p arg=%p for ", (void *)(uintptr_t)stand, (void *)&mark);
    cr_assert_eq(lines_with("worker ", part), 1, "%s in\n%s", part, text);
    gate_add(&opened);
    sem_end(pool);
}

PROMISE(tasks_that_nobody_has_begun_show_as_inbox_and_queue)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    hold_workers(pool);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(weft_submit(door(pool), step, &ran, NULL), 0);
    dump(pool);
    cr_assert_eq(lines_with("pool ", ", inbox 5, open"), 1, "%s", text);
    gate_add(&opened);
    sem_end(pool);
    cr_assert_eq(atomic_load(&ran), 5);
}

static int submit_two_and_stand(void *arg)
{
    int err = weft_submit(NULL, step, arg, NULL);
    err = err ? err : weft_submit(NULL, step, arg, NULL);
    return stand(NULL) + err;
}

PROMISE(what_a_task_submits_shows_in_its_workers_queue)
{
    if (sem_threads() != 1)
        cr_skip_test("with more workers they are taken");
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    close_gates();
    cr_assert_eq(weft_submit(door(pool), submit_two_and_stand, &ran, NULL), 0);
    gate_wait(&held, 1);
    dump(pool);
    cr_assert_eq(lines_with("worker 0 ", ", queued 2+0;"), 1, "%s", text);
    gate_add(&opened);
    sem_end(pool);
}

static void fork_three_and_dump(void *pool)
{
    weft_fork(count_one, a);
    weft_fork(count_one, b);
    weft_fork(count_one, c);
    dump(pool);
    weft_join(count_one, c);
    weft_join(count_one, b);
    weft_join(count_one, a);
}

PROMISE(a_guest_shows_as_root_with_its_children)
{
    char guest[64];
    weft_pool *pool = sem_pool();
    cr_assert_eq(weft_run(pool, fork_three_and_dump, pool), 0);
    cr_assert_eq(lines_with("guest ", ": running root"), 1, "%s", text);
    snprintf(guest, sizeof guest, " tid %d pu ", (int)gettid());
    cr_assert_eq(lines_with("guest ", guest), 1, "%s", text);
    if (!sem_threads())
        cr_assert_eq(lines_with("guest ", "; private 3, public 0, "), 1, "%s", text);
    dump(pool);
    cr_assert_eq(lines_with("guest ", ""), 0, "it has left");
    sem_end(pool);
}

/* ---- who waits ---- */

WEFT_TASK_VOID(stand_as_child)

void stand_as_child(void)
{
    stand(NULL);
}

static void wait_for_child(void *arg)
{
    (void)arg;
    weft_fork(stand_as_child, h);
    gate_wait(&held, 1);
    weft_join(stand_as_child, h);
}

static void *run_wait_for_child(void *pool)
{
    (void)weft_run(pool, wait_for_child, NULL);
    return NULL;
}

PROMISE(who_waits_at_a_join_shows_who_took_the_child_and_that_one_whose_it_is)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    close_gates();
    pthread_t thread = thread_start(run_wait_for_child, pool, 0);
    await_lines(pool, 1, "guest ", ": waiting for a child taken by worker ");
    dump(pool); /* of one moment only now: everybody stands */
    cr_assert_eq(lines_with("guest ", ", in root"), 1, "%s", text);
    cr_assert_eq(lines_with("worker ", ": running a stolen child of guest "), 1, "%s", text);
    cr_assert_geq(counted(pool, -1).blocks, 1);
    gate_add(&opened);
    pthread_join(thread, NULL);
    await_lines(pool, sem_threads(), "worker ", ": sleeping;");
    sem_end(pool);
}

/* The last item stands; all others end. */
static void stand_at_last(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    if (end == 2)
        stand(ctx);
    else
        gate_wait(&held, 1);
}

static void *run_loop(void *pool)
{
    (void)weft_parallel_for(pool, 0, 2, stand_at_last, NULL);
    return NULL;
}

PROMISE(who_waits_for_a_loop_shows_what_is_left_of_it)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    close_gates();
    pthread_t thread = thread_start(run_loop, pool, 0);
    await_lines(pool, 1, "guest ", ": waiting for the end of a loop, 1 units left, in root");
    dump(pool); /* of one moment only now: everybody stands */
    cr_assert_eq(lines_with("worker ", ": running a piece of a loop of guest "), 1, "%s", text);
    gate_add(&opened);
    pthread_join(thread, NULL);
    sem_end(pool);
}

static weft_future *awaited;

static int wait_for_future(void *arg)
{
    (void)arg;
    return weft_future_get(awaited, NULL);
}

static int wait_for_anything(void *arg)
{
    return wait_for_future(arg) + 1;
}

PROMISE(who_waits_for_a_future_shows_which_and_its_state)
{
    NEEDS_WORKERS(2);
    weft_pool *pool = sem_pool();
    char part[200];
    close_gates();
    cr_assert_eq(weft_submit(door(pool), stand, NULL, &awaited), 0);
    gate_wait(&held, 1);
    cr_assert_eq(weft_submit(door(pool), wait_for_anything, NULL, NULL), 0);
    snprintf(part, sizeof part, ": waiting for future %p (running), in task fn=%p ", (void *)awaited,
             (void *)(uintptr_t)wait_for_anything);
    await_lines(pool, 1, "worker ", part);
    await_lines(pool, 1, "pool ", ", blocked 1, "); /* it is counted after it is noted */
    gate_add(&opened);
    await_lines(pool, sem_threads(), "worker ", ": sleeping;");
    sem_end(pool);
    weft_future_release(awaited);
}

PROMISE(who_waits_for_a_future_of_another_pool_says_so)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool(), *other = sem_pool();
    close_gates();
    cr_assert_eq(weft_submit(door(other), stand, NULL, &awaited), 0);
    gate_wait(&held, 1);
    cr_assert_eq(weft_submit(door(pool), wait_for_future, NULL, NULL), 0);
    await_lines(pool, 1, "worker ",
                printed(": waiting for future %p of another pool, in task fn=", awaited, NULL));
    gate_add(&opened);
    sem_end(pool);
    sem_end(other);
    weft_future_release(awaited);
}

/* ---- all pools ---- */

static void *destroy(void *pool)
{
    return (void *)(intptr_t)weft_pool_destroy(pool);
}

PROMISE(without_a_pool_named_all_are_dumped_until_they_are_gone)
{
    weft_pool *a, *b, *c;
    dump(NULL);
    cr_assert_str_eq(text, "weft: there are no pools\n");
    cr_assert_eq(weft_pool_create(&a, WEFT_POOL_CONFIG(.workers = sem_workers(), .name = "first")), 0);
    cr_assert_eq(weft_pool_create(&b, WEFT_POOL_CONFIG(.workers = sem_workers(), .name = "second")), 0);
    cr_assert_eq(weft_pool_create(&c, WEFT_POOL_CONFIG(.workers = sem_workers(), .name = "third")), 0);
    dump(NULL);
    cr_assert_eq(lines_with("pool first ", ", open") + lines_with("pool second ", ", open"), 2, "%s", text);
    cr_assert_eq(lines_with("pool third ", ", open"), 1, "%s", text);
    cr_assert_eq(lines_with("worker ", " tid "), 3 * sem_threads(), "%s", text);
    sem_end(b);
    dump(NULL);
    cr_assert_eq(lines_with("pool ", ""), 2);
    cr_assert_eq(lines_with("pool second ", ""), 0);
    sem_end(c);
    sem_end(a);
    dump(NULL);
    cr_assert_eq(lines_with("pool ", ""), 0);
}

PROMISE(a_pool_that_is_being_destroyed_shows_what_it_waits_for)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    void *err;
    close_gates();
    cr_assert_eq(weft_submit(door(pool), stand, NULL, NULL), 0);
    gate_wait(&held, 1);
    pthread_t thread = thread_start(destroy, pool, 0);
    await_lines(NULL, 1, "pool weft ", ", closing");
    cr_assert_eq(lines_with("worker ", ": running task fn="), 1, "%s", text);
    gate_add(&opened);
    pthread_join(thread, &err);
    cr_assert_null(err);
}

PROMISE(in_a_forked_child_the_parents_pools_are_not_walked)
{
    int status;
    weft_pool *pool = sem_pool();
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        int fds[2];
        char line[100] = "";
        bool fine = !pipe(fds) && weft_dump(NULL, fds[1]) == 0 && read(fds[0], line, sizeof line - 1) > 0 &&
                    !strcmp(line, "weft: there are no pools\n");
        weft_counters c = WEFT_COUNTERS_INIT;
        fine =
            fine && weft_dump(pool, fds[1]) == -EOWNERDEAD && weft_pool_counters(pool, -1, &c) == -EOWNERDEAD;
        _exit(fine ? 42 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    sem_end(pool);
}

/* ---- descriptors and signals ---- */

PROMISE(a_dump_says_what_is_wrong_with_its_descriptor)
{
    int fds[2];
    weft_pool *pool = sem_pool();
    static char junk[4096];
    cr_assert_eq(weft_dump(pool, -1), -EBADF);
    cr_assert_eq(weft_dump(NULL, -1), -EBADF);
    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(weft_dump(pool, fds[0]), -EBADF, "it is for reading");
    cr_assert_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    while (write(fds[1], junk, sizeof junk) > 0)
        ;
    while (write(fds[1], junk, 1) > 0)
        ;
    errno = 77;
    cr_assert_eq(weft_dump(pool, fds[1]), -EAGAIN);
    cr_assert_eq(errno, 77);
    signal(SIGPIPE, SIG_IGN);
    close(fds[0]);
    cr_assert_eq(weft_dump(NULL, fds[1]), -EPIPE);
    close(fds[1]);
    cr_assert_eq(weft_dump(pool, fds[1]), -EBADF, "it is closed");
    sem_end(pool);
}

static int null_fd;
static atomic_int handled, refused;

static void dump_in_handler(int number)
{
    (void)number;
    int err = weft_dump(NULL, null_fd);
    atomic_fetch_add(&refused, err != 0 && err != -EBUSY);
    atomic_fetch_add(&handled, 1);
}

static void *send_signals(void *arg)
{
    pthread_t to = *(pthread_t *)arg;
    for (int i = 0; i < 300; i++) {
        int before = atomic_load(&handled);
        pthread_kill(to, SIGUSR1);
        while (atomic_load(&handled) == before)
            sched_yield();
    }
    return NULL;
}

PROMISE(a_signal_handler_may_dump_whatever_it_interrupts)
{
    struct sigaction action = {.sa_handler = dump_in_handler, .sa_flags = SA_RESTART};
    pthread_t self = pthread_self();
    null_fd = open("/dev/null", O_WRONLY);
    cr_assert_geq(null_fd, 0);
    cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
    pthread_t thread = thread_start(send_signals, &self, 0);
    while (atomic_load(&handled) < 300) {
        long result = 0;
        weft_pool *pool = sem_pool();
        cr_assert_eq(weft_run(pool, run_fib, &result), 0);
        sem_end(pool);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(atomic_load(&refused), 0);
}
