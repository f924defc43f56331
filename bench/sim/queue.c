/* SPDX-License-Identifier: MIT */
/* bench/sim/queue.c - see queue.h. */
#include "queue.h"

#include <stdbool.h>
#include <stdlib.h>

#include "must.h"

void sim_queue_init(sim_queue *queue, unsigned places)
{
    *queue = (sim_queue){.places = places};
    queue->heap = sim_alloc(places * sizeof *queue->heap);
    queue->at = sim_alloc(places * sizeof *queue->at);
    queue->due = sim_alloc(places * sizeof *queue->due);
    for (unsigned i = 0; i < places; i++)
        queue->at[i] = places;
}

void sim_queue_fini(sim_queue *queue)
{
    free(queue->heap);
    free(queue->at);
    free(queue->due);
}

static bool earlier(const sim_queue *queue, unsigned a, unsigned b)
{
    return queue->due[a] < queue->due[b] || (queue->due[a] == queue->due[b] && a < b);
}

static void put(sim_queue *queue, unsigned at, unsigned place)
{
    queue->heap[at] = place;
    queue->at[place] = at;
}

static void rise(sim_queue *queue, unsigned at, unsigned place)
{
    for (; at && earlier(queue, place, queue->heap[(at - 1) / 2]); at = (at - 1) / 2)
        put(queue, at, queue->heap[(at - 1) / 2]);
    put(queue, at, place);
}

static void sink(sim_queue *queue, unsigned at, unsigned place)
{
    for (;;) {
        unsigned below = 2 * at + 1;
        if (below >= queue->length)
            break;
        if (below + 1 < queue->length && earlier(queue, queue->heap[below + 1], queue->heap[below]))
            below++;
        if (!earlier(queue, queue->heap[below], place))
            break;
        put(queue, at, queue->heap[below]);
        at = below;
    }
    put(queue, at, place);
}

void sim_queue_set(sim_queue *queue, unsigned place, sim_time due)
{
    sim_must(due >= queue->present, "an event in the past");
    bool later = queue->at[place] < queue->places && due > queue->due[place];
    queue->due[place] = due;
    if (queue->at[place] == queue->places)
        queue->at[place] = queue->length++;
    if (later)
        sink(queue, queue->at[place], place);
    else
        rise(queue, queue->at[place], place);
}

int sim_queue_take(sim_queue *queue)
{
    if (!queue->length)
        return -1;
    unsigned first = queue->heap[0], last = queue->heap[--queue->length];
    queue->at[first] = queue->places;
    if (first != last)
        sink(queue, 0, last);
    sim_must(queue->due[first] >= queue->present, "time ran back");
    queue->present = queue->due[first];
    return (int)first;
}
