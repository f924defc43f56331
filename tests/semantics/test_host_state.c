/* SPDX-License-Identifier: MIT */
/* test_host_state.c - what a pool leaves alone: masks, signals and rounding mode of the host's threads.
 *
 * - Everything is read back from the kernel before a pool lives, while it works and after it is gone.
 * - Workers are found as the threads in /proc/self/task that were not there before the pool.
 */
#include "sem.h"

#include <dirent.h>
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void touch_total(size_t begin, size_t end, void *total)
{
    busy((unsigned)(end - begin));
    atomic_fetch_add((atomic_size_t *)total, end - begin);
}

static void use(weft_pool *pool)
{
    atomic_size_t total = 0;
    cr_assert_eq(weft_parallel_for(pool, 0, 100000, touch_total, &total), 0);
    cr_assert_eq(atomic_load(&total), 100000);
}

static int task_ids(pid_t *ids, int room)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *e; dir && (e = readdir(dir)) && count < room;)
        if (e->d_name[0] != '.')
            ids[count++] = (pid_t)atoi(e->d_name);
    closedir(dir);
    return count;
}

static bool is_in(pid_t id, const pid_t *ids, int count)
{
    for (int i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* ---- affinity ---- */
enum { HOSTS = 3 };

struct host {
    struct gate ready, leave;
    pid_t ids[HOSTS];
    atomic_int next;
    cpu_set_t full;
};

/* Host thread 0 keeps the mask it has, the others sit on single PUs of it. */
static void *host_thread(void *arg)
{
    struct host *h = arg;
    int me = atomic_fetch_add(&h->next, 1);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0, seen = 0; me > 0 && cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &h->full) && seen++ == (size_t)((me - 1) % CPU_COUNT(&h->full)))
            CPU_SET(cpu, &one);
    if (me > 0)
        sched_setaffinity(0, sizeof one, &one);
    h->ids[me] = (pid_t)syscall(SYS_gettid);
    gate_add(&h->ready);
    gate_wait(&h->leave, 1);
    return NULL;
}

static void read_masks(const struct host *h, cpu_set_t *masks)
{
    for (int i = 0; i < HOSTS; i++)
        cr_assert_eq(sched_getaffinity(h->ids[i], sizeof *masks, &masks[i]), 0);
    cr_assert_eq(sched_getaffinity(0, sizeof *masks, &masks[HOSTS]), 0);
}

static void same_masks(const struct host *h, const cpu_set_t *before, const char *when)
{
    cpu_set_t now[HOSTS + 1];
    read_masks(h, now);
    for (int i = 0; i <= HOSTS; i++)
        cr_assert(CPU_EQUAL(&now[i], &before[i]), "mask of host thread %d changed %s", i, when);
}

PROMISE(the_affinity_mask_of_every_host_thread_stays_as_it_was)
{
    struct host h = {.ready = GATE_INIT, .leave = GATE_INIT};
    cpu_set_t before[HOSTS + 1];
    pthread_t threads[HOSTS];
    cr_assert_eq(sched_getaffinity(0, sizeof h.full, &h.full), 0);
    for (int i = 0; i < HOSTS; i++)
        threads[i] = thread_start(host_thread, &h, 0);
    gate_wait(&h.ready, HOSTS);
    read_masks(&h, before);
    for (int bind = WEFT_BIND_AUTO; bind <= WEFT_BIND_DOMAIN; bind++) {
        weft_pool *pool;
        cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .bind = bind)), 0);
        same_masks(&h, before, "at create");
        use(pool);
        same_masks(&h, before, "by work");
        sem_end(pool);
        same_masks(&h, before, "at destroy");
    }
    use(NULL);
    same_masks(&h, before, "by the default pool");
    gate_add(&h.leave);
    for (int i = 0; i < HOSTS; i++)
        pthread_join(threads[i], NULL);
}

