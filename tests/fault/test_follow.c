/* SPDX-License-Identifier: MIT */
/* test_follow.c - pools follow what the machine gives them while they work: a quota that falls to one CPU and is lifted
 * again, an affinity mask that somebody outside makes narrower and wider; what they are confined to they keep to.
 *
 * - Quotas stand in files below a temporary directory, which the pool is told to take for "/"; test_quota.c has real ones.
 * - Masks are set by the parent of the process that has the pool, for all its threads, as `taskset -a` does.
 * - What is to come is waited for with the pool at work; a change that does not come is ended by the watch.
 */
#include "child.h"
#include "work.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "sched/resize.h"

static char root[PATH_MAX / 2];

static cpu_set_t all; /* the process's own mask */

/* ---- a machine of files -------------------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
    char path[PATH_MAX], fresh[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/%s", root, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = text ? fopen(fresh, "w") : NULL;
    int ok = f ? fputs(text, f) >= 0 && fclose(f) == 0 && rename(fresh, path) == 0 : mkdir(path, 0755) == 0;
    CHECK(ok, "%s: %s", path, strerror(errno));
}

static void make_root(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/follow-XXXXXX", folder ? folder : P_tmpdir);
    CHECK(mkdtemp(root), "%s: %s", root, strerror(errno));
    put("proc", NULL);
    put("proc/self", NULL);
    put("proc/self/cgroup", "0::/a\n");
    put("proc/self/mountinfo", "1 1 0:1 / /g rw - cgroup2 c rw\n");
    put("g", NULL);
    put("g/a", NULL);
    put("g/a/cpu.max", "max 100000\n");
    put("g/cpu.max", "max 100000\n");
}

static void remove_root(void)
{
    static const char *const names[] = {
        "/g/a/cpu.max",      "/g/cpu.max", "/g/a",  "/g", "/proc/self/mountinfo",
        "/proc/self/cgroup", "/proc/self", "/proc", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s%s", root, names[i]);
        CHECK(remove(path) == 0, "%s: %s", path, strerror(errno));
    }
}

/* Of the machine's size; NULL: it cannot grow or shrink here. */
static weft_pool *pool_of_files(void)
{
    weft_pool *pool = NULL;
    unsetenv("WEFT_WORKERS");
    if (!CHECK(weft_pool_create(&pool, NULL) == 0, "create"))
        return NULL;
    wf_turn_take(pool);
    pool->sizing.root = root;
    wf_turn_give(pool);
    return pool;
}

static weft_pool_info told(weft_pool *pool)
{
    weft_pool_info info = {.size = sizeof info};
    CHECK(weft_pool_inspect(pool, &info) == 0, "inspect");
    return info;
}

/* All kinds of calls go on, until the pool has so many places. */
static void work_until(weft_pool *pool, int places)
{
    int bad = 0;
    while (!bad && weft_pool_workers(pool) != places)
        bad = use_pool(pool);
    CHECK(!bad, "right results on the way to %d places: work.h:%d", places, bad);
    CHECK(use_pool(pool) == 0, "and with %d", places);
}

/* ---- quotas -------------------------------------------------------------------------------------- */

/* What it tells when it has seen the quota; where it has one PU anyway no number of places shows that. */
static weft_pool_info told_of_period(weft_pool *pool, int64_t us)
{
    while (told(pool).period_us != us)
        if (use_pool(pool))
            break;
    return told(pool);
}

static void quota_falls_and_is_lifted(int pus)
{
    weft_pool *pool = pool_of_files();
    if (!pool)
        return;
    work_until(pool, pus);
    put("g/cpu.max", "50000 100000\n");
    work_until(pool, 1);
    weft_pool_info info = told_of_period(pool, 100000);
    CHECK((pus < 2 || info.workers_origin == WEFT_ORIGIN_QUOTA) && info.quota_us == 50000 &&
              info.period_us == 100000,
          "it tells of the quota: origin %d, %d of %d", info.workers_origin, (int)info.quota_us,
          (int)info.period_us);
    put("g/cpu.max", "max 100000\n");
    work_until(pool, pus);
    info = told_of_period(pool, 0);
    CHECK(info.workers_origin == WEFT_ORIGIN_MASK && info.resized == (pus > 1 ? 2 : 0) && info.period_us == 0,
          "and that there is none: origin %d, resized %d", info.workers_origin, (int)info.resized);
    put("g/a/cpu.max", "110000 100000\n");
    work_until(pool, pus < 2 ? pus : 2);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    put("g/a/cpu.max", "max 100000\n");
}

