/* SPDX-License-Identifier: MIT */
/* sched/arm.c - see arm.h. */
#include "sched/arm.h"

#include "os/clock.h"

void wf_arm_init(weft_pool *pool, void *(*main)(void *pool))
{
    pool->monitor.main = main;
    wf_store_relaxed(&pool->monitor.state, (uint32_t)(pool->spares.most ? WF_NONE : WF_OFF)); /* owner only */
}

/* By who took the state from NONE to AWAKE. */
static void make(weft_pool *pool)
{
    wf_monitor *m = &pool->monitor;
    int64_t now = wf_now_ns();
    bool tries = now >= wf_load_relaxed(&m->not_before); /* ordered by pair MO1 */
    if (tries && !wf_thread_create(&m->thread, m->main, pool, pool->stack_bytes)) {
        wf_store_relaxed(&m->made, 1u); /* owner only: nobody else makes one; the pool's end comes later */
        return;
    }
    if (tries)
        wf_store_relaxed(&m->not_before, now + WF_SPARE_RETRY_NS); /* ordered by pair MO1 */
    wf_store_seq_cst(&m->state, (uint32_t)WF_NONE);                /* pair MO1 -> wf_arm_slow() */
}

void wf_arm_slow(weft_pool *pool)
{
    wf_monitor *m = &pool->monitor;
    uint32_t parked = WF_PARKED, none = WF_NONE;
    if (wf_cas_seq_cst(&m->state, &parked, (uint32_t)WF_AWAKE)) /* pair MO1 -> wf_arm_parks() */
        wf_wake(&m->parker);
    else if (parked == WF_NONE &&
             wf_cas_seq_cst(&m->state, &none, (uint32_t)WF_AWAKE)) /* pair MO1 -> make() */
        make(pool);
}

void wf_arm_parks(weft_pool *pool)
{
    wf_store_seq_cst(&pool->monitor.state, (uint32_t)WF_PARKED); /* pair MO1 -> wf_arm(): M1 */
}

void wf_arm_stays(weft_pool *pool)
{
    wf_store_seq_cst(&pool->monitor.state, (uint32_t)WF_AWAKE); /* pair MO1 -> wf_arm() */
}

bool wf_arm_ends(const weft_pool *pool)
{
    return wf_load_relaxed(&pool->monitor.ends); /* ordered by pair PK1: it is woken after this was set */
}

void wf_arm_end(weft_pool *pool)
{
    wf_monitor *m = &pool->monitor;
    if (!wf_load_relaxed(&m->made)) /* owner only: all who rang have ended */
        return;
    wf_store_relaxed(&m->ends, 1u); /* ordered by pair PK1 */
    wf_wake(&m->parker);
    wf_thread_join(&m->thread);
}
