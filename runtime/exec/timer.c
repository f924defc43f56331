/* SPDX-License-Identifier: MIT */
/* exec/timer.c - see timer.h. */
#include "exec/timer.h"

#include <errno.h>
#include <stdio.h>

#include "exec/queued.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/memory.h"
#include "os/thread.h"
#include "sched/binding.h"
#include "sched/block.h"
#include "sched/seat.h"
#include "sched/tasks.h"

/* One of the threads of a clock. */
typedef struct hand {
    wf_thread thread;
    struct hand *next;
} hand;

typedef struct wf_timers {
    weft_pool *pool;
    pthread_mutex_t lock;
    wf_heap heap; /* under the lock, as all that follows */
    bool ended;
    bool held;      /* nothing is to ring */
    bool led;       /* a hand waits for what is due, or rings */
    unsigned count; /* of hands */
    unsigned rings; /* of those that ring just now */
    hand first, *hands;
    uint32_t change; /* what they sleep on */
} wf_timers;

/* Of the calling thread: whose clock it is a hand of, whether it leads, and whose alarm it rings. */
static __thread struct {
    wf_timers *of;
    bool leads;
    wf_queued *rings_for; /* NULL: the pool's own, or none */
} own;

/* ---- the clock ---------------------------------------------------------------------------------- */

static wf_alarm *alarm_of(wf_node *node)
{
    return (wf_alarm *)(void *)((char *)node - offsetof(wf_alarm, node));
}

static void take_out(wf_timers *t, wf_alarm *alarm)
{
    wf_heap_remove(&t->heap, &alarm->node);
    alarm->set = false;
}

/* What is due, taken out: who shuts its executor down waits for it, now; NULL: nothing; then when something will be. */
static wf_alarm *due(wf_timers *t, int64_t *next_ns)
{
    wf_node *root = t->held ? NULL : t->heap.root;
    *next_ns = root ? root->key : WF_FOREVER;
    if (!root || root->key > wf_now_ns())
        return NULL;
    take_out(t, alarm_of(root));
    weft_executor *executor = alarm_of(root)->wide.task.arg;
    own.rings_for = wf_engine_of(executor) ? wf_queued_of(executor) : NULL;
    if (own.rings_for)
        wf_queued_takes_out(own.rings_for);
    return alarm_of(root);
}

/* Under the lock; then the hands are to be woken. */
static void change(wf_timers *t)
{
    wf_store_relaxed(&t->change, t->change + 1); /* under lock */
}

/* Rung, or what it rang for is about to sleep: perhaps until the executor is over. */
static void has_rung(void)
{
    if (own.rings_for)
        wf_queued_took_out(own.rings_for);
    own.rings_for = NULL;
}

/* Who holds the clock is told when it does not ring any more. */
static void ring(wf_timers *t, wf_alarm *alarm)
{
    alarm->ring(alarm);
    has_rung();
    pthread_mutex_lock(&t->lock);
    t->rings--;
    if (t->held)
        wf_wake(&t->pool->closer);
    pthread_mutex_unlock(&t->lock);
}

static void relieve(void);

/* Under the lock. */
static void lead(wf_timers *t)
{
    if (t->led)
        return;
    t->led = own.leads = true;
    wf_block_calls(relieve);
}

static void *hand_main(void *arg)
{
    wf_timers *t = own.of = arg;
    char name[16];
    wf_binding_confine(t->pool);
    snprintf(name, sizeof name, "%.9s/clock", t->pool->name);
    wf_thread_name(name);
    wf_thread_exact();
    for (;;) {
        int64_t next_ns = WF_FOREVER;
        pthread_mutex_lock(&t->lock);
        lead(t);
        uint32_t change = t->change;
        bool ended = t->ended;
        wf_alarm *alarm = own.leads ? due(t, &next_ns) : NULL;
        t->rings += !!alarm;
        pthread_mutex_unlock(&t->lock);
        if (ended)
            return NULL;
        if (alarm)
            ring(t, alarm);
        else
            wf_futex_wait_until(&t->change, change, next_ns);
    }
}