struct hold {
    weft_pool *pool;
    int places;
    bool waits;
};

static void until_grown(size_t begin, size_t end, void *arg)
{
    const struct hold *h = arg;
    (void)begin;
    (void)end;
    if (h->waits) {
        weft_block_begin();
        while (!wf_load_relaxed(&h->pool->dozing))
            sched_yield();
        weft_block_end();
    }
    while (weft_pool_workers(h->pool) != h->places)
        sched_yield();
}

static int task_until_grown(void *arg)
{
    until_grown(0, 1, arg);
    return 0;
}

/* Nobody comes by between tasks: a guest or the only worker stays in one. idle: all had fallen asleep before; waits: it
 * waits for something outside first, so that nobody is active, and then goes on. */
static void grows_beside_a_long_call(int pus, bool guest, bool idle, bool waits)
{
    weft_pool *pool = pool_of_files();
    struct hold h = {pool, pus, waits};
    weft_executor *executor;
    weft_future *future;
    if (!pool || pus < 2)
        return;
    put("g/cpu.max", "50000 100000\n");
    work_until(pool, 1);
    while (idle && !wf_load_relaxed(&pool->dozing))
        sched_yield();
    put("g/cpu.max", "max 100000\n");
    if (guest) {
        CHECK(weft_parallel_for(pool, 0, 1, until_grown, &h) == 0, "a long loop");
    } else {
        CHECK(!weft_pool_executor(pool, &executor) && !weft_submit(executor, task_until_grown, &h, &future),
              "a long task");
        while (weft_future_state(future) != WEFT_DONE) /* to get it would run it here */
            sched_yield();
        weft_future_release(future);
    }
    CHECK(weft_pool_workers(pool) == pus, "it has grown");
    CHECK(use_pool(pool) == 0 && weft_pool_destroy(pool) == 0, "and works");
}

static int counted_looks(weft_pool *pool)
{
    weft_counters c = WEFT_COUNTERS_INIT;
    CHECK(weft_pool_counters(pool, -1, &c) == 0, "counters");
    return (int)c.looks;
}

/* Who said a number is not overruled. */
static void only_the_machines_own_size_is_followed(void)
{
    weft_pool *pool = NULL;
    static const weft_pool_config said[] = {
        {.size = sizeof(weft_pool_config), .workers = 2},
        {.size = sizeof(weft_pool_config), .follow = WEFT_NONE},
    };
    for (size_t i = 0; i < 2; i++) {
        CHECK(weft_pool_create(&pool, &said[i]) == 0, "create");
        CHECK(!told(pool).follows && use_pool(pool) == 0 && counted_looks(pool) == 0, "it does not look");
        CHECK(weft_pool_destroy(pool) == 0, "destroy");
    }
    pool = pool_of_files();
    CHECK(told(pool).follows, "by default it does");
    CHECK(weft_pool_resize(pool, 1) == 0 && !told(pool).follows, "until it is resized");
    int looks = counted_looks(pool);
    CHECK(use_pool(pool) == 0 && counted_looks(pool) == looks, "it does not look any more");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

/* ---- masks --------------------------------------------------------------------------------------- */

/* All at once for who looks, where that is another process: it is stopped meanwhile. */
static void set_masks(pid_t pid, const cpu_set_t *mask)
{
    bool other = pid != getpid();
    int status = 0;
    if (other)
        CHECK(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
              "the child is stopped");
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    int set = 0;
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.')
            set += sched_setaffinity(atoi(e->d_name), sizeof *mask, mask) == 0;
    if (dir)
        closedir(dir);
    CHECK(set > 0, "%s: no mask could be set", path);
    if (other)
        CHECK(kill(pid, SIGCONT) == 0, "the child goes on");
}

/* The next PU of the process's from this one on; -1: none. */
static int pu_from(int pu)
{
    while (pu < CPU_SETSIZE && !CPU_ISSET((size_t)pu, &all))
        pu++;
    return pu < CPU_SETSIZE ? pu : -1;
}

static void say(int fd, char what)
{
    CHECK(write(fd, &what, 1) == 1, "pipe: %s", strerror(errno));
}

static void hear(int fd)
{
    char what;
    CHECK(read(fd, &what, 1) == 1, "the other side has ended");
}

/* Workers sit where the mask lets them; bound again, each to its own. */
static void sits_within(weft_pool *pool, const cpu_set_t *mask, int places)
{
    int seated = 0;
    weft_pool_info info = told(pool);
    for (int i = 0; i < info.workers_max; i++) {
        weft_worker_info worker = {.size = sizeof worker};
        if (weft_worker_inspect(pool, i, &worker) || worker.place != 1)
            continue;
        seated++;
        CHECK(CPU_ISSET((size_t)worker.pu, mask), "worker %d sits at PU %d, which was taken away", i,
              worker.pu);
        CHECK(info.bind != WEFT_BIND_PU || (worker.bound == WEFT_BIND_PU && worker.mask_pus == 1),
              "worker %d: bound %d, may run on %d PUs", i, worker.bound, worker.mask_pus);
    }
    CHECK(seated == places, "%d sit, of %d", seated, places);
}

static int pipes[2][2]; /* to the child, to the parent */

static int pool_of_child(int pus)
{
    weft_pool *pool = pool_of_files();
    if (!pool || !CHECK(weft_pool_describe(pool, NULL, 0) > 0, "all threads have bound themselves"))
        return 1;
    work_until(pool, pus);
    for (int pu = pu_from(0); pu >= 0; pu = pu_from(pu + 1)) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)pu, &one);
        say(pipes[1][1], 'n');
        hear(pipes[0][0]);
        work_until(pool, 1);
        sits_within(pool, &one, 1);
        say(pipes[1][1], 'w');
        hear(pipes[0][0]);
        work_until(pool, pus);
        sits_within(pool, &all, pus);
    }
    CHECK(told(pool).resized == 2 * pus, "resized %d times", (int)told(pool).resized);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    return atomic_load(&tally_failed);
}

