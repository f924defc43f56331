/* SPDX-License-Identifier: MIT */
/*
 * sched/worker.h - what a worker, a seat and a pool consist of; no behaviour.
 *
 * - A worker record is a worker's or a seat's (a guest's, while it is inside). Records belong to the pool,
 *   never move and never go away before it: thieves may look at any of them at any time.
 * - Lines by who writes them: each group below starts a line of its own.
 * - index: workers first (index < pool->workers), seats behind them. Workers are as many as there may ever be; those from
 *   pool->reach on have never had a thread (sched/resize.h).
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
    uint32_t laid;       /* the outermost: in how many stretches it is laid out, 0: it is not; and, a hint: */
    uint32_t called;     /* 1: sleepers were woken for them */
    uint64_t laid_since; /* ticks: since when */

    weft_range_fn *body __attribute__((aligned(WF_LINE))); /* or, if NULL: */
    const wf_stateful *stateful;
    void *ctx;
    struct wf_running *inside; /* of the task that began it; NULL: none did */
    size_t begin, items, unit; /* items [begin, begin + items), `unit` of them a unit */
    wf_latch latch;            /* units not reported yet */
    wf_sight sight;            /* of the range */
} wf_loop;

/* Of a loop that is laid out over nodes: sched/layout.h. */
typedef struct wf_stretch {
    wf_range range;
    uint32_t place; /* hint: it is for the node of this worker; WF_NO_PLACE: near to nobody */
} wf_stretch;

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
enum wf_wait {
    WF_FOR_NOTHING,
    WF_FOR_CHILD,
    WF_FOR_LOOP,
    WF_FOR_FUTURE,
    WF_FOR_FOREIGN,
    WF_FOR_SECTION, /* of nothing that the pool knows: weft/block.h */
    WF_WAIT_MASK = 7
};

#define WF_RECORD_SIZES 3

/* What belongs to a PU and not to the thread that sits there: submitted tasks. */
typedef struct wf_place {
    wf_run_queue queue; /* submitted by tasks that ran here: newest first */
    wf_run_queue batch; /* fetched from the inbox: oldest first */
    wf_inbox *inbox;    /* of its node, for tasks of normal priority; wf_inbox_in() */
    unsigned node;      /* of the pool's, from 0 on; not the kernel's number */
    uint32_t areas;     /* a bit for each that it is in; sched/area.h */
    wf_inbox only;      /* what nobody else may take; sched/home.h */
    uint32_t stand_in;  /* 1 + index of the spare that came last for what is only here; 0: none */
    unsigned looks;     /* owner only, as all below */
    unsigned turns;     /* how often something from outside was taken */
} wf_place;

/* A node's inboxes side by side: what only its own workers may take, then one for each priority: 1, 0, -1. */
#define WF_BANDS 4
#define WF_STRICT 2
static inline wf_inbox *wf_inbox_in(wf_inbox *normal, int band)
{
    return normal - band;
}

#define WF_AREAS_MAX 16

/* Besides the normal ones there may be tasks in: pool->bands. */
enum { WF_SOME_BANDS = 1, WF_SOME_STRICT = 2 };

/* Where a task is to begin; sched/home.h. */
enum wf_home_kind { WF_NEAR, WF_ON_NODE, WF_AT_WORKER, WF_IN_AREA }; /* NEAR: where its submitter is */
typedef struct wf_home {
    uint8_t kind : 7, strict : 1;
    uint8_t area;
    uint16_t node, worker; /* of the pool's; AT_WORKER: node is the worker's */
} wf_home;

struct weft_executor;

/* Of a thread that runs a task of an executor with lanes: which (exec/lanes.h). On its stack. */
typedef struct wf_pass {
    struct wf_lanes *lanes;
    struct wf_lane *lane; /* NULL: none */
    bool lent;            /* a pass around it is in the lane, too */
    bool blocks;          /* a waiter's: it runs the task in a blocking section */
    const char *label;    /* that the lane showed before */
    struct wf_pass *outer;
} wf_pass;