static void count_hands(wf_timers *t, unsigned more)
{
    pthread_mutex_lock(&t->lock);
    t->count += more;
    pthread_mutex_unlock(&t->lock);
}

/* Counted before it can block. With no memory, or no thread, there is none. */
static void add_hand(wf_timers *t)
{
    hand *h = wf_alloc(sizeof *h);
    if (!h)
        return;
    count_hands(t, 1);
    if (wf_thread_create(&h->thread, hand_main, t, t->pool->stack_bytes)) {
        count_hands(t, -1u);
        wf_free(h);
        return;
    }
    pthread_mutex_lock(&t->lock);
    h->next = t->hands;
    t->hands = h;
    pthread_mutex_unlock(&t->lock);
}

/* What the calling hand rang for blocks: another one leads, perhaps what it waits for is to ring. There are as many hands as
 * ever blocked at once, and one more; with no memory for that the first that returns leads. */
static void relieve(void)
{
    wf_timers *t = own.of;
    has_rung();
    wf_block_calls(NULL);
    own.leads = false;
    pthread_mutex_lock(&t->lock);
    t->led = false;
    change(t);
    bool all_ring = t->rings == t->count;
    pthread_mutex_unlock(&t->lock);
    wf_futex_wake_all(&t->change);
    if (all_ring)
        add_hand(t);
}

/* ---- its life ----------------------------------------------------------------------------------- */

/* Takes out, and cancels, all that are set for the executor; NULL: for any. */
static void cancel_all(wf_timers *t, const weft_executor *executor)
{
    wf_node *others = NULL, *found = NULL, **last_other = &others, **last_found = &found;
    pthread_mutex_lock(&t->lock);
    while (t->heap.root) {
        wf_alarm *alarm = alarm_of(t->heap.root);
        wf_node ***last = executor && alarm->wide.task.arg != executor ? &last_other : &last_found;
        take_out(t, alarm);
        alarm->node.next = NULL;
        **last = &alarm->node;
        *last = &alarm->node.next;
    }
    for (wf_node *node = others, *next; node; node = next) {
        next = node->next;
        alarm_of(node)->set = true;
        wf_heap_put(&t->heap, node, node->key);
    }
    pthread_mutex_unlock(&t->lock);
    for (wf_node *node = found, *next; node; node = next) {
        next = node->next;
        (void)wf_task_cancel(&alarm_of(node)->wide.task);
        wf_task_release(&alarm_of(node)->wide.task);
    }
}

/* Who makes the timers behind this look sees that the executor is closed: both have the lock for it. */
void wf_alarms_cancel(weft_executor *executor)
{
    weft_pool *pool = executor->pool;
    pthread_mutex_lock(&pool->locals_lock);
    wf_timers *t = pool->timers;
    pthread_mutex_unlock(&pool->locals_lock);
    if (t)
        cancel_all(t, executor);
}

/* Says so, and wakes the hands. Does one ring just now? */
static bool say(wf_timers *t, bool *what, bool is)
{
    pthread_mutex_lock(&t->lock);
    *what = is;
    change(t);
    bool rings = t->rings > 0;
    pthread_mutex_unlock(&t->lock);
    wf_futex_wake_all(&t->change);
    return rings;
}

/* In a pool without threads the clock runs what it rings for, in a seat: that one is no guest's. */
static int end(weft_pool *pool)
{
    wf_timers *t = pool->timers;
    if (own.of == t)
        return -EDEADLK;
    while (say(t, &t->held, true))
        wf_park(&pool->closer, WF_FOREVER);
    if (wf_seats_taken(pool)) {
        (void)say(t, &t->held, false);
        return -EBUSY;
    }
    (void)say(t, &t->ended, true);
    for (hand *h = t->hands, *next; h; h = next) {
        next = h->next;
        wf_thread_join(&h->thread);
        if (h != &t->first)
            wf_free(h);
    }
    cancel_all(t, NULL);
    return 0;
}

