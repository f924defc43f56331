/* SPDX-License-Identifier: MIT */
/*
 * test_workers.c - worker processes: each way to die is one task's, what they are made with, what the system refuses, and that
 * nothing is left of them.
 */
#include "processes.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <weft/parallel.h>

/* ---- what tasks do ------------------------------------------------------------------------------- */

static int exits(const void *arg, void *result)
{
    (void)result;
    _exit(*(const int *)arg);
}

static int leaves(const void *arg, void *result)
{
    (void)result;
    exit(*(const int *)arg);
}

static int sees_surroundings(const void *arg, void *result)
{
    char *found = result;
    (void)arg;
    const char *own = getenv("WEFT_TEST_OWN"), *secret = getenv("TEST_SECRET");
    snprintf(found, 64, "%s %s", own ? own : "-", secret ? secret : "-");
    return 0;
}

static int counts_descriptors(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = open_descriptors();
    return 0;
}

/* By a page, which nobody uses. */
static bool is_sealed(int fd)
{
    struct stat is;
    int seals[] = {F_SEAL_WRITE, F_SEAL_FUTURE_WRITE}, refused = 0;
    if (fstat(fd, &is))
        return false;
    for (off_t by = -4096; by <= 4096; by += 8192)
        refused += ftruncate(fd, is.st_size + by) && errno == EPERM;
    for (int i = 0; i < 2; i++)
        refused += fcntl(fd, F_ADD_SEALS, seals[i]) && errno == EPERM;
    return refused == 4;
}

/* Less 100 times those whose size may change. */
static int counts_sealed(const void *arg, void *result)
{
    (void)arg;
    int all = shared_descriptors(NULL), sealed = shared_descriptors(is_sealed);
    *(int *)result = sealed - 100 * (all - sealed);
    return 0;
}

static int counts_cpus(const void *arg, void *result)
{
    cpu_set_t cpus;
    (void)arg;
    *(int *)result = sched_getaffinity(0, sizeof cpus, &cpus) ? 0 : CPU_COUNT(&cpus);
    return 0;
}

static unsigned begun_with;

static int begins(const void *arg)
{
    begun_with = *(const unsigned *)arg;
    return 0;
}

static int tells_beginning(const void *arg, void *result)
{
    (void)arg;
    *(unsigned *)result = begun_with;
    return 0;
}

static int refuses(const void *arg)
{
    (void)arg;
    return 42;
}

static int eats_memory(const void *arg, void *result)
{
    (void)arg;
    void *volatile much = malloc((size_t)1 << 30); /* or a compiler leaves it out */
    *(int *)result = much != NULL;
    free(much);
    return 0;
}

enum { THREADS = 3 };

static atomic_int met;

/* Each item waits until all have begun, a while: answers whether they have. */
static int meets(void *out, const void *in, void *ctx)
{
    int64_t until = now_ns() + LIMIT_NS;
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < THREADS && now_ns() < until)
        (void)sched_yield();
    *(int *)out = atomic_load(&met) == THREADS;
    return in || ctx;
}

static int meets_in_threads(const void *arg, void *result)
{
    int together[THREADS] = {0};
    (void)arg;
    int err = weft_parallel_map(NULL, meets, NULL, 0, together, sizeof(int), THREADS, NULL);
    for (int i = 0; i < THREADS; i++)
        *(int *)result += together[i];
    return err;
}

static int counts_workers(const void *arg, void *result)
{
    (void)arg;
    *(int *)result = weft_pool_workers(NULL);
    return 0;
}

static int burns(const void *arg, void *result)
{
    (void)arg;
    volatile int *turns = result;
    while (*turns >= 0)
        *turns = (*turns + 1) % 1000;
    return 0;
}

/* ---- ways to die --------------------------------------------------------------------------------- */

