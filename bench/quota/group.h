/* SPDX-License-Identifier: MIT */
/*
 * bench/quota/group.h - runs a function in a child process, in a control group of its own with a CPU quota.
 *
 *  - The group is made below the process's own: in v1's cpu hierarchy, or in v2's where children have the cpu
 *    controller. It is removed when the child has ended, and when the program is ended by a signal.
 *  - Where none can be made: a line that says why, and exit status 77. bench/run then leaves the benchmark out.
 */
#ifndef BENCH_QUOTA_GROUP_H
#define BENCH_QUOTA_GROUP_H

#include "../common.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char group_path[PATH_MAX];
static pid_t group_child;

/* 0 or errno. */
static inline int group_put(const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", group_path, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return err;
}

/* Calls that a signal handler may make. */
static inline void group_remove(void)
{
    while (*group_path && rmdir(group_path) && errno == EBUSY) /* its last process is just ending */
        sched_yield();
    *group_path = 0;
}

static void group_ended(int sig)
{
    if (group_child > 0) {
        kill(group_child, SIGKILL);
        waitpid(group_child, NULL, 0);
    }
    group_remove();
    signal(sig, SIG_DFL);
    raise(sig);
}

/* Where a hierarchy that gives CPU quotas is mounted as a whole. */
static inline bool group_mount(bool v2, char *point)
{
    char line[8192], shown[4096], type[64], options[1024];
    FILE *f = fopen("/proc/self/mountinfo", "re");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        const char *end = strstr(line, " - ");
        if (!end || sscanf(line, "%*s %*s %*s %4000s %4000s", shown, point) != 2 ||
            sscanf(end, " - %63s %*s %1020s", type, options) != 2 || strcmp(shown, "/"))
            continue;
        strcat(options, ",");
        found = v2 ? !strcmp(type, "cgroup2") : !strcmp(type, "cgroup") && strstr(options, ",cpu,");
    }
    if (f)
        fclose(f);
    return found;
}

/* The process's own group, "" at the top. */
static inline bool group_own(bool v2, char *own)
{
    char line[8192], list[8200];
    FILE *f = fopen("/proc/self/cgroup", "re");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        char *rest = line, *id = strsep(&rest, ":"), *controllers = strsep(&rest, ":"),
             *path = strsep(&rest, "\n");
        if (!path)
            continue;
        snprintf(list, sizeof list, ",%s,", controllers);
        found = v2 ? !strcmp(id, "0") && !*controllers : strstr(list, ",cpu,") != NULL;
        if (found)
            snprintf(own, PATH_MAX / 2, "%s", strcmp(path, "/") ? path : "");
    }
    if (f)
        fclose(f);
    return found;
}

/* NULL, or why there is no group with that quota. */
static inline const char *group_make(bool v2, long quota_us, long period_us)
{
    char point[4096], own[PATH_MAX / 2], quota[64], period[64];
    if (!group_mount(v2, point) || !group_own(v2, own))
        return "not mounted";
    int length = snprintf(group_path, sizeof group_path, "%s%s/weft-bench-%d", point, own, (int)getpid());
    int err = (size_t)length >= sizeof group_path ? ENAMETOOLONG : mkdir(group_path, 0755) ? errno : 0;
    if (err) {
        *group_path = 0;
        return strerror(err);
    }
    snprintf(period, sizeof period, "%ld", period_us);
    snprintf(quota, sizeof quota, v2 ? "%ld %ld" : "%ld", quota_us, period_us);
    if (!v2)
        err = group_put("cpu.cfs_period_us", period);
    if (!err)
        err = group_put(v2 ? "cpu.max" : "cpu.cfs_quota_us", quota);
    if (err)
        group_remove();
    return !err ? NULL : err == ENOENT ? "no cpu controller" : strerror(err);
}

static inline int group_child_main(int (*run)(const struct bench *b), const struct bench *b)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int err = group_put("cgroup.procs", "0");
    if (!err)
        return run(b);
    fprintf(stderr, "cannot enter the control group: %s\n", strerror(err));
    return 1;
}

/* The exit status of main. */
static inline int group_run(long quota_us, long period_us, int (*run)(const struct bench *b),
                            const struct bench *b)
{
    int status = 0;
    signal(SIGTERM, group_ended);
    signal(SIGINT, group_ended);
    signal(SIGHUP, group_ended);
    const char *no_v1 = group_make(false, quota_us, period_us);
    const char *no_v2 = no_v1 ? group_make(true, quota_us, period_us) : NULL;
    if (no_v1 && no_v2) {
        fprintf(stderr, "no control group with a CPU quota can be made: v1: %s; v2: %s\n", no_v1, no_v2);
        return BENCH_LEFT_OUT;
    }
    group_child = fork();
    if (group_child == 0)
        _exit(group_child_main(run, b));
    if (group_child < 0 || waitpid(group_child, &status, 0) < 0)
        status = 1;
    group_child = 0;
    group_remove();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#endif
