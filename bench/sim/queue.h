/* SPDX-License-Identifier: MIT */
/*
 * bench/sim/queue.h - what happens next: at most one event a place, the earliest first, of equal ones the place
 * with the lowest index (so a simulation is the same each time). A binary heap of places that knows where each is.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdint.h>

/* Picoseconds since the start. */
typedef int64_t sim_time;
#define SIM_NS INT64_C(1000)
#define SIM_US (1000 * SIM_NS)
#define SIM_MS (1000 * SIM_US)

typedef struct sim_queue {
    unsigned length, places;
    unsigned *heap;   /* places; no one is earlier than the one at (i - 1) / 2 */
    unsigned *at;     /* by place: where in heap it is; places: nowhere */
    sim_time *due;    /* by place */
    sim_time present; /* of the last event that was taken: no later one is earlier */
} sim_queue;

void sim_queue_init(sim_queue *queue, unsigned places);
void sim_queue_fini(sim_queue *queue);
/* The place's event is due then, whether it had one or not. Then: not before `present`. */
void sim_queue_set(sim_queue *queue, unsigned place, sim_time due);
/* Takes the first event: whose it is; -1: there is none. */
int sim_queue_take(sim_queue *queue);

#endif
