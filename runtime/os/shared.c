/* SPDX-License-Identifier: MIT */
/* os/shared.c - see shared.h. */
#include "os/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int wf_shared_create(size_t bytes)
{
    int fd = memfd_create("weft", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (!ftruncate(fd, (off_t)bytes) && !fcntl(fd, F_ADD_SEALS, SEALS))
        return fd;
    int err = -errno;
    (void)close(fd);
    return err;
}

/* Beyond its limit the kernel would not only refuse, but send SIGXFSZ. */
static uint64_t most_bytes(void)
{
    struct rlimit limit;
    uint64_t most = UINT64_C(1) << 62;
    if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < most)
        most = limit.rlim_cur;
    return most & ~(uint64_t)(sysconf(_SC_PAGESIZE) - 1);
}

int wf_shared_create_vast(int above, uint64_t *bytes)
{
    *bytes = most_bytes();
    int low = wf_shared_create((size_t)*bytes);
    if (low < 0 || low >= above)
        return low;
    int fd = fcntl(low, F_DUPFD_CLOEXEC, above);
    (void)close(low);
    return fd < 0 ? -EMFILE : fd;
}

size_t wf_shared_bytes(int fd)
{
    struct stat is;
    if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &is))
        return 0;
    return (size_t)is.st_size;
}

void *wf_shared_map_part(int fd, uint64_t from, size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)from);
    return memory == MAP_FAILED ? NULL : memory;
}

void *wf_shared_map(int fd, size_t bytes)
{
    return wf_shared_map_part(fd, 0, bytes);
}

void wf_shared_unmap(void *memory, size_t bytes)
{
    if (memory)
        (void)munmap(memory, bytes);
}

void wf_shared_empty(int fd, size_t from, size_t bytes)
{
    (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)bytes);
}

bool wf_shared_read(int fd, uint64_t from, void *to, size_t bytes)
{
    return pread(fd, to, bytes, (off_t)from) == (ssize_t)bytes;
}

void wf_shared_keep(int fd)
{
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void wf_shared_close(int fd)
{
    (void)close(fd);
}