/* How an executor's tasks come to run; NULL: they go straight into the pool's queues. */
typedef struct wf_engine {
    /* Puts a task with one reference where it is to wait. 0, or why it is refused. self: of the executor's pool or NULL.
     * when_full: of weft_when_full, or one of those below. */
    int (*submit)(struct weft_executor *executor, wf_worker *self, wf_task *task, int when_full);
    /* The same in two parts: a place is kept for one that comes later, or does not, and which who submits cannot run. */
    int (*accept)(struct weft_executor *executor, wf_worker *self);
    /* Of one that was accepted when the executor had this epoch: a full queue does not refuse it, but one that was
     * destroyed meanwhile does. The executor's record is there. */
    int (*accept_held)(struct weft_executor *executor, uint64_t epoch);
    void (*comes)(struct weft_executor *executor, wf_task *task);
    void (*comes_not)(struct weft_executor *executor);
    /* Does it cancel what has not begun? */
    bool (*cancels)(const struct weft_executor *executor);
    /* A waiter wants to begin a task of it, and has ended it: may it? task: NULL, or cancelled here if it must not
     * begin any more. */
    bool (*begin)(struct weft_executor *executor, wf_task *task, wf_pass *pass);
    void (*end)(struct weft_executor *executor, wf_pass *pass);
    /* Runs what it has to until the future has ended; 0 or -ETIMEDOUT. NULL: its tasks run by themselves. */
    int (*help)(struct weft_executor *executor, wf_task *future, int64_t deadline_ns);
    /* How many tasks of it may run at the same time? */
    unsigned (*width)(const struct weft_executor *executor);
    /* How many of those that run have to end before another one can begin: more than one if some run above the limit, on
     * tickets that were lent. 0: it is not full. running: how many these are. */
    unsigned (*full)(const struct weft_executor *executor, unsigned *running);
    /* Does it refuse what comes from outside? */
    bool (*closed)(const struct weft_executor *executor);
    bool far; /* its tasks run in other processes: functions and pointers of this one make no sense there */
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

/* Seats: IDLE is free. WAITING: parked at a join, a loop's end, a future, or in a blocking section; STILL: active, but the
 * monitor saw it stand still: in both its place is vacant. */
enum wf_mode { WF_IDLE, WF_ACTIVE, WF_WAITING, WF_STILL };

/* Has a worker a place? LEAVES: no more, but it is still counted in pool->idle; sched/resize.h. */
enum wf_duty { WF_SITS, WF_LEAVES, WF_STANDS };

struct wf_worker {
    wf_task_stack stack; /* first: weft_self_ points to its head */

    /* Written by the owner, read by thieves. */
    uint32_t mode __attribute__((aligned(WF_LINE))); /* enum wf_mode */
    uint32_t entries;                                /* how often it turned active */
    int32_t cpu;                                     /* seats: where the guest ran when it came */

    /* Written by others. */
    uint32_t asleep __attribute__((aligned(WF_LINE))); /* AWAKE, ASLEEP or WAKING; sched/sleep.c */
    uint32_t duty;                                     /* enum wf_duty */
    int32_t own_cpu; /* its PU's, whoever runs there; INT_MAX: of another machine. Never changes */
    wf_parker parker;
    wf_sight sight; /* of the task stack */

    /* Owner only. First what a guest touches that comes and runs a task: 64 bytes. */
    wf_origin origin __attribute__((aligned(WF_LINE))); /* single words, that dumps read */
    struct weft_pool *pool;
    wf_place *place;     /* NULL: a seat */
    unsigned loops_open; /* nesting depth of its loops */
    unsigned vacated;  /* how often it has left its place and not come back: waits inside blocking sections */
    unsigned sections; /* of these, begun by the user */
    int tid;           /* as origin; what the kernel calls the thread; 0: it has not begun */

    unsigned index;
    unsigned turns;      /* of who has no place: how many tasks it took */
    uintptr_t waits;     /* as origin; what it is parked for | enum wf_wait; 0: nothing */
    int64_t quiet_since; /* ns; 0: has not looked yet */
    uint64_t entries_seen;
    uint64_t latest; /* ticks: when the last task began */
    bool absent;     /* not counted in pool->idle */
    int pu;          /* of pool->machine; -1: a seat */
    wf_thread thread;
    bool made, lost, chosen;        /* under sizing.turn: it has one; its PU may not be used; it is to sit */
    bool strays;                    /* under sizing.turn: it may run elsewhere than planned */
    int bound, bind_err, bind_cpus; /* what came of binding (enum weft_bind, errno, PUs); sched/binding.h */
    const uint16_t *victims;        /* the other workers, near ones first; NULL: a seat */
    wf_stretch *stretches;          /* of its outermost loop; NULL: all places are on one node */
    struct wf_scratch *scratch;     /* sched/scratch.h */
    wf_worker *next_spare;     /* spares, under their lock, as the next line: in a list of sched/spare.h */
    unsigned called, joinable; /* while it rests; it has a thread, or what is left of one */
    int64_t cpu_seen;          /* the monitor's, as the next ones: the thread's CPU clock at its last look */
    uint64_t entries_looked;
    int tid_seen;

    /* Written by the owner, read by who asks. forks stands in the head of the stack. */
    weft_counters counters __attribute__((aligned(WF_LINE)));

    wf_loop loops[WF_LOOP_DEPTH];
};

/* sched/spare.h */
typedef struct wf_spares {
    pthread_mutex_t lock;        /* of what follows, up to keep_ns, and of the seats' fields */
    unsigned made, wanted;       /* threads; those that are called and to be made */
    unsigned making;             /* somebody makes just now, outside the lock */
    wf_worker *resting, *unmade; /* those that sleep, the last one first; seats without a thread */
    bool ends;
    int64_t not_before;        /* no thread is tried before that time; 0: none was refused */
    int64_t keep_ns;           /* how long one rests before it ends */
    unsigned most;             /* seats */
    void *(*main)(void *seat); /* a spare's thread */
    uint32_t coming, out, extra;
} wf_spares;

/* sched/arm.h, sched/monitor.h */
typedef struct wf_monitor {
    uint32_t state, ends, made;
    wf_parker parker;
    wf_thread thread;
    void *(*main)(void *pool);
    int64_t not_before; /* no thread is tried before */
    /* Its own. */
    int64_t looked_ns, nap_ns;
    unsigned stood, called; /* at the last look: found standing still; spares called */
    unsigned unneeded;      /* looks at which there was nothing to find out, one after the other */
} wf_monitor;

/* sched/resize.h */
typedef struct wf_sizing {
    pthread_mutex_t turn;        /* one change at a time; no worker's way from task to task leads here */
    void *(*main)(void *worker); /* a worker's thread */
    unsigned made;               /* threads, as all below under `turn` */
    uint64_t changes;
    bool closed; /* the pool is being destroyed */

    bool follows;       /* sched/follow.h, as the rest */
    bool moved;         /* some that stand may run elsewhere than planned */
    bool spins;         /* as long as it finds right itself */
    unsigned pus;       /* that it may use */
    int shares;         /* who said that threads which are not the pool's have to do on them */
    const char *root;   /* tests: stands for "/" */
    int64_t more_since; /* ns; 0: the machine does not give more than there is */
    unsigned more;      /* so many places at least, all that time */
} wf_sizing;

struct weft_pool {
    /* Read mostly. First what a thread from outside reads that submits a task and runs it: two lines, if all is cold. */
    uint64_t generation __attribute__((aligned(WF_LINE))); /* wf_generation() at creation */
    unsigned workers, seats;                               /* records; seats: of guests, then of spares */
    unsigned guests;                                       /* of the seats */
    unsigned open;    /* places: so many workers and guests may be active */
    unsigned started; /* workers that sit, those that are to leave among them: all that pool->idle is about */
    unsigned reach;   /* no worker from this one on has ever had a thread */
    wf_worker *all;   /* workers, then seats */
    wf_place *places; /* as many as workers */
    wf_inbox *inboxes; /* WF_BANDS for each NUMA node */
    unsigned nodes;    /* that have inboxes */
    uint32_t bands;    /* WF_SOME_BANDS: some executor has another priority; WF_SOME_STRICT: or both */
    bool force;        /* children may be published without their owner */
    bool crowded;      /* more workers than PUs, or than a quota lets run */
    bool take_over;    /* waiters from outside run what they wait for */
    bool grace;        /* liburcu's grace periods may be used */
    uint32_t yields;   /* 1: who spins lets others run on its PU: sizing.shares */
    struct weft_executor executor;
    wf_slab *slab[WF_RECORD_SIZES]; /* of task records: 64, 128, 256 bytes; live on while futures do */
    uint16_t *node_of_cpu;          /* by OS index, up to */
    int cpus_known;

    wf_machine *machine;
    uint16_t *victims;     /* the workers' lists, one after the other */
    wf_inbox *areas;       /* WF_AREAS_MAX, strict ones; behind inboxes */
    unsigned areas_made;   /* under locals_lock */
    wf_stretch *stretches; /* of all records */
    unsigned homes;        /* hint, as the next: places by nodes, sched/layout.c */
    uint32_t home[WF_STRETCHES_MAX];
    uint64_t takers;             /* the first worker's number at its shelves */
    struct weft_executor *doors; /* under locals_lock: all executors that were ever made */
    struct wf_timers
        *timers; /* exec/timer.h; NULL: nobody asked for a time yet. Ended first, disposed of last: */
    int (*timers_end)(struct weft_pool *pool); /* 0; -EBUSY: a guest is inside; -EDEADLK: by the clock */
    void (*timers_dispose)(struct weft_pool *pool);
    int bind; /* planned: WEFT_BIND_NONE, _PU (it counts as one that owns its PUs) or _DOMAIN */
    char *
        cpus; /* CPU sets: of each worker the planned one, then of each the kernel's answer; sched/binding.c */
    uint64_t spin_ticks, wait_ticks, short_ticks, block_ticks, paid_ticks, answer_ticks, force_ticks,
        asked_ticks, tiny_ticks, hold_ticks;
    uint64_t follow_ticks;     /* between looks at the machine; UINT64_MAX: it is not followed */
    uint64_t clock_ticks;      /* what reading the clock adds to each measurement */
    struct weft_local *locals; /* under locals_lock */
    size_t expected;           /* the same; tasks that were accepted and will come later, sched/drain.h */
    pthread_mutex_t locals_lock;
    wf_sizing sizing;
    wf_size size;       /* where the number of places comes from, and the quota; under sizing.turn */
    size_t stack_bytes; /* of its threads; 0: the system's default */
    void (*on_error)(const char *label, int status, void *ctx); /* NULL: nobody is told */
    void *ctx;
    char name[11];
    char part[64];    /* of the machine, in words; sched/part.h */
    weft_pool *older; /* of the process, and the pool's number there; sched/pools.h */
    uint64_t number;

    wf_inbox blocking; /* tasks that are marked blocking: they need no place (sched/tasks.h) */

    /* The sleep word; sched/idle.h. */
    uint64_t idle __attribute__((aligned(WF_LINE)));
    int64_t nap_ns;      /* of the sentinel's next nap */
    uint64_t nap_since;  /* ticks; a hint */
    uint32_t seats_used; /* the highest seat ever taken, plus 1 */
    uint32_t stop;
    uint32_t settled;  /* threads that have bound themselves; sched/binding.c */
    uint32_t laid_out; /* loops of which a stretch may be left; a hint: sched/layout.h */
    uint64_t looked;   /* ticks: at the machine; sched/follow.h, as the next two */
    uint32_t follower; /* 1 + index of the worker that looks while it stands; 0: none does */
    uint32_t dozing;   /* the same, of one that sleeps because nobody is active */
    uint32_t closing;  /* the pool is being destroyed: who is the last to fall asleep wakes closer */
    wf_parker closer;
    wf_spares spares;
    wf_monitor monitor;

    /* What threads without a record of their own did. */
    weft_counters outside __attribute__((aligned(WF_LINE)));
};

/* Workers from the first to the last that ever had a thread. */
static inline unsigned wf_reach(const struct weft_pool *pool)
{
    return wf_load_seq_cst(&pool->reach); /* pair SL6 -> make_thread(): who is new sees who sleeps already */
}

/* Is there more than one worker? */
static inline bool wf_several(const struct weft_pool *pool)
{
    return wf_load_relaxed(&pool->started) > 1; /* hint: who joins later searches first */
}

/* Is it time for a look at the machine? sched/follow.h */
static inline bool wf_follow_due(const struct weft_pool *pool, uint64_t now)
{
    return now - wf_load_relaxed(&pool->looked) > wf_load_relaxed(&pool->follow_ticks); /* hint: both */
}

/* Between two looks of one that spins. */
static inline void wf_pause_in(const struct weft_pool *pool)
{
    if (wf_load_relaxed(&pool->yields)) /* hint */
        wf_thread_yield();
    else
        wf_pause();
}

static inline wf_worker *wf_worker_at(const struct weft_pool *pool, unsigned index)
{
    return &pool->all[index];
}

#endif
