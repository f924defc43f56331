/* SPDX-License-Identifier: MIT */
/*
 * os/nodes.h - on which NUMA nodes memory lies, and shall lie, as the kernel counts them: mbind(2), move_pages(2).
 *
 * - By system calls and not by hwloc, which tells of an area only a set of nodes and wants a loaded topology for it, nor
 *   by libnuma, which writes to stderr: these calls work as well where neither knows the machine.
 * - A preference is set before memory is touched; a full node then costs distance, never the program. Pages that are
 *   there already stay where they are.
 * - 0, or the kernel's negative errno: -ENOSYS (built without NUMA), -EPERM (a sandbox), -EINVAL (no such node, or one
 *   without memory). Nothing has changed then.
 * - Page means an address at the beginning of one.
 */
#ifndef WF_OS_NODES_H
#define WF_OS_NODES_H

#include <stddef.h>

#define WF_NODES_MAX 1024 /* what Linux is built for at most */
#define WF_NODES_BITS (8 * sizeof(unsigned long))

typedef struct wf_nodes {
    unsigned long bits[WF_NODES_MAX / WF_NODES_BITS];
} wf_nodes;

/* 0 <= node < WF_NODES_MAX */
static inline void wf_nodes_add(wf_nodes *set, int node)
{
    set->bits[(unsigned)node / WF_NODES_BITS] |= 1ul << (unsigned)node % WF_NODES_BITS;
}

static inline int wf_nodes_count(const wf_nodes *set)
{
    int count = 0;
    for (size_t i = 0; i < sizeof set->bits / sizeof set->bits[0]; i++)
        count += __builtin_popcountl(set->bits[i]);
    return count;
}

/* Where the calling thread runs just now; -1: not known. */
int wf_nodes_here(void);

/* Pages that will be touched in [page, page + bytes): on the node if it has room; in turn on the nodes of the set. */
int wf_nodes_prefer(void *page, size_t bytes, int node);
int wf_nodes_interleave(void *page, size_t bytes, const wf_nodes *set);

/* The node of each page, or a negative errno: -ENOENT: it was not written yet; -EFAULT: nothing is mapped there. */
int wf_nodes_where(const void *page, size_t pages, int *nodes);
/* The same of at most WF_NODES_BATCH addresses, of pages anywhere. */
#define WF_NODES_BATCH 256
int wf_nodes_of(const void *const *address, size_t count, int *nodes);

/* The calling thread's stack: its creator has touched the end with the thread's descriptor, and the C library uses
 * stacks again. What of these pages is there moves to the node, if it can. */
void wf_nodes_bring_stack(int node);

#endif