static void test_deaths(void)
{
    static const struct {
        int signal;
        const char *words;
    } signals[] = {{SIGSEGV, "SIGSEGV"}, {SIGKILL, "SIGKILL"}, {SIGABRT, "SIGABRT"}, {SIGTERM, "SIGTERM"}};
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        check_death(e, spec_of(raises, &signals[i].signal, sizeof(int), 0), WEFT_EDIED, signals[i].words);
    int code = 7;
    check_death(e, spec_of(exits, &code, sizeof code, 0), WEFT_EDIED, "exited with status 7");
    check_death(e, spec_of(leaves, &code, sizeof code, 0), WEFT_EDIED, "exited with status 7");
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

/* A task in the middle of others: they all come back. */
static void test_others_go_on(void)
{
    enum { TASKS = 60 };
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    weft_future *futures[TASKS];
    int died = 0, right = 0, kill_signal = SIGKILL;
    for (int i = 0; i < TASKS; i++) {
        int terms[2] = {i, 1};
        futures[i] = i % 10 == 5 ? submit(e, raises, &kill_signal, sizeof kill_signal, 0)
                                 : submit(e, add, terms, sizeof terms, sizeof(int));
    }
    for (int i = 0; i < TASKS; i++) {
        int status = 0;
        (void)weft_future_get(futures[i], &status);
        const int *sum = weft_future_result(futures[i]);
        died += status == WEFT_EDIED;
        right += status == 0 && sum && *sum == i + 1;
        weft_future_release(futures[i]);
    }
    CHECK(died == TASKS / 10 && right == TASKS - TASKS / 10, "%d died, %d right", died, right);
    (void)weft_executor_destroy(e);
}

/* ---- how a process is made ----------------------------------------------------------------------- */

static void test_surroundings(void)
{
    (void)setenv("WEFT_TEST_OWN", "seen", 1);
    (void)setenv("TEST_SECRET", "secret", 1);
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    weft_future *future = submit(e, sees_surroundings, NULL, 0, 64);
    (void)weft_future_get(future, NULL);
    const char *seen = weft_future_result(future);
    CHECK(seen && !strcmp(seen, "seen -"), "environment: %s", seen ? seen : "none");
    weft_future_release(future);
    int before = run(e, counts_descriptors, NULL, 0, sizeof(int)).number;
    int more[3] = {dup(1), dup(1), dup(1)};
    int kill_signal = SIGKILL;
    (void)run(e, raises, &kill_signal, sizeof kill_signal, 0);
    outcome o = run(e, counts_descriptors, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number == before, "descriptors: %d, then %d", before, o.number);
    for (int i = 0; i < 3; i++)
        (void)close(more[i]);
    (void)weft_executor_destroy(e);
}

static void test_environment_given(void)
{
    static const char *const environment[] = {"TEST_SECRET=given", NULL};
    if (TALLY_SANITIZED) {
        tally_skip("environment", "a sanitizer's options are in the environment");
        return;
    }
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .environment = environment));
    weft_future *future = submit(e, sees_surroundings, NULL, 0, 64);
    (void)weft_future_get(future, NULL);
    const char *seen = weft_future_result(future);
    CHECK(seen && !strcmp(seen, "- given"), "environment: %s", seen ? seen : weft_future_error(future));
    weft_future_release(future);
    (void)weft_executor_destroy(e);
}

/* Memory that shrinks is SIGBUS to who uses it. */
static void test_sealed(void)
{
    int here = 0;
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    outcome o = run(e, counts_sealed, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number == 1, "in a worker the blocks, whose size stays: %d", o.number);
    (void)counts_sealed(NULL, &here);
    CHECK(here == 2, "here the messages, too: %d", here);
    (void)weft_executor_destroy(e);
}

/* Made by a thread that is bound to one CPU. */
static void *make_bound(void *arg)
{
    cpu_set_t cpus, one;
    (void)sched_getaffinity(0, sizeof cpus, &cpus);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &cpus))
            CPU_SET(i, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    *(weft_executor **)arg = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    return NULL;
}

static void test_not_bound(void)
{
    weft_executor *e = NULL;
    pthread_t thread;
    int here = 0;
    CHECK(pthread_create(&thread, NULL, make_bound, &e) == 0 && pthread_join(thread, NULL) == 0, "made");
    (void)counts_cpus(NULL, &here);
    outcome o = run(e, counts_cpus, NULL, 0, sizeof(int));
    CHECK(o.number == here, "a worker may run on %d CPUs, the program on %d", o.number, here);
    (void)weft_executor_destroy(e);
}

static void test_start(void)
{
    unsigned with = 1234;
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .start = begins, .start_arg = &with,
                                                  .start_bytes = sizeof with));
    with = 0;
    for (int i = 0; i < 2; i++) {
        outcome o = run(e, tells_beginning, NULL, 0, sizeof(unsigned));
        CHECK(o.status == 0 && o.number == 1234, "begun with %d", o.number);
        int kill_signal = SIGKILL;
        (void)run(e, raises, &kill_signal, sizeof kill_signal, 0);
    }
    (void)weft_executor_destroy(e);
}

static void test_start_fails(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .start = refuses));
    outcome o = run(e, tells_beginning, NULL, 0, sizeof(unsigned));
    CHECK(o.status == -ECANCELED, "cancelled: %d", o.status);
    weft_executor_state state = {.size = sizeof state};
    CHECK(weft_executor_inspect(e, &state) == 0 && state.broken == 42, "broken: %d", state.broken);
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
}

