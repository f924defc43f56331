/* SPDX-License-Identifier: MIT */
/* sched/pool.c - see pool.h. */
#include "sched/pool.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "os/barrier.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/memory.h"
#include "os/nodes.h"
#include "os/urcu.h"
#include "sched/arm.h"
#include "sched/binding.h"
#include "sched/drain.h"
#include "sched/follow.h"
#include "sched/idle.h"
#include "sched/inside.h"
#include "sched/layout.h"
#include "sched/local.h"
#include "sched/monitor.h"
#include "sched/part.h"
#include "sched/pools.h"
#include "sched/queues.h"
#include "sched/resize.h"
#include "sched/scratch.h"
#include "sched/self.h"
#include "sched/serve.h"
#include "sched/sleep.h"
#include "sched/spare.h"
#include "sched/victims.h"

#define STACK_BYTES_MIN 65536

#define RECORDS_MAX (WEFT_WORKERS_MAX + 2 * WEFT_SEATS_MAX) /* seats: of guests, of spares */

_Static_assert(RECORDS_MAX <= 1 << WF_THIEF_BITS, "a slot's state names any thief");
_Static_assert(RECORDS_MAX *WF_LOOP_DEPTH < 1 << WF_ROOT_BITS, "a range names any loop");

/* ---- creation ---------------------------------------------------------------------------------- */

/* A number in [1, max], WEFT_NONE for 0, or 0 for the default. */
static bool in_range(int value, int max)
{
    return value >= WEFT_NONE && value <= max;
}

static bool sensible(const weft_pool_config *config)
{
    return in_range(config->workers, WEFT_WORKERS_MAX) && in_range(config->seats, WEFT_SEATS_MAX) &&
           in_range(config->spare_max, WEFT_SEATS_MAX) && config->bind >= WEFT_BIND_AUTO &&
           config->bind <= WEFT_BIND_DOMAIN && config->workers_max >= 0 &&
           config->workers_max <= WEFT_WORKERS_MAX &&
           (!config->workers_max || config->workers <= config->workers_max) &&
           !(config->workers_max && config->workers == WEFT_NONE) &&
           (config->flat == 0 || (config->flat == 1 && !config->topology)) &&
           (config->force == 0 || config->force == WEFT_NONE) &&
           (config->follow == 0 || config->follow == WEFT_NONE) &&
           (config->take_over == 0 || config->take_over == WEFT_NONE) && config->spin_ns >= WEFT_NONE &&
           config->spin_ns <= INT64_C(1000000000) && config->spare_keep_ns >= 0 &&
           (config->stack_bytes == 0 || config->stack_bytes >= STACK_BYTES_MIN) && wf_part_sensible(config);
}

static unsigned number(int value, unsigned otherwise)
{
    return value == WEFT_NONE ? 0 : value ? (unsigned)value : otherwise;
}

static void set_times(weft_pool *pool, const weft_pool_config *config)
{
    wf_clock_init();
    pool->short_ticks = wf_ticks_of(WF_SHORT_NS);
    pool->block_ticks = wf_ticks_of(WF_BLOCK_NS);
    pool->paid_ticks = wf_ticks_of(WF_PAID_NS);
    pool->tiny_ticks = wf_ticks_of(WF_TINY_NS);
    pool->hold_ticks = wf_ticks_of(WF_HOLD_NS);
    pool->answer_ticks = wf_ticks_of(WF_ANSWER_NS);
    pool->force_ticks = wf_ticks_of(WF_FORCE_NS);
    pool->asked_ticks = wf_ticks_of(WF_ASKED_NS);
    pool->clock_ticks = wf_ticks_cost();
    pool->force = config->force != WEFT_NONE && wf_barrier_init();
    wf_follow_start(pool, config->follow != WEFT_NONE, config->spin_ns);
}

static size_t records_bytes(const weft_pool *pool)
{
    return (pool->workers + pool->seats) * sizeof *pool->all;
}

/* On the worker's node, though its pages are touched here: a page that two share goes to the one that begins in it. */
static void place_records(weft_pool *pool)
{
    size_t page = wf_page_bytes();
    for (unsigned i = 0; i < pool->workers; i++) {
        char *record = (char *)wf_worker_at(pool, i), *begin = record - (uintptr_t)record % page;
        int node = pool->machine->pu[wf_place_of(pool->machine, i)].node;
        (void)wf_nodes_prefer(begin, (size_t)(record - begin) + sizeof(wf_worker), node);
    }
}

