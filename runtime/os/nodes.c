/* SPDX-License-Identifier: MIT */
/* os/nodes.c - see nodes.h. */
#include "os/nodes.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/memory.h"

int wf_nodes_here(void)
{
    unsigned cpu, node;
    return getcpu(&cpu, &node) || node >= WF_NODES_MAX ? -1 : (int)node;
}

/* The kernel reads one bit less than it is told. */
static int bind(void *page, size_t bytes, int policy, const wf_nodes *set)
{
    long err = syscall(SYS_mbind, page, bytes, policy, set->bits, WF_NODES_MAX + 1ul, 0u);
    return err ? -errno : 0;
}

int wf_nodes_prefer(void *page, size_t bytes, int node)
{
    wf_nodes set = {0};
    if (node < 0 || node >= WF_NODES_MAX)
        return -EINVAL;
    wf_nodes_add(&set, node);
    return bind(page, bytes, MPOL_PREFERRED, &set);
}

int wf_nodes_interleave(void *page, size_t bytes, const wf_nodes *set)
{
    return bind(page, bytes, MPOL_INTERLEAVE, set);
}

#define BATCH WF_NODES_BATCH

static int move_these(const void *const *address, size_t count, const int *to, int *status)
{
    return syscall(SYS_move_pages, 0, count, address, to, status, MPOL_MF_MOVE) < 0 ? -errno : 0;
}

/* At most BATCH pages; to: NULL, or where they shall go. */
static int move(const char *page, size_t pages, const int *to, int *status)
{
    const void *address[BATCH];
    for (size_t i = 0; i < pages; i++)
        address[i] = page + i * wf_page_bytes();
    return move_these(address, pages, to, status);
}

int wf_nodes_of(const void *const *address, size_t count, int *nodes)
{
    return move_these(address, count, NULL, nodes);
}

static bool is_mapped(const char *page)
{
    unsigned char vector;
    return mincore((void *)(uintptr_t)page, wf_page_bytes(), &vector) == 0;
}

/* The kernel says -EFAULT of what is not mapped, of the page of zeroes that is shown to who only reads, and some kernels
 * (6.18) of all that is not there. */
static void sort_out(const char *page, size_t pages, int *nodes)
{
    for (size_t i = 0; i < pages; i++)
        if (nodes[i] == -EFAULT && is_mapped(page + i * wf_page_bytes()))
            nodes[i] = -ENOENT;
}

int wf_nodes_where(const void *page, size_t pages, int *nodes)
{
    int err = 0;
    for (size_t done = 0, now; done < pages && !err; done += now) {
        const char *first = (const char *)page + done * wf_page_bytes();
        now = pages - done < BATCH ? pages - done : BATCH;
        err = move(first, now, NULL, nodes + done);
        if (!err)
            sort_out(first, now, nodes + done);
    }
    return err;
}

/* At most BATCH pages, if some are elsewhere: to move any makes the kernel call every CPU. */
static void bring(const char *page, size_t pages, int node)
{
    int to[BATCH], at[BATCH];
    bool elsewhere = false;
    if (move(page, pages, NULL, at))
        return;
    for (size_t i = 0; i < pages; i++) {
        to[i] = node;
        elsewhere |= at[i] >= 0 && at[i] != node;
    }
    if (elsewhere)
        (void)move(page, pages, to, at);
}

/* Below the caller's frame, where a thread that had the stack before may have been: the smallest stack has four times as
 * much. */
#define BELOW_BYTES 16384
#define ABOVE_PAGES (BATCH / 2)

void wf_nodes_bring_stack(int node)
{
    static __thread volatile char variable; /* the C library puts it at the stack's end */
    uintptr_t page = wf_page_bytes(), end = (uintptr_t)&variable;
    uintptr_t low = ((uintptr_t)__builtin_frame_address(0) - BELOW_BYTES) / page * page;
    if (low < end && (end - low) / page < ABOVE_PAGES)
        bring((const char *)low, (end - low) / page + 1, node);
}