static void test_tasks_each(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .tasks_each = 2));
    int pid[4];
    for (int i = 0; i < 4; i++)
        pid[i] = run(e, asks_pid, NULL, 0, sizeof(int)).number;
    CHECK(pid[0] == pid[1] && pid[2] == pid[3] && pid[0] != pid[2], "%d %d %d %d", pid[0], pid[1], pid[2],
          pid[3]);
    (void)weft_executor_destroy(e);
}

/* Whatever the machine has, and whatever the program's own environment says. */
static void test_threads(void)
{
    (void)setenv("WEFT_WORKERS", "2", 1);
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .threads = THREADS));
    outcome o = run(e, counts_workers, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number == THREADS, "a worker's pool has %d", o.number);
    o = run(e, meets_in_threads, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number == THREADS, "a task's loop: %d, %d items at the same time", o.status,
          o.number);
    (void)weft_executor_destroy(e);
    e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    o = run(e, counts_workers, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number == 1, "and one, if nothing is said: %d", o.number);
    (void)weft_executor_destroy(e);
    (void)unsetenv("WEFT_WORKERS");
}

static void test_limits(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .cpu_seconds = 1));
    int number = 0;
    check_death(e, spec_of(burns, &number, sizeof number, sizeof number), WEFT_EDIED, "SIGKILL");
    (void)weft_executor_destroy(e);
    if (TALLY_SANITIZED) {
        tally_skip("memory", "a sanitizer's shadow is larger than any limit");
        return;
    }
    e = make(WEFT_PROCESSES_CONFIG(.processes = 1, .memory_bytes = (size_t)1 << 30));
    outcome o = run(e, eats_memory, NULL, 0, sizeof(int));
    CHECK(o.status == 0 && o.number == 0, "a GiB was there: %d", o.number);
    (void)weft_executor_destroy(e);
}

/* ---- the system refuses -------------------------------------------------------------------------- */

/* No descriptor is left; how many there may be otherwise. */
static rlim_t take_descriptors(rlim_t most)
{
    struct rlimit limit;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = most;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return before;
}

static void test_no_descriptor(void)
{
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1)), *other;
    int terms[2] = {1, 2};
    rlim_t before = take_descriptors(3);
    int err = weft_executor_processes(&other, WEFT_PROCESSES_CONFIG(.processes = 1));
    outcome refused = run(e, add, terms, sizeof terms, sizeof(int));
    (void)take_descriptors(before);
    CHECK(err == -EMFILE && !other, "no executor: %d", err);
    CHECK(refused.status == -EMFILE && strstr(refused.error, "no worker process"), "no process: %d, %s",
          refused.status, refused.error);
    outcome o = run(e, add, terms, sizeof terms, sizeof(int));
    CHECK(o.status == 0 && o.number == 3, "and then there is one: %d, %s", o.status, o.error);
    (void)weft_executor_destroy(e);
}

static void test_child_signal_ignored(void)
{
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 1));
    int kill_signal = SIGKILL;
    check_death(e, spec_of(raises, &kill_signal, sizeof kill_signal, 0), WEFT_EDIED, "nobody knows how");
    CHECK(weft_executor_destroy(e) == 0, "destroyed");
    (void)signal(SIGCHLD, before);
}

/* ---- and nothing is left ------------------------------------------------------------------------- */

static void test_nothing_left(void)
{
    int kill_signal = SIGKILL, before = open_descriptors();
    weft_executor *e = make(WEFT_PROCESSES_CONFIG(.processes = 2));
    for (int i = 0; i < 5; i++)
        (void)run(e, raises, &kill_signal, sizeof kill_signal, 0);
    outcome o = run(e, asks_pid, NULL, 0, sizeof(int));
    (void)weft_executor_destroy(e);
    CHECK(kill(o.number, 0) && errno == ESRCH, "process %d is gone", o.number);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no child");
    CHECK(open_descriptors() == before, "%d descriptors, then %d", before, open_descriptors());
    check_nothing_shared();
}

int main(void)
{
    tally_watch(360);
    test_deaths();
    test_others_go_on();
    test_surroundings();
    test_environment_given();
    test_sealed();
    test_not_bound();
    test_start();
    test_start_fails();
    test_tasks_each();
    test_threads();
    test_limits();
    test_no_descriptor();
    test_child_signal_ignored();
    test_nothing_left();
    return tally_end();
}