static int cpu_of(const wf_machine *machine, int pu)
{
    return machine->here && pu >= 0 ? machine->pu[pu].os_index : INT_MAX;
}

static int make_workers(weft_pool *pool)
{
    if (wf_machine_several_nodes(pool->machine))
        place_records(pool);
    for (unsigned i = 0; i < pool->workers + pool->seats; i++) {
        wf_worker *worker = wf_worker_at(pool, i);
        worker->pool = pool;
        worker->index = i;
        worker->pu = i < pool->workers ? wf_place_of(pool->machine, i) : -1;
        worker->own_cpu = cpu_of(pool->machine, worker->pu);
        if (i < pool->size.workers && wf_stack_init(&worker->stack))
            return -ENOMEM;
    }
    for (unsigned i = 0; i < pool->workers; i++)
        wf_worker_at(pool, i)->victims = pool->victims + (size_t)i * (pool->workers - 1);
    return wf_victims_fill(pool->victims, pool->machine, pool->workers);
}

static void *thread_main(void *arg)
{
    wf_worker *self = arg;
    char name[24];
    wf_thread_stack_is(self->pool->stack_bytes);
    wf_store_relaxed(&self->tid, wf_thread_number(self->pool->generation)); /* hint */
    snprintf(name, sizeof name, "%s-%u", self->pool->name, self->index);
    wf_thread_name(name);
    wf_thread_exact();
    wf_binding_apply(self);
    if (self->bound != WEFT_BIND_NONE && wf_machine_several_nodes(self->pool->machine))
        wf_nodes_bring_stack(self->pool->machine->pu[self->pu].node);
    weft_self_ = &self->stack.head;
    wf_slab_taker_is(self->pool->takers + self->index);
    if (self->pool->grace)
        wf_grace_register();
    wf_idle_run(self);
    if (self->pool->grace)
        wf_grace_unregister();
    return NULL;
}

/* All count as searching from the start; who could not be created is taken out again. */
static int start_threads(weft_pool *pool, const weft_pool_config *config)
{
    unsigned started = 0;
    int err = 0;
    pool->stack_bytes = config->stack_bytes;
    snprintf(pool->name, sizeof pool->name, "%s", config->name ? config->name : "weft");
    unsigned workers = pool->size.workers;
    pool->sizing.main = thread_main;
    wf_store_relaxed(&pool->reach, workers); /* owner only: nobody else knows the pool; so are they all */
    wf_store_relaxed(&pool->open, workers);  /* owner only */
    wf_sleep_start(pool, workers);
    wf_turn_take(pool); /* those that have begun may look at the machine */
    while (started < workers && !err) {
        wf_worker *worker = wf_worker_at(pool, started);
        err = wf_thread_create(&worker->thread, thread_main, worker, config->stack_bytes);
        wf_store_relaxed(&worker->made, !err); /* hint for dumps */
        if (!err)
            wf_store_relaxed(&pool->started, ++started); /* statistic */
    }
    for (unsigned i = started; i < pool->workers; i++)
        wf_store_relaxed(&wf_worker_at(pool, i)->duty,
                         (uint32_t)WF_STANDS); /* owner only: it has no thread */
    wf_sleep_absent(pool, workers - started);
    wf_open(pool, started);
    pool->sizing.made = started;
    wf_layout_follow(pool);
    wf_turn_give(pool);
    if (workers && !started)
        return err == -ENOMEM ? err : -EAGAIN;
    return 0;
}

static void end_threads(weft_pool *pool)
{
    wf_sleep_stop(pool);
    for (unsigned i = 0; i < pool->workers; i++)
        if (wf_worker_at(pool, i)->made)
            wf_thread_join(&wf_worker_at(pool, i)->thread);
}

static void free_doors(struct weft_executor *newest)
{
    while (newest) {
        struct weft_executor *older = newest->older;
        wf_free(newest);
        newest = older;
    }
}

