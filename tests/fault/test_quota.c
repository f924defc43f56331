/* SPDX-License-Identifier: MIT */
/* test_quota.c - pools in real control groups with CPU quotas, made for the test where the system lets it.
 *
 * - A group is made below the process's own, in v1's cpu hierarchy or in v2 where children have the cpu controller;
 *   a child process enters it and creates pools there. Where no group can be made, or given a quota, all is
 *   skipped and the reason printed.
 * - Groups are removed at the end, and also when the test is ended by a signal.
 * - The program is linked with the library's internals: it asks a pool where its number comes from.
 */
#include "child.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "sched/worker.h"

/* outer lies in the process's own group, inner in outer; "" where not made. */
static char outer[PATH_MAX], inner[PATH_MAX], inner_procs[PATH_MAX + 16];
static bool v2;

static const int signals[] = {SIGALRM, SIGTERM, SIGINT, SIGHUP};
#define SIGNALS (sizeof signals / sizeof *signals)

/* ---- making and removing groups ---------------------------------------------------------------- */

/* 0 or errno. */
static int put(const char *group, const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", group, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return err;
}

static int set_quota(const char *group, long quota_us)
{
    char text[64];
    if (quota_us < 0)
        snprintf(text, sizeof text, v2 ? "max 100000" : "-1");
    else
        snprintf(text, sizeof text, v2 ? "%ld 100000" : "%ld", quota_us);
    return put(group, v2 ? "cpu.max" : "cpu.cfs_quota_us", text);
}

static const char *quota_file(const char *group)
{
    static char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", group, v2 ? "cpu.max" : "cpu.cfs_quota_us");
    return path;
}

/* A group whose last process just ended may be busy for a moment still. Only calls that a signal handler may make. */
static void remove_group(char *group)
{
    while (*group && rmdir(group) && errno == EBUSY)
        sched_yield();
    *group = 0;
}

static void remove_groups(void)
{
    remove_group(inner);
    remove_group(outer);
}

static void kill_children(void)
{
    char text[4096];
    int fd = open(inner_procs, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
    pid_t pid = 0;
    for (ssize_t i = 0; i < got; i++) {
        if (text[i] != '\n') {
            pid = pid * 10 + (text[i] - '0');
            continue;
        }
        if (pid > 0)
            kill(pid, SIGKILL);
        pid = 0;
    }
}

static void ended(int sig)
{
    signal(SIGALRM, SIG_DFL); /* and not a second time, should a group stay busy */
    alarm(5);
    kill_children();
    remove_groups();
    signal(sig, SIG_DFL);
    raise(sig);
}

/* ---- finding a place for them ------------------------------------------------------------------- */

/* "TYPE OPTIONS" of a hierarchy that gives CPU quotas, and where it is mounted. */
static bool find_mount(bool wanted_v2, char *point, char *shown)
{
    char line[8192], type[64], options[1024];
    FILE *f = fopen("/proc/self/mountinfo", "re");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        const char *end = strstr(line, " - ");
        if (!end || sscanf(line, "%*s %*s %*s %4000s %4000s", shown, point) != 2 ||
            sscanf(end, " - %63s %*s %1023s", type, options) != 2)
            continue;
        strcat(options, ",");
        found = wanted_v2 ? !strcmp(type, "cgroup2") : !strcmp(type, "cgroup") && strstr(options, ",cpu,");
    }
    if (f)
        fclose(f);
    return found && !strcmp(shown, "/");
}

static bool find_group(bool wanted_v2, char *group)
{
    char line[8192];
    FILE *f = fopen("/proc/self/cgroup", "re");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        char list[1100], *rest = line, *id = strsep(&rest, ":"), *controllers = strsep(&rest, ":");
        char *path = strsep(&rest, "\n");
        snprintf(list, sizeof list, ",%s,", controllers);
        found = path && (wanted_v2 ? !strcmp(id, "0") && !*controllers : strstr(list, ",cpu,") != NULL);
        if (found)
            snprintf(group, PATH_MAX, "%s", strcmp(path, "/") ? path : "");
    }
    if (f)
        fclose(f);
    return found;
}

