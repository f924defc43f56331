/* SPDX-License-Identifier: MIT */
/*
 * os/spawn.h - other processes with the program's own image: posix_spawn(3), which a program with threads may call, and
 * a descriptor for each (pidfd_open(2), Linux 5.3), so that no signal and no wait meets a stranger with its number.
 */
#ifndef WF_OS_SPAWN_H
#define WF_OS_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* The descriptors beside standard output and standard error that a spawned process has; its input is empty. */
#define WF_SPAWN_FD 3
#define WF_SPAWN_BLOCKS_FD 4

/* So many can be looked after at a time. */
#define WF_PROCESSES_MAX 64

typedef struct wf_process {
    int pid, fd;
} wf_process;

/* How one ended. UNKNOWN: somebody else has asked the kernel first, or the program ignores SIGCHLD. */
enum wf_process_way { WF_PROCESS_UNKNOWN, WF_PROCESS_EXITED, WF_PROCESS_SIGNALLED };
typedef struct wf_process_end {
    enum wf_process_way way;
    int code; /* status or signal */
} wf_process_end;

/* This program's image anew, from its beginning, in a process group of its own, with fd as WF_SPAWN_FD and blocks_fd,
 * which is above both, as WF_SPAWN_BLOCKS_FD, all signals as they are by default and this mask. 0 or a negative errno. */
int wf_process_spawn(wf_process *process, int fd, int blocks_fd, char *const *argv, char *const *environment,
                     const sigset_t *mask);
void wf_process_signal(const wf_process *process, int signal);
/* Sleeps until the event is posted or one of the processes has ended; ended[i] tells. */
void wf_process_poll(int event, const wf_process *process, bool *ended, unsigned count);
/* Of one that has ended, once. */
wf_process_end wf_process_reap(wf_process *process);

/* ---- of the calling process ------------------------------------------------------------------------ */

/* Killed with the thread that made it, and at once if its parent is not the one that is meant. */
void wf_process_follow(int parent);
int wf_process_id(void);
/* Address space, seconds of CPU time; 0: no limit. 0 or a negative errno. */
int wf_process_confine(size_t memory_bytes, unsigned cpu_seconds);

#endif
