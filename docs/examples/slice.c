/* SPDX-License-Identifier: MIT */
/*
 * slice.c - see slice.h.
 *
 * - A slice is read piece by piece into memory of the task's, and not mapped. A mapping is a little faster (2 GiB in the
 *   page cache, one thread: 0.42 s instead of 0.48), but where a file is cut off or its disk fails it kills the process, and
 *   read(2) says so.
 * - What is in the page cache is read at once. What is not is announced as a wait (weft/block.h): another thread begins
 *   another slice meanwhile, and the disk has more than one request to work on (2 GiB from there: 1.07 s instead of 1.43).
 */
#include "slice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <weft/weft.h>

/* Bytes read at a time: they stay in a core's cache while they are summed up. */
#define PIECE ((size_t)1 << 17)

struct input input_of(const char *name, const char **error)
{
    struct stat s;
    struct input input = {.name = name, .bytes = -1};
    *error = stat(name, &s) ? strerror(errno) : S_ISREG(s.st_mode) ? NULL : "not a regular file";
    if (!*error) {
        input.bytes = s.st_size;
        input.seconds = s.st_mtim.tv_sec;
        input.nanoseconds = s.st_mtim.tv_nsec;
    }
    return input;
}

/* A 0 is not believed at first: Linux 5.9 and 5.10 may answer it instead of EAGAIN. Where the file system cannot tell what
 * has to wait, weft finds out who waits for long. */
static ssize_t read_piece(int fd, void *to, size_t bytes, int64_t offset)
{
    struct iovec piece = {to, bytes};
    ssize_t got = preadv2(fd, &piece, 1, offset, RWF_NOWAIT);
    if (got < 0 && errno == EOPNOTSUPP)
        return pread(fd, to, bytes, offset);
    if (got > 0 || (got < 0 && errno != EAGAIN))
        return got;
    weft_block_begin();
    got = pread(fd, to, bytes, offset);
    int error = errno;
    weft_block_end();
    errno = error;
    return got;
}

/* Fills the memory: 0, or a status. */
static int read_all(int fd, char *to, size_t bytes, int64_t offset)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t got = read_piece(fd, to + done, bytes - done, offset + (int64_t)done);
        if (got < 0)
            return weft_fail(-errno, "%s", strerror(errno));
        if (got == 0)
            return weft_fail(-EIO, "the file ends after %lld bytes", (long long)(offset + (int64_t)done));
        done += (size_t)got;
    }
    return 0;
}

/* As at the beginning of the job? */
static int check_input(int fd, const struct input *input)
{
    struct stat s;
    if (fstat(fd, &s))
        return weft_fail(-errno, "%s", strerror(errno));
    if (s.st_size < input->bytes)
        return weft_fail(-EIO, "the file has become shorter: %lld bytes", (long long)s.st_size);
    if (s.st_size > input->bytes || s.st_mtim.tv_sec != input->seconds ||
        s.st_mtim.tv_nsec != input->nanoseconds)
        return weft_fail(-EIO, "the file has changed since the job began");
    return 0;
}

static int sum_up(struct slice *slice, int fd, double *values)
{
    int err = 0;
    for (int64_t at = 0; at < slice->bytes && !err; at += (int64_t)PIECE) {
        size_t bytes = slice->bytes - at < (int64_t)PIECE ? (size_t)(slice->bytes - at) : PIECE;
        err = read_all(fd, (char *)values, bytes, slice->offset + at);
        if (!err)
            summary_add(&slice->summary, values, bytes / sizeof *values, slice->bounds);
    }
    return err;
}

int slice_run(void *arg)
{
    struct slice *slice = arg;
    if (slice->bytes % (int64_t)sizeof(double))
        return weft_fail(-EINVAL, "the file ends in the middle of a double");
    int fd = open(slice->input->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return weft_fail(-errno, "%s", strerror(errno));
    posix_fadvise(fd, slice->offset, slice->bytes, POSIX_FADV_SEQUENTIAL);
    double *values = malloc(PIECE);
    int err = values ? check_input(fd, slice->input) : -ENOMEM;
    if (!err)
        err = sum_up(slice, fd, values);
    if (!err) /* nobody wrote to it meanwhile */
        err = check_input(fd, slice->input);
    free(values);
    close(fd);
    return err;
}
