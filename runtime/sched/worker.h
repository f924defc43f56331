/* SPDX-License-Identifier: MIT */
/*
 * sched/worker.h - what a worker, a seat and a pool consist of; no behaviour.
 *
 * - A worker record is a worker's or a seat's (a guest's, while it is inside). Records belong to the pool,
 *   never move and never go away before it: thieves may look at any of them at any time.
 * - Lines by who writes them: each group below starts a line of its own.
 * - index: workers first (index < pool->workers), seats behind them.
 */
#ifndef WF_SCHED_WORKER_H
#define WF_SCHED_WORKER_H

#include "base/tunables.h"
#include "data/inbox.h"
#include "data/latch.h"
#include "data/range.h"
#include "data/run_queue.h"
#include "data/task.h"
#include "data/task_stack.h"
#include "os/machine.h"
#include "os/park.h"
#include "os/thread.h"
#include "sched/size.h"

#include <weft/insight.h>
#include <weft/parallel.h>

typedef struct wf_worker wf_worker;

/* What idle workers saw of a thing last, and since when; sched/eye.h. */
typedef struct wf_sight {
    uint64_t seen, since; /* state, ticks */
} wf_sight;

/* A body whose pieces have a state each, NULL before a piece's first block. A piece runs upwards, block after block;
 * one that was cut from the back of a range begins with its last unit, so that both ends of a loop are met early. */
typedef struct wf_stateful {
    void (*block)(size_t begin, size_t end, void **state, void *ctx);
    void (*end)(void *state, void *ctx); /* of a piece, in its runner, before the loop can end */
} wf_stateful;

/*
 * One per nesting depth: the range that the worker runs there (its own loop's or a piece of another's), and
 * the record of its own loop. The record is valid while its latch is closed: it is read only by who took
 * units of it and has not reported them.
 */
typedef struct wf_loop {
    wf_range range __attribute__((aligned(WF_LINE)));
    uint64_t piece; /* top << 32 | epoch of the runner when it began: what it forks above is the loop's */
    uint64_t unit_ticks; /* hint: how long a unit lasts here; 0: not known yet */
    uint64_t starts;     /* hint: how many ranges were run here, to tell one from the next alike */

    weft_range_fn *body __attribute__((aligned(WF_LINE))); /* or, if NULL: */
    const wf_stateful *stateful;
    void *ctx;
    size_t begin, items, unit; /* items [begin, begin + items), `unit` of them a unit */
    wf_latch latch;            /* units not reported yet */
    wf_sight sight;            /* of the range */
} wf_loop;

/* What the worker runs that its user's code did not call itself. */
enum wf_what { WF_ROOT, WF_CHILD, WF_PIECE, WF_TASK }; /* ROOT: nothing, or what a guest called itself */
typedef struct wf_origin {
    uint64_t what; /* enum wf_what */
    union {
        weft_slot_ *slot; /* CHILD: stolen from owner */
        wf_loop *loop;    /* PIECE: of this loop, owner's */
        void *arg;        /* TASK: submitted, of fn */
    };
    union {
        wf_worker *owner;
        int (*fn)(void *arg);
    };
    uint64_t since; /* ticks: the task's beginning; of anything else: when the worker turned active */
} wf_origin;

/* What a worker is parked for, in the low bits of the thing's address; sched/note.h. FOREIGN: a future of another
 * pool, which may be gone when somebody looks. */
enum wf_wait { WF_FOR_NOTHING, WF_FOR_CHILD, WF_FOR_LOOP, WF_FOR_FUTURE, WF_FOR_FOREIGN, WF_WAIT_MASK = 7 };

#define WF_RECORD_SIZES 3

/* What belongs to a PU and not to the thread that sits there: submitted tasks. */
typedef struct wf_place {
    wf_run_queue queue; /* submitted by tasks that ran here: newest first */
    wf_run_queue batch; /* fetched from the inbox: oldest first */
    wf_inbox *inbox;    /* of its node, for tasks of normal priority; wf_inbox_in() */
    unsigned looks;     /* owner only, as all below */
    unsigned turns;     /* how often something from outside was taken */
} wf_place;

