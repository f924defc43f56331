/* SPDX-License-Identifier: MIT */
/*
 * os/urcu.h - all that weft uses of liburcu: the wait-free queue (wfcqueue) and grace periods (memb flavour).
 *
 * - Called through the library, never inlined from its headers (no _LGPL_SOURCE).
 * - What the library guarantees, and a model of it has to:
 *     enqueue   wait-free, any number of threads; a full barrier before the node is linked
 *     dequeue   one thread at a time (the caller sees to it); what was written to the node before its enqueue is
 *               seen; the node may be reused or freed at once; `nonblocking`: answers WF_BUSY when an enqueue
 *               stopped half-way, instead of waiting for it
 *     grace     wf_grace_wait() returns when all read sections that had begun have ended
 * - ThreadSanitizer cannot see into the library: what it orders is said here, by annotation.
 * - Not used: call_rcu (it aborts the process when it gets no memory or thread). Its grace periods abort as well where
 *   membarrier(2) worked when the library was loaded and is refused later (a sandbox that a program enters after its
 *   start): we look first, and go without where it is refused.
 */
#ifndef WF_OS_URCU_H
#define WF_OS_URCU_H

#include <stdbool.h>
#include <stddef.h>
#include <urcu/urcu-memb.h>
#include <urcu/wfcqueue.h>

#include "base/annotate.h"
#include "base/atomic.h"

/* ---- queue ------------------------------------------------------------------------------------- */

typedef struct cds_wfcq_node wf_link; /* the first member of what is queued */

typedef struct wf_queue {
    struct cds_wfcq_tail tail __attribute__((aligned(WF_LINE)));   /* written by who enqueues */
    struct __cds_wfcq_head head __attribute__((aligned(WF_LINE))); /* by who dequeues */
} wf_queue;

#define WF_BUSY ((wf_link *)CDS_WFCQ_WOULDBLOCK)

static inline void wf_queue_init(wf_queue *queue)
{
    __cds_wfcq_init(&queue->head, &queue->tail);
}

static inline void wf_queue_put(wf_queue *queue, wf_link *link)
{
    cds_wfcq_node_init(link);
    wf_tsan_hand_over(link);
    (void)cds_wfcq_enqueue(&queue->head, &queue->tail, link);
}

/* NULL: empty. WF_BUSY: the next one is half-way in. */
static inline wf_link *wf_queue_take(wf_queue *queue)
{
    wf_link *link = __cds_wfcq_dequeue_nonblocking(&queue->head, &queue->tail);
    if (link && link != WF_BUSY)
        wf_tsan_receive(link);
    return link;
}

/* ---- grace periods ----------------------------------------------------------------------------- */

/* False in a process forked from one that used grace periods: readers that stayed behind in the parent are registered
 * still, and a grace period would wait for them for ever. Then nobody registers and nobody waits. */
bool wf_grace_usable(void);

/* A thread that has read sections, before its first and after its last one. */
static inline void wf_grace_register(void)
{
    urcu_memb_register_thread();
}

static inline void wf_grace_unregister(void)
{
    urcu_memb_unregister_thread();
}

/* A read section around looking at `object`, which may be replaced and freed meanwhile. */
static inline void wf_read_begin(void)
{
    urcu_memb_read_lock();
}

static inline void wf_read_end(void *object)
{
    wf_tsan_hand_over(object);
    urcu_memb_read_unlock();
}

/* Nobody looks at `object` any more, which was replaced before the call. Not in a read section. False: not known, the
 * kernel refuses membarrier(2) to this process (by now). */
bool wf_grace_wait(void *object);

#endif
