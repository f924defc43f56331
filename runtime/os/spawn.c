/* SPDX-License-Identifier: MIT */
/* os/spawn.c - see spawn.h. */
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Its number may be a stranger's only after somebody has waited for it. */
static int open_process(int pid)
{
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

static int set_files(posix_spawn_file_actions_t *files, int fd, int blocks_fd)
{
    int err = posix_spawn_file_actions_adddup2(files, fd, WF_SPAWN_FD);
    if (!err)
        err = posix_spawn_file_actions_adddup2(files, blocks_fd, WF_SPAWN_BLOCKS_FD);
    if (!err)
        err = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_addclosefrom_np(files, WF_SPAWN_BLOCKS_FD + 1);
    return err;
}

static int set_attributes(posix_spawnattr_t *attributes, const sigset_t *mask)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    int err = posix_spawnattr_setsigmask(attributes, mask);
    if (!err)
        err = posix_spawnattr_setsigdefault(attributes, &all);
    if (!err) /* in a group of its own: keys at a terminal mean the program alone */
        err = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETPGROUP);
    return err;
}

int wf_process_spawn(wf_process *process, int fd, int blocks_fd, char *const *argv, char *const *environment,
                     const sigset_t *mask)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&files))
        return -ENOMEM;
    int err = posix_spawnattr_init(&attributes);
    if (!err) {
        if (!(err = set_files(&files, fd, blocks_fd)) && !(err = set_attributes(&attributes, mask)))
            err = posix_spawn(&process->pid, "/proc/self/exe", &files, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    if (err)
        return -err;
    process->fd = open_process(process->pid);
    if (process->fd >= 0)
        return 0;
    (void)kill(process->pid, SIGKILL);
    (void)waitpid(process->pid, NULL, 0);
    return process->fd;
}

void wf_process_signal(const wf_process *process, int signal)
{
    (void)syscall(SYS_pidfd_send_signal, process->fd, signal, NULL, 0);
}

void wf_process_poll(int event, const wf_process *process, bool *ended, unsigned count)
{
    struct pollfd wait[1 + WF_PROCESSES_MAX] = {{.fd = event, .events = POLLIN}};
    for (unsigned i = 0; i < count; i++)
        wait[1 + i] = (struct pollfd){.fd = process[i].fd, .events = POLLIN};
    int woken = poll(wait, 1 + count, -1);
    for (unsigned i = 0; i < count; i++)
        ended[i] = woken > 0 && wait[1 + i].revents;
}

wf_process_end wf_process_reap(wf_process *process)
{
    siginfo_t info = {.si_code = 0};
    wf_process_end end = {.way = WF_PROCESS_UNKNOWN};
    int err;
    do
        err = waitid((idtype_t)P_PIDFD, (id_t)process->fd, &info, WEXITED) ? errno : 0;
    while (err == EINTR);
    if (!err)
        end = (wf_process_end){.way = info.si_code == CLD_EXITED ? WF_PROCESS_EXITED : WF_PROCESS_SIGNALLED,
                               .code = info.si_status};
    (void)close(process->fd);
    process->fd = -1;
    return end;
}

/* ---- of the calling process ---------------------------------------------------------------------- */

void wf_process_follow(int parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it was gone before */
        _exit(1);
}

int wf_process_id(void)
{
    return (int)getpid();
}

static int confine(int what, rlim_t most)
{
    struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
    return most && setrlimit((__rlimit_resource_t)what, &limit) ? -errno : 0;
}

int wf_process_confine(size_t memory_bytes, unsigned cpu_seconds)
{
    int err = confine(RLIMIT_AS, memory_bytes);
    return err ? err : confine(RLIMIT_CPU, cpu_seconds);
}