/* An inbox for each priority, side by side: 1, 0, -1. */
#define WF_BANDS 3
static inline wf_inbox *wf_inbox_in(wf_inbox *normal, int priority)
{
    return normal - priority;
}

struct weft_executor;

/* Of a thread that runs a task of an executor with lanes: which (exec/lanes.h). On its stack. */
typedef struct wf_pass {
    struct wf_lanes *lanes;
    struct wf_lane *lane; /* NULL: none */
    bool lent;            /* a pass around it is in the lane, too */
    const char *label;    /* that the lane showed before */
    struct wf_pass *outer;
} wf_pass;

/* How an executor's tasks come to run; NULL: they go straight into the pool's queues. */
typedef struct wf_engine {
    /* Puts a task with one reference where it is to wait. 0, or why it is refused. self: of the executor's pool or NULL.
     * when_full: of weft_when_full, or one of those below. */
    int (*submit)(struct weft_executor *executor, wf_worker *self, wf_task *task, int when_full);
    /* The same, of one that was accepted when the executor had this epoch: a full queue does not refuse it, but one that
     * was destroyed meanwhile does. The executor's record is there. */
    int (*submit_held)(struct weft_executor *executor, wf_task *task, uint64_t epoch);
    /* A waiter wants to begin a task of it, and has ended it: may it? task: NULL, or cancelled here if it must not
     * begin any more. */
    bool (*begin)(struct weft_executor *executor, wf_task *task, wf_pass *pass);
    void (*end)(struct weft_executor *executor, wf_pass *pass);
    /* Runs what it has to until the future has ended; 0 or -ETIMEDOUT. NULL: its tasks run by themselves. */
    int (*help)(struct weft_executor *executor, wf_task *future, int64_t deadline_ns);
    /* How many tasks of it may run at the same time? */
    unsigned (*width)(const struct weft_executor *executor);
    /* No task of it can begin before one of those that run has ended? How many these are. */
    bool (*full)(const struct weft_executor *executor, unsigned *running);
    /* Does it refuse what comes from outside? */
    bool (*closed)(const struct weft_executor *executor);
} wf_engine;

#define WF_AS_CONFIGURED (-1)
#define WF_THOUGH_FULL (-2)

/* A door to a pool; its own is a plain one. */
struct weft_executor {
    struct weft_pool *pool;
    const wf_engine *engine;
    wf_inbox *inbox;             /* where its tasks wait; NULL: in the pool's queues */
    uint64_t epoch;              /* changes when it is destroyed: the record is used again */
    struct weft_executor *older; /* of the pool's */
};

/* NULL: the pool's own. Its record may be used again just now, by one with another engine. */
static inline const wf_engine *wf_engine_of(const struct weft_executor *executor)
{
    return wf_load_relaxed(&executor->engine); /* hint: the same to who has the executor */
}

/* Seats: IDLE is free; WAITING: parked at a join, a loop's end, a future. */
enum wf_mode { WF_IDLE, WF_ACTIVE, WF_WAITING };

struct wf_worker {
    wf_task_stack stack; /* first: weft_self_ points to its head */

    /* Written by the owner, read by thieves. */
    uint32_t mode __attribute__((aligned(WF_LINE))); /* enum wf_mode */
    uint32_t entries;                                /* how often it turned active */
    int32_t cpu;                                     /* seats: where the guest ran when it came */

    /* Written by others. */
    uint32_t asleep __attribute__((aligned(WF_LINE))); /* AWAKE, ASLEEP or WAKING; sched/sleep.c */
    wf_parker parker;
    wf_sight sight; /* of the task stack */

    /* Owner only. */
    unsigned index __attribute__((aligned(WF_LINE)));
    unsigned loops_open; /* nesting depth of its loops */
    wf_origin origin;    /* single words, that dumps read */
    uintptr_t waits;     /* the same; what it is parked for | enum wf_wait; 0: nothing */
    int tid;             /* the same; what the kernel calls the thread; 0: it has not begun */
    int64_t quiet_since; /* ns; 0: has not looked yet */
    uint64_t entries_seen;
    struct weft_pool *pool;
    int pu;          /* of pool->machine; -1: a seat */
    wf_place *place; /* NULL: a seat */
    wf_thread thread;
    int bound, bind_err, bind_cpus; /* what came of binding (enum weft_bind, errno, PUs); sched/binding.h */
    const uint16_t *victims;        /* the other workers, near ones first; NULL: a seat */
    struct wf_scratch *scratch;     /* sched/scratch.h */