/* NULL: there is a group in `outer` that takes quotas; else why not. */
static const char *make_outer(bool wanted_v2)
{
    static char reasons[2][2 * PATH_MAX];
    char *why = reasons[wanted_v2];
    char point[PATH_MAX], shown[PATH_MAX], group[PATH_MAX];
    if (!find_mount(wanted_v2, point, shown) || !find_group(wanted_v2, group))
        return "not mounted";
    v2 = wanted_v2;
    int length = snprintf(outer, sizeof outer, "%s%s/weft-quota-%d", point, group, (int)getpid());
    int err = (size_t)length >= sizeof outer ? ENAMETOOLONG : mkdir(outer, 0755) ? errno : 0;
    if (err)
        *outer = 0;
    else if ((err = set_quota(outer, 50000)) != 0)
        remove_groups();
    snprintf(why, sizeof reasons[0], "group below %s: %s", point,
             err == ENOENT ? "no cpu controller" : strerror(err));
    return err ? why : NULL;
}

static bool make_groups(void)
{
    const char *no_v1 = make_outer(false), *no_v2 = no_v1 ? make_outer(true) : NULL;
    if (no_v1 && no_v2) {
        char reason[4 * PATH_MAX];
        snprintf(reason, sizeof reason, "no group with a quota can be made: v1 %s; v2 %s", no_v1, no_v2);
        tally_skip("pools under a CPU quota", reason);
        return false;
    }
    snprintf(inner, sizeof inner, "%.*s/inner", PATH_MAX - 8, outer);
    if (v2)
        (void)put(outer, "cgroup.subtree_control", "+cpu");
    snprintf(inner_procs, sizeof inner_procs, "%s/cgroup.procs", inner);
    if (CHECK(mkdir(inner, 0755) == 0, "a group in the group: %s", strerror(errno)))
        return true;
    *inner = 0;
    return false;
}

/* ---- scenes, in a child -------------------------------------------------------------------------- */

struct scene {
    long outer_us, inner_us; /* quota of 100 ms; -1: none */
    unsigned quota_cpus;     /* what the least of both has room for */
    const char *least;       /* the group that sets it */
};

static unsigned mask_cpus(void)
{
    cpu_set_t mask;
    return sched_getaffinity(0, sizeof mask, &mask) ? 0 : (unsigned)CPU_COUNT(&mask);
}

