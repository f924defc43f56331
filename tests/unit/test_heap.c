/* SPDX-License-Identifier: MIT */
/* data/heap: what is put in comes out in order, whatever is taken out in between. */
#include "data/heap.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>

#define NODES 500

typedef struct item {
    wf_node node; /* first */
    int64_t key;
    int put; /* when */
    bool in;
} item;

static unsigned random_of(unsigned *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* The oldest of the least, by looking at all. */
static item *least(item *items)
{
    item *found = NULL;
    for (int i = 0; i < NODES; i++)
        if (items[i].in && (!found || items[i].key < found->key ||
                            (items[i].key == found->key && items[i].put < found->put)))
            found = &items[i];
    return found;
}

static void put(wf_heap *heap, item *one, int64_t key, int now)
{
    one->key = key;
    one->put = now;
    one->in = true;
    wf_heap_put(heap, &one->node, key);
}

static void take(wf_heap *heap, item *one)
{
    wf_heap_remove(heap, &one->node);
    one->in = false;
}

Test(heap, an_empty_one_has_no_root)
{
    wf_heap heap = {0};
    item one = {0};
    put(&heap, &one, 7, 0);
    cr_assert_eq((void *)heap.root, (void *)&one);
    take(&heap, &one);
    cr_assert_null(heap.root);
}

Test(heap, equal_keys_come_out_as_they_were_put_in)
{
    static item items[NODES];
    wf_heap heap = {0};
    for (int i = 0; i < NODES; i++)
        put(&heap, &items[i], 3, i);
    for (int i = 0; i < NODES; i++) {
        cr_assert_eq((void *)heap.root, (void *)&items[i]);
        take(&heap, &items[i]);
    }
    cr_assert_null(heap.root);
}

Test(heap, random_puts_and_removals_of_any_keep_the_order)
{
    static item items[NODES];
    wf_heap heap = {0};
    for (unsigned seed = 1; seed <= 20; seed++) {
        unsigned next = seed;
        for (int step = 0; step < 5000; step++) {
            item *one = &items[random_of(&next) % NODES];
            if (!one->in)
                put(&heap, one, random_of(&next) % 50, step);
            else
                take(&heap, random_of(&next) % 2 ? one : least(items));
            cr_assert_eq((void *)heap.root, (void *)least(items), "seed %u, step %d", seed, step);
        }
        while (heap.root) {
            item *first = least(items);
            cr_assert_eq((void *)heap.root, (void *)first);
            take(&heap, first);
        }
        cr_assert_null(least(items));
    }
}

Test(heap, ascending_and_descending_keys)
{
    static item items[NODES];
    wf_heap heap = {0};
    for (int way = 0; way < 2; way++) {
        for (int i = 0; i < NODES; i++)
            put(&heap, &items[i], way ? NODES - i : i, i);
        for (int64_t last = -1; heap.root; take(&heap, (item *)heap.root)) {
            cr_assert_gt(heap.root->key, last);
            last = heap.root->key;
        }
    }
}
