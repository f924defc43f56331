/* SPDX-License-Identifier: MIT */
/*
 * model/world/urcu_queue.c - liburcu's wait-free queue, as its header documents it and no better. The declarations are
 * liburcu's own.
 *
 * urcu/wfcqueue.h:
 *   cds_wfcq_enqueue            "issues a full memory barrier before enqueue": what was written to the node before is
 *                               seen by who dequeues it. Wait-free: between the two steps a dequeue finds the queue
 *                               neither empty nor ready
 *   __cds_wfcq_dequeue_nonblocking  "returns CDS_WFCQ_WOULDBLOCK if it needs to block"; "dequeue/splice/iteration mutual
 *                               exclusion needs to be ensured by the caller": a race on `turn` if it is not
 * Instrumented, as the library is.
 */
#include <stddef.h>
#include <stdint.h>
#include <urcu/wfcqueue.h>

static unsigned turn[4096]; /* plain, by queue: two that take at a time race here */

void cds_wfcq_node_init(struct cds_wfcq_node *node)
{
    node->next = NULL;
}

void __cds_wfcq_init(struct __cds_wfcq_head *head, struct cds_wfcq_tail *tail)
{
    head->node.next = NULL;
    tail->p = &head->node;
}

bool cds_wfcq_enqueue(cds_wfcq_head_ptr_t head, struct cds_wfcq_tail *tail, struct cds_wfcq_node *node)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    struct cds_wfcq_node *last = __atomic_exchange_n(&tail->p, node, __ATOMIC_ACQ_REL);
    __atomic_store_n(&last->next, node, __ATOMIC_RELEASE);
    return last != &head._h->node;
}

/* The first node is the only one: true if it is out, and the queue is empty. */
static bool take_last(struct __cds_wfcq_head *head, struct cds_wfcq_tail *tail, struct cds_wfcq_node *first)
{
    struct cds_wfcq_node *last = first;
    __atomic_store_n(&head->node.next, NULL, __ATOMIC_RELAXED);
    return __atomic_compare_exchange_n(&tail->p, &last, &head->node, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

struct cds_wfcq_node *__cds_wfcq_dequeue_nonblocking(cds_wfcq_head_ptr_t queue, struct cds_wfcq_tail *tail)
{
    struct __cds_wfcq_head *head = queue._h;
    turn[(uintptr_t)head / 128 % 4096]++;
    struct cds_wfcq_node *first = __atomic_load_n(&head->node.next, __ATOMIC_ACQUIRE);
    if (!first)
        return __atomic_load_n(&tail->p, __ATOMIC_RELAXED) == &head->node ? NULL : CDS_WFCQ_WOULDBLOCK;
    struct cds_wfcq_node *next = __atomic_load_n(&first->next, __ATOMIC_ACQUIRE);
    if (!next && take_last(head, tail, first))
        return first;
    if (!next && !(next = __atomic_load_n(&first->next, __ATOMIC_ACQUIRE))) {
        __atomic_store_n(&head->node.next, first, __ATOMIC_RELAXED);
        return CDS_WFCQ_WOULDBLOCK;
    }
    __atomic_store_n(&head->node.next, next, __ATOMIC_RELAXED);
    return first;
}