static void default_pool(const struct scene *s)
{
    weft_pool *pool;
    unsigned pus = mask_cpus();
    if (!CHECK(weft_pool_create(&pool, NULL) == 0, "pool under a quota"))
        return;
    unsigned expected = s->quota_cpus < pus ? s->quota_cpus : pus;
    CHECK(pool->open == expected && weft_pool_workers(pool) == (int)expected, "%u workers, not %d", expected,
          weft_pool_workers(pool));
    bool less = s->quota_cpus <= pus; /* no scene's quota is a whole number of CPUs */
    CHECK(pool->size.origin == (less ? WF_SIZE_QUOTA : WF_SIZE_MASK), "origin %d", (int)pool->size.origin);
    CHECK(pool->size.rationed == less, "rationed %d", pool->size.rationed);
    CHECK(!less || pool->bind != WEFT_BIND_PU, "not bound to PUs under a quota");
    CHECK(!strcmp(pool->size.limits.file, quota_file(s->least)), "set by %s", pool->size.limits.file);
    CHECK(use_pool(pool) == 0, "right results under a quota");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

static void said_pool(int workers, const char *environment, enum wf_size_origin origin)
{
    weft_pool *pool;
    unsigned expected = environment ? (unsigned)atoi(environment) : (unsigned)workers;
    if (environment)
        setenv("WEFT_WORKERS", environment, 1);
    else
        unsetenv("WEFT_WORKERS");
    if (!CHECK(weft_pool_create(&pool, WEFT_POOL_CONFIG(.workers = workers)) == 0, "pool of a said size"))
        return;
    CHECK(pool->open == expected && pool->size.origin == origin, "%u workers by %d, not %u by %d", pool->open,
          (int)pool->size.origin, expected, (int)origin);
    CHECK(pool->size.rationed && pool->crowded, "4 workers are more than any quota here");
    CHECK(use_pool(pool) == 0, "right results with more workers than CPU time");
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
}

/* The usual places tell the same as the list of mounts. */
static void two_ways(const struct scene *s)
{
    wf_limits quick, by_mounts;
    if (!CHECK(!wf_limits_read(&quick, NULL) && !wf_limits_read(&by_mounts, ""), "limits in the group"))
        return;
    CHECK(quick.quota_us == by_mounts.quota_us && quick.period_us == by_mounts.period_us,
          "quota %u of %u, by mounts %u of %u", quick.quota_us, quick.period_us, by_mounts.quota_us,
          by_mounts.period_us);
    CHECK(!strcmp(by_mounts.file, quota_file(s->least)), "by mounts set by %s", by_mounts.file);
}

/* Until it has so many places. */
static void work_until(weft_pool *pool, int places)
{
    int bad = 0;
    while (!bad && weft_pool_workers(pool) != places)
        bad = use_pool(pool);
    CHECK(!bad && use_pool(pool) == 0, "right results on the way to %d places", places);
}

/* The pool follows the group's quota while it works. */
static int falls_and_is_lifted(void *arg)
{
    weft_pool *pool;
    int pus = (int)mask_cpus(), err;
    (void)arg;
    for (size_t i = 0; i < SIGNALS; i++)
        signal(signals[i], SIG_DFL);
    err = put(inner, "cgroup.procs", "0");
    unsetenv("WEFT_WORKERS");
    if (!CHECK(err == 0 && weft_pool_create(&pool, NULL) == 0, "pool without a quota: %s", strerror(err)))
        return 1;
    work_until(pool, pus);
    CHECK(set_quota(inner, 50000) == 0, "half a CPU from now on");
    work_until(pool, 1);
    CHECK(set_quota(inner, -1) == 0, "no quota any more");
    work_until(pool, pus);
    CHECK(weft_pool_destroy(pool) == 0, "destroy");
    return atomic_load(&tally_failed);
}

static int in_group(void *arg)
{
    const struct scene *s = (const struct scene *)arg;
    for (size_t i = 0; i < SIGNALS; i++)
        signal(signals[i], SIG_DFL); /* removing groups is the parent's business */
    int err = put(inner, "cgroup.procs", "0");
    if (!CHECK(err == 0, "entering the group: %s", strerror(err)))
        return 1;
    unsetenv("WEFT_WORKERS");
    two_ways(s);
    default_pool(s);
    said_pool(4, NULL, WF_SIZE_CONFIG);
    said_pool(0, "4", WF_SIZE_ENVIRONMENT);
    return atomic_load(&tally_failed);
}

static void follow(void)
{
    CHECK(set_quota(inner, -1) == 0 && set_quota(outer, -1) == 0, "no quotas");
    int status = in_child(falls_and_is_lifted, NULL, 100);
    CHECK(status == 0, "a pool that follows its group: status %d", status);
}

static void play(const struct scene *s)
{
    int status = set_quota(outer, s->outer_us);
    CHECK(status == 0, "quota %ld outside: %s", s->outer_us, strerror(status));
    status = set_quota(inner, s->inner_us);
    CHECK(status == 0, "quota %ld inside: %s", s->inner_us, strerror(status));
    status = in_child(in_group, (void *)(uintptr_t)s, 100);
    CHECK(status == 0, "quota %ld outside, %ld inside: status %d", s->outer_us, s->inner_us, status);
}

/* A quota that the tests run under themselves hides larger ones, and v1 refuses those. */
static bool hidden(const wf_limits *own, const struct scene *s)
{
    long least = s->least == inner ? s->inner_us : s->outer_us,
         most = s->outer_us > least ? s->outer_us : least;
    if (!own->period_us || (uint64_t)own->quota_us * 100000 >= (uint64_t)most * own->period_us)
        return false;
    tally_skip("a larger quota", own->file);
    return true;
}

int main(void)
{
    wf_limits own;
    const struct scene scenes[] = {
        {-1, 50000, 1, inner},  {-1, 150000, 2, inner},    {50000, -1, 1, outer},
        {150000, -1, 2, outer}, {150000, 50000, 1, inner},
    };
    for (size_t i = 0; i < SIGNALS; i++)
        signal(signals[i], ended);
    tally_watch(360);
    if (make_groups() && CHECK(wf_limits_read(&own, NULL) == 0, "own limits")) {
        for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
            /* v1 lets no group have more than the one around it */
            set_quota(inner, -1);
            if (!hidden(&own, &scenes[i]))
                play(&scenes[i]);
        }
        if (own.period_us)
            tally_skip("a quota that is lifted", own.file);
        else
            follow();
    }
    remove_groups();
    return tally_end();
}
