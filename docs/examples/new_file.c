/* SPDX-License-Identifier: MIT */
/* new_file.c - see new_file.h. */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int new_file_open(struct new_file *file, int dir)
{
    file->dir = dir;
    snprintf(file->temporary, sizeof file->temporary, ".new-%ld", (long)gettid());
    file->fd = openat(dir, file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    return file->fd < 0 ? -1 : 0;
}

int new_file_write(struct new_file *file, const void *data, size_t bytes)
{
    for (const char *from = data; bytes;) {
        ssize_t n = write(file->fd, from, bytes);
        if (n < 0)
            return -1;
        from += n;
        bytes -= (size_t)n;
    }
    return 0;
}

int new_file_close(struct new_file *file, const char *name)
{
    int error = close(file->fd) ? errno : 0;
    if (name && !error && renameat(file->dir, file->temporary, file->dir, name))
        error = errno;
    if (!name || error)
        unlinkat(file->dir, file->temporary, 0);
    errno = error;
    return error ? -1 : 0;
}
