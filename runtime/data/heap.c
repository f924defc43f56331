/* SPDX-License-Identifier: MIT */
/* data/heap.c - see heap.h. */
#include "data/heap.h"

#include <stdbool.h>
#include <stddef.h>

static bool before(const wf_node *a, const wf_node *b)
{
    return a->key < b->key || (a->key == b->key && a->order < b->order);
}

/* Two roots, or NULL; the root of both. */
static wf_node *meld(wf_node *a, wf_node *b)
{
    if (!a || !b)
        return a ? a : b;
    if (before(b, a)) {
        wf_node *other = a;
        a = b;
        b = other;
    }
    b->back = a;
    b->next = a->child;
    if (a->child)
        a->child->back = b;
    a->child = b;
    return a;
}

static wf_node *alone(wf_node *node)
{
    if (node)
        node->next = node->back = NULL;
    return node;
}

/* A list of siblings becomes one heap. */
static wf_node *meld_all(wf_node *list)
{
    wf_node *pairs = NULL, *root = NULL;
    while (list) {
        wf_node *first = list, *second = first->next;
        list = second ? second->next : NULL;
        wf_node *pair = meld(alone(first), alone(second));
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        wf_node *pair = pairs;
        pairs = pairs->next;
        root = meld(alone(pair), root);
    }
    return root;
}

void wf_heap_put(wf_heap *heap, wf_node *node, int64_t key)
{
    *node = (wf_node){.key = key, .order = heap->puts++};
    heap->root = meld(heap->root, node);
}

void wf_heap_remove(wf_heap *heap, wf_node *node)
{
    wf_node *below = meld_all(node->child);
    if (node == heap->root) {
        heap->root = below;
        return;
    }
    if (node->back->child == node)
        node->back->child = node->next;
    else
        node->back->next = node->next;
    if (node->next)
        node->next->back = node->back;
    heap->root = meld(heap->root, below);
}