static void dispose(weft_pool *pool)
{
    pthread_mutex_destroy(&pool->timers->lock);
    wf_free(pool->timers);
}

static int make(weft_pool *pool, wf_timers **timers)
{
    wf_timers *t = wf_alloc(sizeof *t);
    if (!t)
        return -ENOMEM;
    t->pool = pool;
    pthread_mutex_init(&t->lock, NULL);
    t->hands = &t->first;
    t->count = 1;
    if (wf_thread_create(&t->first.thread, hand_main, t, pool->stack_bytes)) {
        pthread_mutex_destroy(&t->lock);
        wf_free(t);
        return -EAGAIN;
    }
    pool->timers_end = end;
    pool->timers_dispose = dispose;
    *timers = t;
    return 0;
}

/* The pool's, with its thread; 0, or why it could not be made. */
static int timers_of(weft_pool *pool, wf_timers **timers)
{
    *timers = wf_load_acquire(&pool->timers); /* pair TI1 -> itself: made by another thread */
    if (*timers)
        return 0;
    pthread_mutex_lock(&pool->locals_lock);
    *timers = pool->timers;
    int err = *timers ? 0 : make(pool, timers);
    if (!err)
        wf_store_release(&pool->timers, *timers); /* pair TI1 -> timers_of() */
    pthread_mutex_unlock(&pool->locals_lock);
    return err;
}

/* ---- alarms ------------------------------------------------------------------------------------- */

int wf_alarm_new(const wf_door *door, size_t bytes, const wf_kind *kind, unsigned references,
                 wf_alarm **alarm)
{
    wf_timers *t;
    int err = timers_of(door->pool, &t);
    if (err)
        return err;
    wf_alarm *made = (void *)wf_tasks_new(door->pool, door->self, bytes);
    if (!made)
        return -ENOMEM;
    wf_task_init_held(&made->wide, kind, NULL, door->executor, references);
    made->wide.task.pool = NULL;
    wf_tasks_goes_to(&made->wide.task, NULL);
    made->timers = t;
    made->set = false;
    *alarm = made;
    return 0;
}

bool wf_alarm_set(wf_alarm *alarm, int64_t due_ns)
{
    wf_timers *t = alarm->timers;
    pthread_mutex_lock(&t->lock);
    bool accepted = !t->ended;
    if (accepted)
        wf_heap_put(&t->heap, &alarm->node, due_ns);
    alarm->set = accepted;
    bool earliest = accepted && t->heap.root == &alarm->node;
    if (earliest)
        change(t);
    pthread_mutex_unlock(&t->lock);
    if (earliest)
        wf_futex_wake_all(&t->change);
    return accepted;
}

bool wf_alarm_unset(wf_alarm *alarm)
{
    wf_timers *t = alarm->timers;
    pthread_mutex_lock(&t->lock);
    bool was = alarm->set;
    if (was)
        take_out(t, alarm);
    pthread_mutex_unlock(&t->lock);
    return was;
}

/* ---- those that end by ringing ------------------------------------------------------------------ */

static void fulfil(wf_alarm *self)
{
    (void)wf_task_fulfil(&self->wide.task, 0);
    wf_task_release(&self->wide.task);
}

static void cancelled(wf_task *task)
{
    if (wf_alarm_unset((wf_alarm *)(void *)task))
        wf_task_release(task);
}

static const wf_kind kind = {.cancelled = cancelled};

int wf_alarm_at(const wf_door *door, int64_t due_ns, wf_task **task)
{
    wf_alarm *alarm;
    int err = wf_alarm_new(door, sizeof *alarm, &kind, 2, &alarm);
    if (err)
        return err;
    alarm->ring = fulfil;
    if (!wf_alarm_set(alarm, due_ns)) {
        wf_slab_give(alarm);
        return -ESHUTDOWN;
    }
    *task = &alarm->wide.task;
    return 0;
}
