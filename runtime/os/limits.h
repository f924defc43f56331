/* SPDX-License-Identifier: MIT */
/*
 * os/limits.h - how much CPU time the control groups of this process give it.
 *
 * - /proc/self/cgroup names the process's group, /proc/self/mountinfo where groups are mounted. A quota may stand
 *   in the group's own files or in those of any group above it; the least one counts.
 * - v2, the line `0::PATH`: cpu.max holds "QUOTA PERIOD" or "max PERIOD". v1, the line whose controllers contain
 *   cpu: cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us. On hybrid systems both are looked at.
 * - A mount shows the groups below its root: PATH is taken relative to that. Where no mount shows it (PATH climbs
 *   out of a namespace, or lies elsewhere), the group at the mount point is the nearest thing that is known.
 * - What is missing, cannot be read or makes no sense limits nothing: quotas and periods are decimal numbers of
 *   microseconds, from 1 to what 32 bits hold. At the kernel's longest period, 1 s, more is over 4,294 CPUs.
 *
 * Source: cgroups(7), cgroup_namespaces(7), proc_pid_mountinfo(5); of the kernel's documentation
 * admin-guide/cgroup-v2 (cpu.max) and scheduler/sched-bwc (v1).
 */
#ifndef WF_OS_LIMITS_H
#define WF_OS_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* Of a file's name; of a longer one "..." and its end are kept. */
#define WF_LIMITS_FILE 512

typedef struct wf_limits {
    uint32_t quota_us, period_us; /* the least quota: so much CPU time in each period; both 0: none */
    char file[WF_LIMITS_FILE];    /* where it stands; "" without one */
} wf_limits;

/* What holds now. root: a directory that stands for "/" (tests), NULL: the real one. 0 or -ENOMEM. Any thread;
 * never waits, not even at a pipe. */
int wf_limits_read(wf_limits *limits, const char *root);

/* How many threads can use the quota: quota / period, rounded up, at least 1; UINT_MAX: there is none. */
unsigned wf_limits_cpus(const wf_limits *limits);

/* Is there a quota, and is it less than so many CPUs? */
bool wf_limits_below(const wf_limits *limits, unsigned cpus);

#endif