PROMISE(no_worker_is_bound_outside_the_mask_of_its_creator)
{
    pid_t old[64], now[256];
    cpu_set_t mine, its, both;
    int before = task_ids(old, 64);
    cr_assert_eq(sched_getaffinity(0, sizeof mine, &mine), 0);
    for (int bind = WEFT_BIND_AUTO; bind <= WEFT_BIND_DOMAIN; bind++) {
        weft_pool *pool;
        cr_assert_eq(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = sem_workers(), .bind = bind)), 0);
        use(pool);
        int count = task_ids(now, 256);
        for (int i = 0; i < count; i++) {
            if (is_in(now[i], old, before) || sched_getaffinity(now[i], sizeof its, &its))
                continue;
            CPU_AND(&both, &its, &mine);
            cr_assert(CPU_EQUAL(&both, &its), "bind %d leaves the creator's mask", bind);
        }
        sem_end(pool);
    }
}

/* ---- signals ---- */
static const int asynchronous[] = {SIGHUP,  SIGINT,    SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM,
                                   SIGTERM, SIGCHLD,   SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,
                                   SIGPROF, SIGVTALRM, SIGIO,   SIGPWR,  SIGWINCH};

static void read_dispositions(struct sigaction *all)
{
    memset(all, 0, 65 * sizeof *all);
    for (int sig = 1; sig <= 64; sig++)
        if (sigaction(sig, NULL, &all[sig]))
            all[sig].sa_flags = -1; /* 32 and 33 belong to libc */
}

static void same_signals(const struct sigaction *before, const sigset_t *mask)
{
    struct sigaction now[65];
    sigset_t current;
    read_dispositions(now);
    pthread_sigmask(SIG_BLOCK, NULL, &current);
    for (int sig = 1; sig <= 64; sig++) {
        cr_assert(now[sig].sa_handler == before[sig].sa_handler, "handler of signal %d", sig);
        cr_assert_eq(now[sig].sa_flags, before[sig].sa_flags, "flags of signal %d", sig);
        if (now[sig].sa_flags != -1)
            cr_assert_eq(sigismember(&current, sig), sigismember(mask, sig), "mask of signal %d", sig);
    }
}

PROMISE(signal_dispositions_and_the_hosts_signal_mask_stay_as_they_were)
{
    struct sigaction before[65];
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigaddset(&mask, SIGRTMIN + 3);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    read_dispositions(before);
    weft_pool *pool = sem_pool();
    same_signals(before, &mask);
    use(pool);
    same_signals(before, &mask);
    sem_end(pool);
    use(NULL);
    same_signals(before, &mask);
}

static unsigned long long blocked_signals(pid_t id)
{
    char path[64], line[256];
    unsigned long long blocked = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)id);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "SigBlk:", 7) == 0)
            blocked = strtoull(line + 7, NULL, 16);
    if (f)
        fclose(f);
    return blocked;
}

PROMISE(all_threads_block_all_signals_but_the_synchronous_ones)
{
    static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    pid_t old[64], now[256];
    int before = task_ids(old, 64), threads = 0;
    weft_pool_info info = {.size = sizeof info};
    weft_pool *pool =
        sem_pool_with(WEFT_POOL_CONFIG(.workers = sem_workers(), .spare_keep_ns = WEFT_FOREVER));
    use(pool);
    int count = task_ids(now, 256);
    for (int i = 0; i < count; i++) {
        if (is_in(now[i], old, before))
            continue;
        unsigned long long blocked = blocked_signals(now[i]);
        while (blocked >> (SIGSEGV - 1) & 1) { /* libc starts a thread with every signal blocked */
            sched_yield();
            blocked = blocked_signals(now[i]);
        }
        threads++;
        for (size_t k = 0; k < sizeof asynchronous / sizeof *asynchronous; k++)
            cr_assert(blocked >> (asynchronous[k] - 1) & 1, "signal %d", asynchronous[k]);
        for (size_t k = 0; k < sizeof synchronous / sizeof *synchronous; k++)
            cr_assert(!(blocked >> (synchronous[k] - 1) & 1), "signal %d", synchronous[k]);
    }
    cr_assert_eq(weft_pool_inspect(pool, &info), 0);
    cr_assert_geq(threads, sem_threads());
    cr_assert_leq(threads, sem_threads() + 1 + info.spares, "with a monitor, and spares: %d", threads);
    sem_end(pool);
}