static void free_pool(weft_pool *pool)
{
    wf_local_destroy_all(pool);
    wf_queues_fini(pool);
    if (pool->timers_dispose)
        pool->timers_dispose(pool);
    free_doors(pool->doors);
    wf_binding_release(pool);
    for (unsigned i = 0; pool->all && i < pool->workers + pool->seats; i++) {
        wf_stack_fini(&wf_worker_at(pool, i)->stack);
        wf_scratch_fini(wf_worker_at(pool, i));
    }
    pthread_mutex_destroy(&pool->locals_lock);
    pthread_mutex_destroy(&pool->spares.lock);
    pthread_mutex_destroy(&pool->sizing.turn);
    wf_layout_fini(pool);
    wf_free(pool->victims);
    wf_unreserve(pool->all, records_bytes(pool));
    wf_free(pool->machine);
    wf_free(pool);
}

static int find_machine(weft_pool *pool, const weft_pool_config *config)
{
    if (config->topology)
        return wf_machine_given(&pool->machine, config->topology);
    pool->machine = wf_machine_detect(!config->flat);
    return pool->machine ? 0 : -ENOMEM;
}

/* Records of workers: where there are none, there never will be any. */
static unsigned most_workers(const weft_pool *pool, const weft_pool_config *config)
{
    unsigned most = config->workers_max ? (unsigned)config->workers_max : (unsigned)pool->machine->pus;
    if (most > WEFT_WORKERS_MAX)
        most = WEFT_WORKERS_MAX;
    return !pool->size.workers || most < pool->size.workers ? pool->size.workers : most;
}

static int fill(weft_pool *pool, const weft_pool_config *config)
{
    int err = find_machine(pool, config);
    if (!err)
        err = wf_part_confine(pool, config);
    if (err)
        return err;
    pool->generation = wf_generation();
    pool->grace = wf_grace_usable();
    pool->take_over = config->take_over != WEFT_NONE;
    pool->executor.pool = pool;
    pool->on_error = config->on_error;
    pool->ctx = config->ctx;
    if (wf_size_choose(&pool->size, config->workers, (unsigned)pool->machine->pus, NULL))
        return -ENOMEM;
    if (config->workers_max && pool->size.workers > (unsigned)config->workers_max)
        pool->size.workers = (unsigned)config->workers_max;
    pool->workers = most_workers(pool, config);
    pool->guests = number(config->seats, WF_SEATS_DEFAULT);
    unsigned spares = pool->workers ? number(config->spare_max, WF_SPARES_DEFAULT) : 0;
    pool->seats = pool->guests + spares;
    pool->all = wf_map_pages(records_bytes(pool));
    pool->victims = wf_alloc((size_t)pool->workers * pool->workers * sizeof *pool->victims);
    if (!pool->all || !pool->victims)
        return -ENOMEM;
    set_times(pool, config);
    wf_spares_init(pool, spares, config->spare_keep_ns ? config->spare_keep_ns : WF_SPARE_KEEP_NS,
                   wf_serve_main);
    wf_arm_init(pool, wf_monitor_main);
    err = make_workers(pool);
    if (!err)
        err = wf_queues_init(pool);
    if (!err)
        err = wf_layout_init(pool);
    if (!err)
        err = wf_binding_plan(pool, config->bind);
    return err ? err : start_threads(pool, config);
}

int weft_pool_create(weft_pool **pool, const weft_pool_config *given)
{
    weft_pool_config config;
    if (!pool)
        return -EINVAL;
    *pool = NULL;
    if (!wf_config_read(&config, sizeof config, sizeof config, given) || !sensible(&config))
        return -EINVAL;
    weft_pool *made = wf_alloc(sizeof *made);
    if (!made)
        return -ENOMEM;
    pthread_mutex_init(&made->locals_lock, NULL);
    pthread_mutex_init(&made->spares.lock, NULL);
    pthread_mutex_init(&made->sizing.turn, NULL);
    int err = fill(made, &config);
    if (err) {
        free_pool(made);
        return err;
    }
    wf_pools_add(made);
    *pool = made;
    return 0;
}

/* ---- the default pool -------------------------------------------------------------------------- */

static weft_pool *default_pool;

static wf_lock default_lock;

static weft_pool *usable_default(uint64_t generation)
{
    weft_pool *pool = wf_load_acquire(&default_pool); /* pair PL2 -> weft_pool_default() */
    return pool && pool->generation == generation ? pool : NULL;
}

