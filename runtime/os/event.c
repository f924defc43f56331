/* SPDX-License-Identifier: MIT */
/* os/event.c - see event.h. */
#include "os/event.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int wf_event_create(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void wf_event_post(int fd)
{
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one);
    (void)written; /* full: it is readable */
}

void wf_event_clear(int fd)
{
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* empty: it was clear */
}

void wf_event_wait(int fd, int64_t ns)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    const struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    (void)ppoll(&one, 1, ns < 0 ? NULL : &t, NULL);
}

void wf_event_close(int fd)
{
    (void)close(fd);
}
