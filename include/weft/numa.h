/* SPDX-License-Identifier: MIT */
/**
 * weft/numa.h - memory that lies where a pool works: on one NUMA node, or over all of the pool's.
 *
 *     void *memory;
 *     weft_numa_report got;
 *     int err = weft_numa_alloc(pool, bytes, WEFT_NUMA_CONFIG(.policy = WEFT_NUMA_BLOCKED, .report = &got), &memory);
 *     ...                                                // got.nodes: over how many nodes it was laid
 *     weft_numa_info lies = {.size = sizeof lies};
 *     weft_numa_inspect(memory, bytes, &lies);           // lies.on[1]: bytes on node 1, by the kernel's word
 *     weft_numa_free(memory, bytes);
 *
 * The unit is the page: 4 KiB as a rule; where the system makes transparent huge pages by itself, 2 MiB of what lies under
 * one policy. A preference is no promise: pages go elsewhere where a node is full. Where the system has
 * one node, or does not know of nodes, or forbids to ask, it is plain memory, and the report says so. docs/numa.md says
 * when which policy helps.
 */
#ifndef WEFT_NUMA_H
#define WEFT_NUMA_H

#include <weft/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where pages lie. */
enum weft_numa_policy {
    WEFT_NUMA_LOCAL = 0,   /**< on the node where the calling thread runs */
    WEFT_NUMA_ON_NODE,     /**< on weft_numa_config.node, which may be one without PUs */
    WEFT_NUMA_INTERLEAVED, /**< page by page in turn over the nodes of the pool's places */
    WEFT_NUMA_BLOCKED,     /**< of n places the k-th has the k-th n-th of the pages, on its own node */
    WEFT_NUMA_FIRST_TOUCH  /**< where each is first touched: what the system does by itself */
};

/** What was really done. */
typedef struct weft_numa_report {
    int policy; /**< as asked for, or WEFT_NUMA_FIRST_TOUCH: the system took no policy */
    int err; /**< 0; or why a part or all of it is not as asked for: the kernel's negative errno (-EPERM, -ENOSYS, -EINVAL:
                  no such node, or it has no memory), or -ENODATA: which nodes the pool has is not known */
    int nodes; /**< over how many nodes it was laid; 1: all policies come to the same */
} weft_numa_report;

typedef struct weft_numa_config {
    size_t size;   /**< sizeof(weft_numa_config); WEFT_NUMA_CONFIG fills it in */
    int policy;    /**< enum weft_numa_policy */
    int node;      /**< WEFT_NODE(n), for WEFT_NUMA_ON_NODE alone */
    int untouched; /**< 1: no page is there yet; each comes when it is first used, to where the policy says */
    weft_numa_report *report; /**< NULL, or receives what was done */
} weft_numa_config;

/** A pointer to a config in which the named fields are set (C only, see WEFT_POOL_CONFIG). */
#define WEFT_NUMA_CONFIG(...) (&(const weft_numa_config){.size = sizeof(weft_numa_config), __VA_ARGS__})

/**
 * Memory, zeroed and, unless untouched, already there: the pool's workers touch it side by side.
 * @param pool    NULL: the current or the default pool. One without threads works where its caller does
 * @param bytes   rounded up to pages; 0: *memory is NULL
 * @param config  NULL: all defaults; not kept
 * @param memory  receives it, aligned to a page, with a page behind it that nobody may touch; NULL after an error
 * @return 0, whatever became of the policy: see the report; -EINVAL (memory is NULL; a config that makes no sense: no such
 *         policy, a node without WEFT_NUMA_ON_NODE or the other way), -ENOMEM, -EOWNERDEAD (as weft_run)
 * Any thread, inside a pool or outside; waits as weft_parallel_for. Where the system promises more memory than it has, to
 * touch it may end the process, as with malloc.
 */
WEFT_API int weft_numa_alloc(weft_pool *pool, size_t bytes, const weft_numa_config *config, void **memory);

/**
 * Gives it back, its address space, too. The size is the caller's to know, as with munmap(2): to keep it would take a page.
 * @param memory  of weft_numa_alloc; NULL: 0
 * @param bytes   as they were asked for
 * @return 0; -EINVAL: weft_numa_alloc gives no such memory. Any thread.
 */
WEFT_API int weft_numa_free(void *memory, size_t bytes);

/** For weft_numa_where: the page is not there. */
#define WEFT_NUMA_ABSENT (-1)

/**
 * On which node each page lies, by the kernel's word (move_pages(2)); of any memory of the process.
 * @param memory  any address; NULL with bytes 0
 * @param nodes   receives for each page that [memory, memory + bytes) has a part of its node; WEFT_NUMA_ABSENT: nobody has
 *                written there, or it is swapped out; or the kernel's negative errno: -EFAULT: nothing is mapped there
 *                (never -EPERM, which is -1, too)
 * @param count   room in nodes
 * @return 0; -EINVAL (a NULL; no room for all pages; bytes beyond the end of the address space); -ENOSYS, -EPERM: the
 *         kernel does not tell, nodes is of no use. Any thread; the answer is of a moment.
 */
WEFT_API int weft_numa_where(const void *memory, size_t bytes, int *nodes, size_t count);

#define WEFT_NUMA_NODES 64

/** Where memory lies, in bytes of whole pages. */
typedef struct weft_numa_info {
    size_t size;                /**< sizeof(weft_numa_info), set by the caller */
    size_t page_bytes;          /**< of a page */
    size_t absent;              /**< not there yet */
    size_t unknown;             /**< the kernel answered with an error, as for weft_numa_where */
    size_t beyond;              /**< on nodes from WEFT_NUMA_NODES on */
    size_t on[WEFT_NUMA_NODES]; /**< on each node */
} weft_numa_info;

/** The sums of what weft_numa_where tells. 0; -EINVAL (also: a size that makes no sense), -ENOSYS, -EPERM; after an error
 *  info is untouched. Any thread. */
WEFT_API int weft_numa_inspect(const void *memory, size_t bytes, weft_numa_info *info);

#ifdef __cplusplus
}
#endif
#endif