int weft_pool_default(weft_pool **pool)
{
    uint64_t generation = wf_generation();
    int err = 0;
    if (!pool)
        return -EINVAL;
    if ((*pool = usable_default(generation)) != NULL)
        return 0;
    wf_lock_take(&default_lock);
    if ((*pool = usable_default(generation)) == NULL) {
        err = weft_pool_create(pool, NULL);
        if (err == -EAGAIN)
            err = weft_pool_create(pool, WEFT_POOL_CONFIG(.workers = WEFT_NONE));
        if (!err)
            wf_store_release(&default_pool, *pool); /* pair PL2 -> usable_default() */
    }
    wf_lock_give(&default_lock);
    return err;
}

int weft_pool_destroy(weft_pool *pool)
{
    if (!pool)
        return 0;
    if (pool->generation != wf_generation())
        return -EOWNERDEAD;
    if (wf_inside(pool))
        return -EDEADLK;
    if (!pool->workers) /* who brings what is expected runs it, in a seat */
        wf_drain_await(pool);
    int err = pool->timers_end ? pool->timers_end(pool) : wf_seats_taken(pool) ? -EBUSY : 0;
    if (err)
        return err;
    weft_pool *is_default = pool;
    (void)wf_cas_relaxed(&default_pool, &is_default, NULL); /* owner only: the last to use it */
    wf_resize_close(pool);
    wf_drain(pool);
    wf_spares_end(pool);
    end_threads(pool);
    wf_arm_end(
        pool); /* workers may ring as long as they live; nothing is left for which it would call a spare */
    wf_pools_remove(pool);
    free_pool(pool);
    return 0;
}

int weft_pool_trim(weft_pool *pool)
{
    int err = wf_pool_meant(pool, &pool);
    for (unsigned i = 0; !err && pool->grace && i < pool->workers; i++) {
        (void)wf_run_queue_reclaim(&pool->places[i].queue);
        (void)wf_run_queue_reclaim(&pool->places[i].batch);
    }
    return err;
}

/* ---- entering ---------------------------------------------------------------------------------- */

int wf_pool_current(weft_pool **current)
{
    const wf_worker *self = wf_self();
    weft_pool *pool = self ? self->pool : wf_visited();
    return pool ? wf_pool_meant(pool, current) : weft_pool_default(current);
}

WF_TOGETHER int wf_pool_enter(weft_pool *pool, wf_entry *entry)
{
    wf_worker *self = wf_self();
    int err = wf_pool_meant(pool, &pool);
    if (err)
        return err;
    entry->visiting = !self || self->pool != pool;
    if (entry->visiting)
        wf_seat_enter(pool, &entry->visit);
    entry->self = entry->visiting ? entry->visit.seat : self;
    return 0;
}

WF_TOGETHER void wf_pool_leave(wf_entry *entry)
{
    if (entry->visiting)
        wf_seat_leave(&entry->visit);
}

int weft_run(weft_pool *pool, void (*fn)(void *arg), void *arg)
{
    wf_entry entry;
    if (!fn)
        return -EINVAL;
    int err = wf_pool_enter(pool, &entry);
    if (err)
        return err;
    bool is_part = entry.visiting && wf_innermost; /* of a task of another pool */
    wf_running part;
    if (is_part)
        wf_part_begin(entry.self, &part, wf_innermost);
    fn(arg);
    if (is_part)
        wf_part_end(entry.self, &part);
    wf_pool_leave(&entry);
    return 0;
}

int weft_pool_workers(weft_pool *pool)
{
    int err = wf_pool_meant(pool, &pool);
    return err ? err : (int)wf_load_relaxed(&pool->open); /* statistic */
}

int weft_pool_resize(weft_pool *pool, int places)
{
    int err = places > 0 ? wf_pool_meant(pool, &pool) : -EINVAL;
    if (err)
        return err;
    return (unsigned)places <= pool->workers ? wf_resize(pool, (unsigned)places) : -EINVAL;
}

int weft_worker_index(void)
{
    const wf_worker *self = wf_self();
    return self ? (int)self->index : -1;
}

int weft_worker_bound(weft_pool *pool)
{
    int err = wf_pool_meant(pool, &pool);
    return err ? err : (int)(pool->workers + pool->seats);
}

int weft_local_create(weft_local **local, weft_pool *pool, const weft_local_config *given)
{
    weft_local_config config;
    if (!local)
        return -EINVAL;
    *local = NULL;
    if (!given || !wf_config_read(&config, sizeof config, sizeof config, given) || !config.bytes)
        return -EINVAL;
    int err = wf_pool_meant(pool, &pool);
    return err ? err : wf_local_create(local, pool, &config);
}
