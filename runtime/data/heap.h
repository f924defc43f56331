/* SPDX-License-Identifier: MIT */
/*
 * data/heap.h - what comes first of many: a pairing heap of nodes that lie in their users' records, so that putting one
 * in cannot fail, and any one can be taken out.
 *
 * A node's key is at most that of each of its children; children are a list. Two heaps are melded by making one root the
 * first child of the other; taking the root out melds its children, pair by pair from the left, then all from the right.
 * put: O(1); take out: O(log n) amortised. Of equal keys the one that was put first comes first.
 * One thread at a time.
 * Source: Fredman, Sedgewick, Sleator & Tarjan 1986 (the pairing heap).
 */
#ifndef WF_DATA_HEAP_H
#define WF_DATA_HEAP_H

#include <stdint.h>

typedef struct wf_node {
    int64_t key;
    uint64_t order; /* among equal keys */
    struct wf_node *child, *next,
        *back; /* back: the sibling before, or the parent; NULL: the root, or in no heap */
} wf_node;

typedef struct wf_heap {
    wf_node *root; /* NULL: empty */
    uint64_t puts;
} wf_heap;

void wf_heap_put(wf_heap *heap, wf_node *node, int64_t key);
/* One that is in there. */
void wf_heap_remove(wf_heap *heap, wf_node *node);

#endif
