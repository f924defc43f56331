/* SPDX-License-Identifier: MIT */
/* os/event: readable after a post, not after a clear; what the system refuses is an error. */
#include "os/event.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

Test(event, is_readable_from_a_post_to_a_clear)
{
    int fd = wf_event_create();
    cr_assert_geq(fd, 0);
    cr_assert_not(readable(fd));
    wf_event_clear(fd);
    wf_event_post(fd);
    wf_event_post(fd);
    cr_assert(readable(fd));
    wf_event_clear(fd);
    cr_assert_not(readable(fd));
    cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    wf_event_close(fd);
    cr_assert_eq(fcntl(fd, F_GETFD), -1);
}

Test(event, no_descriptor_is_an_error)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int fd = wf_event_create();
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(fd, -EMFILE);
}