/* The child's pool, and the parent that takes PUs away from its threads and gives them back. */
static void masks_from_outside(int pus)
{
    int status = -1;
    if (pus < 2) {
        tally_skip("a mask that gets narrower", "there is one PU");
        return;
    }
    CHECK(pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0, "pipes");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        tally_watch(350);
        close(pipes[0][1]);
        close(pipes[1][0]);
        atomic_store(&tally_failed, 0);
        int failed = pool_of_child(pus);
        fflush(stdout);
        _exit(failed);
    }
    close(pipes[0][0]);
    close(pipes[1][1]);
    for (int pu = pu_from(0); pu >= 0; pu = pu_from(pu + 1)) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)pu, &one);
        hear(pipes[1][0]);
        set_masks(pid, &one);
        say(pipes[0][1], 'n');
        hear(pipes[1][0]);
        set_masks(pid, &all);
        say(pipes[0][1], 'w');
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "the child: status %x", (unsigned)status);
    close(pipes[0][1]);
    close(pipes[1][0]);
}

/* One thread of the host's that binds itself says nothing about the pool. */
static void a_host_may_bind_its_own_threads(int pus)
{
    weft_pool *pool = pool_of_files();
    cpu_set_t one;
    if (!pool)
        return;
    CPU_ZERO(&one);
    CPU_SET((size_t)pu_from(0), &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "binding the main thread");
    int looks = counted_looks(pool);
    while (counted_looks(pool) < looks + 3)
        if (use_pool(pool))
            break;
    CHECK(weft_pool_workers(pool) == pus, "%d places of %d", weft_pool_workers(pool), pus);
    CHECK(sched_setaffinity(0, sizeof all, &all) == 0, "and back");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

/* Whoever lets its threads run everywhere: the pool does not grow into what it was not given. */
static void a_part_stays_a_part(void)
{
    char list[16];
    weft_pool *pool = NULL;
    snprintf(list, sizeof list, "%d", pu_from(0));
    CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.cpus = list, .workers_max = 4)) == 0, "create");
    CHECK(told(pool).follows && weft_pool_describe(pool, NULL, 0) > 0, "it follows, all threads have begun");
    set_masks(getpid(), &all);
    int looks = counted_looks(pool);
    while (counted_looks(pool) < looks + 15) /* longer than it takes to believe in more */
        if (use_pool(pool))
            break;
    CHECK(weft_pool_workers(pool) == 1, "%d places", weft_pool_workers(pool));
    CHECK(told(pool).pus == 1 && told(pool).resized == 0, "on %d PUs", told(pool).pus);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

struct bound_task {
    weft_pool *pool;
    int looks;
};

