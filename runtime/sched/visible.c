/* SPDX-License-Identifier: MIT */
/* sched/visible.c - see visible.h. */
#include "sched/visible.h"

/* Looked at after the loop's own range: pair RG1 orders both. */
static uint64_t units_laid_out(const wf_worker *worker)
{
    uint64_t units = 0;
    for (unsigned i = wf_load_relaxed(&worker->loops[0].laid); i; i--) /* ordered by pair RG1 */
        units += wf_span_units(wf_range_peek(&worker->stretches[i - 1].range));
    return units;
}

bool wf_range_visible(const wf_worker *victim)
{
    for (unsigned depth = 0; depth < WF_LOOP_DEPTH; depth++) {
        wf_span seen = wf_range_peek(&victim->loops[depth].range);
        if (!seen.root)
            return false;
        if (wf_span_units(seen))
            return true;
    }
    return false;
}

bool wf_loop_visible(const wf_worker *victim)
{
    return wf_range_visible(victim) || units_laid_out(victim);
}

bool wf_visible(const weft_pool *pool, const wf_worker *but)
{
    /* pair SL6 -> wf_seat_enter(): a seat that is new since is one whose guest sees this worker asleep */
    unsigned used = wf_load_seq_cst(&pool->seats_used), reach = wf_reach(pool);
    for (unsigned i = 0; i < reach + used; i++) {
        const wf_worker *other = wf_worker_at(pool, i < reach ? i : pool->workers + i - reach);
        if (other != but && (wf_stack_public(&other->stack) || wf_loop_visible(other)))
            return true;
    }
    return false;
}

uint64_t wf_units_of(const wf_worker *worker)
{
    uint64_t units = 0;
    for (unsigned depth = 0; depth < WF_LOOP_DEPTH; depth++) {
        wf_span span = wf_range_peek(&worker->loops[depth].range);
        if (!span.root)
            break;
        units += wf_span_units(span) + (depth ? 0 : units_laid_out(worker));
    }
    return units;
}
