/* SPDX-License-Identifier: MIT */
/*
 * test_orphans.c - worker processes end with their program, however that ends, and with nothing else.
 *
 * The test is the parent of a program that has workers, and the one to whom the kernel gives what that leaves behind
 * (PR_SET_CHILD_SUBREAPER): it waits for each of them, so that one that stays makes it hang, and its alarm end it.
 */
#include "processes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

enum { WORKERS = 2 };

/* Tells its number, and does not end. */
static int stays(const void *arg, void *result)
{
    int pid = (int)getpid();
    (void)result;
    (void)signal(SIGTERM, SIG_IGN);
    if (write(STDOUT_FILENO, &pid, sizeof pid) != sizeof pid)
        return 1;
    while (*(const int *)arg)
        (void)pause();
    return 0;
}

/* ---- programs ------------------------------------------------------------------------------------ */

/* Its workers run, and have told their numbers through its standard output. */
static weft_executor *busy_program(int out)
{
    static int forever = 1;
    (void)dup2(out, STDOUT_FILENO);
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = WORKERS, .grace_ns = WEFT_FOREVER));
    for (int i = 0; i < WORKERS; i++)
        weft_future_release(submit(e, stays, &forever, sizeof forever, 0));
    return e;
}

static void pauses(int out)
{
    (void)busy_program(out);
    for (;;)
        (void)pause();
}

static int told; /* by the test: workers run */

static void await_word(void)
{
    char word;
    while (read(told, &word, 1) < 0 && errno == EINTR)
        ;
}

static void exits(int out)
{
    (void)busy_program(out);
    await_word();
    exit(0);
}

static void exits_at_once(int out)
{
    (void)busy_program(out);
    await_word();
    _exit(0);
}

static void crashes(int out)
{
    (void)busy_program(out);
    await_word();
    (void)signal(SIGSEGV, SIG_DFL);
    (void)raise(SIGSEGV);
}

/* Its worker has nothing to do. */
static void is_idle(int out)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = WORKERS));
    int pid = run(e, asks_pid, NULL, 0, sizeof(int)).number;
    for (int i = 0; i < WORKERS; i++)
        if (write(out, &pid, sizeof pid) != sizeof pid)
            _exit(1);
    for (;;)
        (void)pause();
}

/* ---- their ends ---------------------------------------------------------------------------------- */

static void check_end(const char *how, void (*program)(int out), int signal)
{
    int out[2], word[2], workers[WORKERS], status = 0, left = 0;
    if (pipe(out) || pipe(word))
        exit(1);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        tally_watch(60);
        told = word[0];
        (void)close(word[1]);
        program(out[1]);
        _exit(1);
    }
    (void)close(out[1]);
    for (int i = 0; i < WORKERS; i++)
        CHECK(read(out[0], &workers[i], sizeof(int)) == sizeof(int) && workers[i] != pid,
              "%s: worker %d runs", how, i);
    if (signal)
        (void)kill(pid, signal);
    (void)close(word[0]);
    (void)close(word[1]);
    CHECK(waitpid(pid, &status, 0) == pid, "%s: the program has ended", how);
    while (waitpid(-1, &status, 0) > 0) /* hangs if one stays */
        left++;
    CHECK(errno == ECHILD, "%s: %d were left, none is", how, left);
    for (int i = 0; i < WORKERS; i++)
        CHECK(kill(workers[i], 0) && errno == ESRCH, "%s: worker %d is gone", how, workers[i]);
    (void)close(out[0]);
}

/* ---- not with a thread --------------------------------------------------------------------------- */

static void *makes_and_ends(void *arg)
{
    weft_executor **e = arg;
    *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    CHECK(run(*e, asks_pid, NULL, 0, sizeof(int)).number > 0, "a worker is there");
    return NULL;
}

static void test_thread_ends(void)
{
    weft_executor *e = NULL;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, makes_and_ends, &e) == 0 && pthread_join(thread, NULL) == 0, "made");
    int first = run(e, asks_pid, NULL, 0, sizeof(int)).number;
    for (int i = 0; i < 100; i++) {
        outcome o = run(e, asks_pid, NULL, 0, sizeof(int));
        if (!CHECK(o.status == 0 && o.number == first, "the same worker: %d, %d", o.number, first))
            break;
    }
    (void)weft_executor_destroy(e);
}

/* A child of the program's, which has the executor's memory, and nothing to say to its workers. */
static void test_fork(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    int worker = run(e, asks_pid, NULL, 0, sizeof(int)).number, status = 1;
    weft_task_spec spec = spec_of(asks_pid, NULL, 0, sizeof(int));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int wrong = weft_submit_task(e, &spec, NULL) != -EOWNERDEAD;
        wrong |= weft_executor_destroy(e) != -EOWNERDEAD;
        _exit(wrong);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "in the child: %d", status);
    CHECK(run(e, asks_pid, NULL, 0, sizeof(int)).number == worker, "and in the parent all is as it was");
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

/* The lowest descriptors are what a worker gets: here they are the program's own. */
static void test_closed_files(void)
{
    int status = 1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        weft_executor *e = NULL;
        tally_watch(60);
        for (int i = 0; i < 3; i++)
            (void)close(i);
        _exit(weft_executor_processes(&e, WEFT_PROCESSES_CONFIG(.processes = 2)) ||
              run(e, asks_pid, NULL, 0, sizeof(int)).number <= 0 || weft_executor_destroy(e));
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "without standard files: %x", (unsigned)status);
}

int main(void)
{
    tally_watch(360);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1)) {
        tally_skip("orphans", "no PR_SET_CHILD_SUBREAPER");
        return tally_end();
    }
    check_end("kill -9", pauses, SIGKILL);
    check_end("kill", pauses, SIGTERM);
    check_end("kill -9, idle", is_idle, SIGKILL);
    check_end("exit", exits, 0);
    check_end("_exit", exits_at_once, 0);
    check_end("a crash", crashes, 0);
    test_closed_files();
    test_thread_ends();
    test_fork();
    return tally_end();
}