static weft_worker_info worker_of(weft_pool *pool, int index)
{
    weft_worker_info info = {.size = sizeof info};
    CHECK(weft_worker_inspect(pool, index, &info) == 0, "inspect");
    return info;
}

/* Its own thread, for a while, where that was not to run. A spare's, which may run it, too, was to run anywhere. */
static int bind_and_wait(void *arg)
{
    const struct bound_task *t = arg;
    cpu_set_t own, one, after;
    int other = pu_from(0);
    if (sched_getaffinity(0, sizeof own, &own))
        return 1;
    if (CPU_ISSET((size_t)other, &own))
        other = pu_from(other + 1);
    CPU_ZERO(&one);
    CPU_SET((size_t)other, &one);
    if (sched_setaffinity(0, sizeof one, &one))
        return 1;
    while (counted_looks(t->pool) < t->looks)
        sched_yield();
    if (sched_getaffinity(0, sizeof after, &after) || !CPU_EQUAL(&one, &after))
        return 2;
    return sched_setaffinity(0, sizeof all, &all);
}

static void a_task_may_bind_its_thread(int pus)
{
    weft_pool *pool = pool_of_files();
    weft_executor *executor;
    weft_future *future[2];
    struct bound_task t = {pool, counted_looks(pool) + 4};
    int status = -1;
    CHECK(!weft_pool_executor(pool, &executor), "executor");
    for (int i = 0; i < 2 && i + 1 < pus; i++) {
        CHECK(!weft_submit(executor, bind_and_wait, &t, &future[i]), "submit");
        while (weft_future_state(future[i]) != WEFT_DONE) /* one at a time: the others look */
            if (use_pool(pool))
                break;
        CHECK(!weft_future_get(future[i], &status) && status == 0, "it bound its thread: %d", status);
        weft_future_release(future[i]);
        t.looks += 4;
    }
    CHECK(weft_pool_workers(pool) == pus, "%d places of %d", weft_pool_workers(pool), pus);
    CHECK(told(pool).resized == 0, "at no time");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

/* Is every worker where it was planned, and nowhere else? */
static int strays(weft_pool *pool)
{
    int found = 0;
    for (int i = 0; i < told(pool).workers_max; i++) {
        cpu_set_t mask, plan;
        CPU_ZERO(&plan);
        CPU_SET((size_t)worker_of(pool, i).pu, &plan);
        bool known =
            !sched_getaffinity(wf_load_relaxed(&wf_worker_at(pool, (unsigned)i)->tid), sizeof mask, &mask);
        found += !known || !CPU_EQUAL(&mask, &plan);
    }
    return found;
}

/* As cpusets leave threads that shrink and grow between two looks, with some kernels; and as `taskset -a` does. */
static void a_thread_that_may_run_elsewhere_is_bound_again(int pus)
{
    weft_pool *pool = pool_of_files();
    if (!pool || pus < 2 || !CHECK(told(pool).bind == WEFT_BIND_PU, "bound to PUs"))
        return;
    CHECK(weft_pool_describe(pool, NULL, 0) > 0 && strays(pool) == 0, "all threads have bound themselves");
    for (int times = 0; times < 3; times++) {
        set_masks(getpid(), &all);
        while (strays(pool))
            if (use_pool(pool))
                break;
        CHECK(strays(pool) == 0, "%d may run elsewhere", strays(pool));
    }
    CHECK(told(pool).resized == 0, "nobody took a PU away");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

int main(void)
{
    wf_limits own;
    tally_watch(360);
    CHECK(sched_getaffinity(0, sizeof all, &all) == 0, "own mask");
    int pus = CPU_COUNT(&all);
    if (!CHECK(wf_limits_read(&own, NULL) == 0, "own limits") || own.period_us) {
        tally_skip("all of it", "the tests run under a quota: their pools would begin small");
        return tally_end();
    }
    make_root();
    masks_from_outside(pus); /* first: it forks */
    quota_falls_and_is_lifted(pus);
    for (int i = 0; i < 6; i++)
        grows_beside_a_long_call(pus, i & 1, i & 2, i & 4);
    only_the_machines_own_size_is_followed();
    a_host_may_bind_its_own_threads(pus);
    a_task_may_bind_its_thread(pus);
    a_thread_that_may_run_elsewhere_is_bound_again(pus);
    a_part_stays_a_part();
    remove_root();
    return tally_end();
}
