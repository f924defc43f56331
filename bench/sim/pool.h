/* SPDX-License-Identifier: MIT */
/*
 * bench/sim/pool.h - the simulated pool: its places, what each does, and what is counted.
 *
 * - A place has one event at most: when it comes, its step runs in no time, changes what it changes, and says what
 *   it takes until the next one (sim_later). A place without an event sleeps until another one gives it one.
 * - What the library does with words is done by the library: each place has its wf_task_stack, its wf_range words and
 *   its row of victims; the census word is read by sched/census.h.
 * - What it does with threads and clocks is restated: idle.c, wakes.c, child.c, piece.c, each function beside the
 *   name of its original.
 */
#ifndef SIM_POOL_H
#define SIM_POOL_H

#include "base/tunables.h"
#include "costs.h"
#include "data/range.h"
#include "data/task_stack.h"
#include "queue.h"
#include "work.h"

/* A root loop, a piece of it cut while waiting for it, none: wf_loop_cut stops at the first of no loop. */
#define SIM_DEPTH 3

typedef struct sim_pool sim_pool;
typedef struct sim_place sim_place;
typedef void sim_step(sim_place *self);

enum sim_mode { SIM_IDLE, SIM_ACTIVE, SIM_WAITING };

/* On what places spend their time. */
enum sim_doing { SIM_RUN, SIM_SEARCH, SIM_WAIT, SIM_BLOCKED, SIM_ASLEEP, SIM_DOINGS };

/* sched/eye.h with the simulation's clock. */
typedef struct sim_sight {
    uint64_t seen;
    sim_time since;
} sim_sight;

/* wf_loop. */
typedef struct sim_range {
    wf_range range;
    sim_time unit; /* measured: unit_ticks */
    uint64_t starts;
    sim_sight sight;
} sim_range;

/* wf_stretch. */
typedef struct sim_stretch {
    wf_range range;
    unsigned place; /* it is for this one's node */
} sim_stretch;

typedef struct sim_frame {
    enum { SIM_NODE, SIM_STOLEN, SIM_PIECE } kind;
    union {
        struct {
            sim_node node;
            uint64_t sum;             /* tasks in it that have ended */
            sim_time since;           /* waits for a stolen child since then */
            unsigned children, begun; /* forked or called */
            uint32_t slots;           /* forked and not joined, the youngest below top */
            bool worked, waits, parked;
        } task;
        struct {
            weft_slot_ *slot; /* NULL: the root */
            sim_place *owner;
            uint64_t sum;
            uint32_t epoch;
        } stolen;
        struct {
            sim_range *mine;
            wf_range *from; /* which blocks are taken from: laid out, in the end another stretch */
            sim_time since; /* the owner waits for the end since then */
            wf_span block;
            sim_time lasts; /* the block */
            uint32_t epoch, done;
            bool root, runs, told, waits;
        } piece;
    };
} sim_frame;

typedef struct sim_count {
    uint64_t tasks, units;
    uint64_t forks, forks_slow, publications, forced, steals[SIM_DISTANCES], leapfrogs, cuts[SIM_DISTANCES];
    uint64_t naps, parks, blocks, wakes;
    sim_time work, time[SIM_DOINGS];
} sim_count;

struct sim_place {
    wf_task_stack stack;
    sim_range loops[SIM_DEPTH];
    sim_pool *pool;
    const uint16_t *victims;
    sim_step *step;   /* the event's */
    sim_time spent;   /* by the present step */
    sim_time busy;    /* works until then */
    sim_time held;    /* its line is with a thief until then */
    sim_time changed; /* does what it does since then */
    sim_time first;   /* when it first had work; -1: not yet */
    sim_frame *frames;
    sim_sight sight;
    /* idle.c */
    sim_time search_since, patience, longest, run_since, quiet_since;
    unsigned at; /* the next victim */
    uint64_t entries, entries_seen;
    unsigned index, loops_open, depth, room;
    enum sim_mode mode;
    enum sim_doing doing;
    bool asleep, naps;
    bool near_again; /* of wf_work */
};

struct sim_pool {
    const wf_machine *machine;
    const sim_costs *costs;
    sim_queue queue;
    sim_place *place;
    uint16_t *victims;
    uint8_t *distance; /* [a * places + b] */
    unsigned places;
    uint64_t idle; /* sched/census.h */
    sim_time nap, nap_since;
    sim_time end; /* of the root; -1: it runs */
    unsigned active, most_active, started;
    sim_time filled;       /* when all places were active for the first time; -1: never */
    sim_time first_filled; /* when the last place first had work; -1: not all had */
    /* the job */
    const sim_tree *tree;
    const sim_loop *loop;
    sim_stretch stretch[WF_STRETCHES_MAX]; /* layout.c */
    unsigned laid;
    bool called;
    sim_time laid_since;
    uint32_t latch; /* units that are not reported */
    bool latch_parked;
    uint8_t *ran; /* by unit */
    uint64_t result;
    sim_time span;
    sim_count count;
};

/* All asleep, or awake and searching. */
sim_pool *sim_pool_create(const wf_machine *machine, const sim_costs *costs, bool awake);
void sim_pool_destroy(sim_pool *pool);
/* Runs the job from place 0 until it ends, and checks that each task ran once. */
void sim_pool_run_tree(sim_pool *pool, const sim_tree *tree);
void sim_pool_run_loop(sim_pool *pool, const sim_loop *loop);

static inline sim_time sim_now(const sim_place *self)
{
    return self->pool->queue.present;
}

static inline sim_place *sim_place_at(sim_pool *pool, unsigned index)
{
    return &pool->place[index];
}

static inline unsigned sim_distance(const sim_place *a, const sim_place *b)
{
    return a->pool->distance[(size_t)a->index * a->pool->places + b->index];
}

/* The next step, so long after what this one has spent. */
void sim_later(sim_place *self, sim_time after, sim_step *step);
/* The same, working until then. */
void sim_work(sim_place *self, sim_time time, sim_step *step);
void sim_does(sim_place *self, enum sim_doing doing);
void sim_turns(sim_place *self, enum sim_mode mode);
uint64_t sim_eye(sim_place *self, sim_sight *sight, uint64_t seen);

sim_frame *sim_push(sim_place *self, int kind);
static inline sim_frame *sim_top(sim_place *self)
{
    return &self->frames[self->depth - 1];
}
/* Goes on with what is on top of its frames, or looks for something. */
sim_step sim_go;

#endif
