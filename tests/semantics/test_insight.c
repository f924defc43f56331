/* SPDX-License-Identifier: MIT */
/* test_insight.c - the dump says what is being done: brought about by gates, looked at until it is there. */
#include "insights.h"

PROMISE(a_task_from_outside_that_nobody_waits_for_is_fetched_by_a_worker)
{
    NEEDS_WORKERS(1);
    weft_pool *pool = sem_pool();
    atomic_int ran = 0;
    cr_assert_eq(weft_submit(sem_door(pool), step, &ran, NULL), 0);
    flag_wait(&ran);
    weft_counters c = counted(pool, -1);
    cr_assert_eq(c.tasks, 1);
    cr_assert_eq(c.taken_over, 0);
    cr_assert_eq(c.fetches, 1);
    sem_end(pool);
}

/* ---- dumps ------------------------------------------------------------------------------------- */

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
    while (counted(pool, -1).parks < (uint64_t)sem_threads()) /* counted after the last look round */
        sched_yield();
    cr_assert_eq(counted(pool, -1).wakes, 0);
    cr_assert_eq(weft_submit(sem_door(pool), step, &ran, NULL), 0);
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
    weft_pool *pool = sem_pool_without_spares();
    int mark;
    close_gates();
    cr_assert_eq(weft_submit(sem_door(pool), stand, &mark, NULL), 0);
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
    weft_pool *pool = sem_pool_without_spares();
    atomic_int ran = 0;
    hold_workers(pool);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(weft_submit(sem_door(pool), step, &ran, NULL), 0);
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
    weft_pool *pool = sem_pool_without_spares();
    atomic_int ran = 0;
    close_gates();
    cr_assert_eq(weft_submit(sem_door(pool), submit_two_and_stand, &ran, NULL), 0);
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
    weft_pool *pool = sem_pool_without_spares();
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
    weft_pool *pool = sem_pool_without_spares();
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
    weft_pool *pool = sem_pool_without_spares();
    char part[200];
    close_gates();
    cr_assert_eq(weft_submit(sem_door(pool), stand, NULL, &awaited), 0);
    gate_wait(&held, 1);
    cr_assert_eq(weft_submit(sem_door(pool), wait_for_anything, NULL, NULL), 0);
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
    weft_pool *pool = sem_pool_without_spares(), *other = sem_pool_without_spares();
    close_gates();
    cr_assert_eq(weft_submit(sem_door(other), stand, NULL, &awaited), 0);
    gate_wait(&held, 1);
    cr_assert_eq(weft_submit(sem_door(pool), wait_for_future, NULL, NULL), 0);
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
    weft_pool *pool = sem_pool_without_spares();
    void *err;
    close_gates();
    cr_assert_eq(weft_submit(sem_door(pool), stand, NULL, NULL), 0);
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

enum { SIGNALS = 300 };
static timer_t timer;
static int null_fd;
static atomic_int handled, refused;

/* Once, so that what is interrupted gets on in between, however slow the handler is. */
static void ring_in(long us)
{
    (void)timer_settime(timer, 0, &(struct itimerspec){.it_value = {.tv_nsec = us * 1000}}, NULL);
}

static void dump_in_handler(int number)
{
    (void)number;
    int err = weft_dump(NULL, null_fd), before = atomic_fetch_add(&handled, 1);
    atomic_fetch_add(&refused, err != 0 && err != -EBUSY);
    if (before + 1 < SIGNALS)
        ring_in(50 + before * 37 % 400);
}

/* Other threads block it. */
PROMISE(a_signal_handler_may_dump_whatever_it_interrupts)
{
    struct sigaction action = {.sa_handler = dump_in_handler, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    null_fd = open("/dev/null", O_WRONLY);
    cr_assert_geq(null_fd, 0);
    cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
    cr_assert_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    ring_in(50);
    while (atomic_load(&handled) < SIGNALS) {
        long result = 0;
        weft_pool *pool = sem_pool();
        cr_assert_eq(weft_run(pool, run_fib, &result), 0);
        sem_end(pool);
    }
    cr_assert_eq(timer_delete(timer), 0);
    cr_assert_eq(atomic_load(&refused), 0);
}