    /* Written by the owner, read by who asks. forks stands in the head of the stack. */
    weft_counters counters __attribute__((aligned(WF_LINE)));

    wf_loop loops[WF_LOOP_DEPTH];
};

/* sched/spare.h */
typedef struct wf_spares {
    pthread_mutex_t lock;      /* of the numbers */
    unsigned most, made;       /* threads */
    unsigned resting, calls;   /* those that sleep, and how many of them are to come */
    bool making, again, end;   /* again: called meanwhile */
    void *(*main)(void *seat); /* a spare's thread */
    uint32_t turn;             /* what they sleep on */
    uint32_t coming, out;
} wf_spares;

struct weft_pool {
    /* Read mostly. */
    uint64_t generation;     /* wf_generation() at creation */
    unsigned workers, seats; /* seats: of guests, then of spares */
    unsigned guests;         /* of the seats */
    unsigned started; /* threads; fewer than workers if the system refused some: their records stay empty */
    wf_machine *machine;
    wf_worker *all;         /* workers, then seats */
    uint16_t *victims;      /* the workers' lists, one after the other */
    wf_place *places;       /* as many as workers */
    wf_inbox *inboxes;      /* WF_BANDS for each NUMA node */
    unsigned nodes;         /* that have inboxes */
    uint32_t banded;        /* 1: some executor has another priority than the normal one */
    uint16_t *inbox_of_cpu; /* by OS index, up to */
    int cpus_known;
    wf_slab *slab[WF_RECORD_SIZES]; /* of task records: 64, 128, 256 bytes; live on while futures do */
    struct weft_executor executor;
    struct weft_executor *doors; /* under locals_lock: all executors that were ever made */
    struct wf_timers
        *timers; /* exec/timer.h; NULL: nobody asked for a time yet. Ended first, disposed of last: */
    int (*timers_end)(struct weft_pool *pool);
    void (*timers_dispose)(struct weft_pool *pool);
    bool force;     /* children may be published without their owner */
    bool crowded;   /* more workers than PUs, or than a quota lets run */
    bool take_over; /* waiters from outside run what they wait for */
    bool grace;     /* liburcu's grace periods may be used */
    int bind;       /* planned: WEFT_BIND_NONE, _PU (it counts as one that owns its PUs) or _DOMAIN */
    char *cpus;     /* CPU sets: of each worker the planned one, then of each the kernel's answer */
    uint64_t spin_ticks, wait_ticks, short_ticks, block_ticks, paid_ticks, answer_ticks, force_ticks,
        asked_ticks;
    uint64_t clock_ticks;      /* what reading the clock adds to each measurement */
    struct weft_local *locals; /* under locals_lock */
    pthread_mutex_t locals_lock;
    wf_size size;       /* where the number of workers comes from, and the quota */
    size_t stack_bytes; /* of its threads; 0: the system's default */
    char name[11];
    weft_pool *older; /* of the process, and the pool's number there; sched/pools.h */
    uint64_t number;

    /* The sleep word; sched/idle.h. */
    uint64_t idle __attribute__((aligned(WF_LINE)));
    int64_t nap_ns;      /* of the sentinel's next nap */
    uint64_t nap_since;  /* ticks; a hint */
    uint32_t seats_used; /* the highest seat ever taken, plus 1 */
    uint32_t stop;
    uint32_t settled; /* threads that have bound themselves; sched/binding.c */
    uint32_t closing; /* the pool is being destroyed: who is the last to fall asleep wakes closer */
    wf_parker closer;
    wf_spares spares;

    /* What threads without a record of their own did. */
    weft_counters outside __attribute__((aligned(WF_LINE)));
};

static inline wf_worker *wf_worker_at(const struct weft_pool *pool, unsigned index)
{
    return &pool->all[index];
}

#endif
