/* SPDX-License-Identifier: MIT */
/* page_node.c - see page_node.h. */
#include "page_node.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

/* move_pages(2) without a destination only tells, and only of pages that the process has mapped. */
static int node_of(void *page, size_t bytes)
{
    unsigned char in_memory = 0;
    int node = -1;
    if (mincore(page, bytes, &in_memory) || !(in_memory & 1))
        return -1;
    if (madvise(page, bytes, MADV_POPULATE_READ)) /* says no where a load would raise SIGBUS */
        return -1;
    return syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0) ? -1 : node;
}

int page_node(int fd, off_t offset)
{
    long bytes = sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, offset - offset % bytes);
    if (page == MAP_FAILED)
        return -1;
    int node = node_of(page, (size_t)bytes);
    munmap(page, (size_t)bytes);
    return node < 0 ? -1 : node;
}
