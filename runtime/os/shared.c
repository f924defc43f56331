/* SPDX-License-Identifier: MIT */
/* os/shared.c - see shared.h. */
#include "os/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
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

size_t wf_shared_bytes(int fd)
{
    struct stat is;
    if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &is))
        return 0;
    return (size_t)is.st_size;
}

void *wf_shared_map(int fd, size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
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

void wf_shared_close(int fd)
{
    (void)close(fd);
}
