/* SPDX-License-Identifier: MIT */
/* os/output.c - see output.h. */
#include "os/output.h"

#include <errno.h>
#include <unistd.h>

int wf_write_all(int fd, const char *bytes, size_t count)
{
    int before = errno, err = 0;
    while (count && !err) {
        ssize_t written = write(fd, bytes, count);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (written == 0) {
            err = -EIO; /* nothing is written and nothing is wrong: no reason to try for ever */
        } else if (errno != EINTR) {
            err = -errno;
        }
    }
    errno = before;
    return err;
}