static __thread volatile sig_atomic_t host_here;
static atomic_int by_host, by_worker, loop_stop;

static void on_usr1(int sig)
{
    (void)sig;
    atomic_fetch_add(host_here ? &by_host : &by_worker, 1);
}

static void catch_usr1(void)
{
    struct sigaction act = {.sa_handler = on_usr1, .sa_flags = SA_RESTART};
    host_here = 1;
    sigaction(SIGUSR1, &act, NULL);
}

static void *working_host(void *pool)
{
    host_here = 1;
    while (!atomic_load(&loop_stop))
        use(pool);
    return NULL;
}

PROMISE(signals_sent_to_the_process_reach_host_threads_only)
{
    sigset_t usr1;
    catch_usr1();
    weft_pool *pool = sem_pool(); /* created with the signal unblocked */
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL); /* for the other host thread, which inherits it */
    pthread_t other = thread_start(working_host, pool, 0);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    for (int i = 0; i < 1000; i++) {
        int seen = atomic_load(&by_host) + atomic_load(&by_worker);
        cr_assert_eq(kill(getpid(), SIGUSR1), 0);
        while (atomic_load(&by_host) + atomic_load(&by_worker) == seen)
            sched_yield();
    }
    atomic_store(&loop_stop, 1);
    pthread_join(other, NULL);
    sem_end(pool);
    cr_assert_eq(atomic_load(&by_worker), 0);
    cr_assert_eq(atomic_load(&by_host), 1000);
}

PROMISE(a_signal_that_all_host_threads_block_stays_pending_while_workers_work)
{
    sigset_t usr1, pending;
    catch_usr1();
    weft_pool *pool = sem_pool(); /* created with the signal unblocked */
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(kill(getpid(), SIGUSR1), 0);
        use(pool);
    }
    sigpending(&pending);
    cr_assert(sigismember(&pending, SIGUSR1));
    cr_assert_eq(atomic_load(&by_worker), 0);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    cr_assert_eq(atomic_load(&by_host), 1);
    sem_end(pool);
}

/* ---- rounding ---- */
struct rounding {
    pthread_t host;
    struct gate met;
    atomic_int bad, in_host, in_workers;
};

static void round_body(size_t begin, size_t end, void *arg)
{
    struct rounding *r = arg;
    for (size_t i = begin; i < end; i++) {
        int host = pthread_equal(pthread_self(), r->host);
        volatile double third = 1.0;
        third /= 3.0; /* 0x5555...5: rounded up in the workers, down in the host */
        int up = third * 3.0 > 1.0 || fegetround() == FE_UPWARD;
        atomic_fetch_add(host ? &r->in_host : &r->in_workers, 1);
        if (up == host || fegetround() != (host ? FE_DOWNWARD : FE_UPWARD))
            atomic_fetch_add(&r->bad, 1);
        gate_add(&r->met);
        gate_wait(&r->met, 2);
    }
}

PROMISE(tasks_in_workers_round_as_the_creator_did_and_a_guest_as_it_does_itself)
{
    NEEDS_WORKERS(2);
    struct rounding r = {.host = pthread_self(), .met = GATE_INIT};
    fesetround(FE_UPWARD);
    weft_pool *pool = sem_pool();
    fesetround(FE_DOWNWARD);
    int err = weft_parallel_for(pool, 0, 2, round_body, &r);
    int after = fegetround();
    fesetround(FE_TONEAREST);
    cr_assert_eq(err, 0);
    cr_assert_eq(after, FE_DOWNWARD);
    cr_assert_eq(atomic_load(&r.bad), 0);
    cr_assert_geq(atomic_load(&r.in_workers), 1);
    sem_end(pool);
}
