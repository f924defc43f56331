/* SPDX-License-Identifier: MIT */
/* os/usage.c - see usage.h. */
#include "os/usage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"

void wf_usage_open(wf_usage_reader *reader)
{
    reader->fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

void wf_usage_close(wf_usage_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
}

/* "time on a CPU, time in a run queue, time slices", in ns. */
static int64_t delay(const wf_usage_reader *reader)
{
    char text[96], *second;
    ssize_t bytes = reader->fd < 0 ? 0 : pread(reader->fd, text, sizeof text - 1, 0);
    if (bytes <= 0)
        return 0;
    text[bytes] = 0;
    (void)strtoll(text, &second, 10);
    return (int64_t)strtoll(second, NULL, 10);
}

wf_usage wf_usage_now(const wf_usage_reader *reader)
{
    struct rusage used = {0};
    (void)getrusage(RUSAGE_THREAD, &used);
    return (wf_usage){.wall_ns = wf_now_ns(),
                      .cpu_ns = wf_thread_ns(),
                      .delay_ns = delay(reader),
                      .sleeps = (uint64_t)used.ru_nvcsw};
}

wf_usage wf_usage_between(const wf_usage *from, const wf_usage *to)
{
    return (wf_usage){.wall_ns = to->wall_ns - from->wall_ns,
                      .cpu_ns = to->cpu_ns - from->cpu_ns,
                      .delay_ns = to->delay_ns - from->delay_ns,
                      .sleeps = to->sleeps - from->sleeps};
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) ? 0 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t wf_usage_process_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t wf_usage_thread_ns(const wf_thread *thread)
{
    clockid_t clock;
    return pthread_getcpuclockid(thread->id, &clock) ? 0 : read_clock(clock);
}
