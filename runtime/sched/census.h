/* SPDX-License-Identifier: MIT */
/*
 * sched/census.h - pool->idle, one word that says how many workers are idle and how.
 *
 * sleeping 13 bits | searching 13 | blocked 13 | the sentinel's nap 2 | its index 13. Active workers are those that it
 * does not count; guests are not in it. What the states mean, and who changes the word: sched/sleep.h.
 */
#ifndef WF_SCHED_CENSUS_H
#define WF_SCHED_CENSUS_H

#include "sched/worker.h"

#define WF_COUNT_BITS 13
#define WF_SLEEPING (UINT64_C(1) << 0)
#define WF_SEARCHING (UINT64_C(1) << WF_COUNT_BITS)
#define WF_BLOCKED (UINT64_C(1) << 2 * WF_COUNT_BITS)
#define WF_SENTINEL (UINT64_C(1) << 3 * WF_COUNT_BITS)
#define WF_INDEX (UINT64_C(1) << (3 * WF_COUNT_BITS + 2))
enum { WF_NAP_NONE, WF_NAP_SHORT, WF_NAP_LONG };

_Static_assert(WEFT_WORKERS_MAX < 1 << WF_COUNT_BITS, "a count holds all workers");

/* How many: one is WF_SLEEPING, WF_SEARCHING, WF_BLOCKED; WF_INDEX: the sentinel. */
static inline unsigned wf_census_of(uint64_t idle, uint64_t one)
{
    return (unsigned)(idle / one) & ((1u << WF_COUNT_BITS) - 1);
}

static inline unsigned wf_census_nap(uint64_t idle)
{
    return (unsigned)(idle / WF_SENTINEL) & 3;
}

static inline uint64_t wf_census_read(const weft_pool *pool)
{
    return wf_load_seq_cst(&pool->idle); /* pair SL2 -> wf_sleep_begin(): P2 */
}

/* Somebody searches or naps. */
static inline bool wf_census_watched(uint64_t idle)
{
    return wf_census_of(idle, WF_SEARCHING) || wf_census_nap(idle) != WF_NAP_NONE;
}

/* All workers are active or blocked. */
static inline bool wf_census_nobody_idle(uint64_t idle)
{
    return !wf_census_of(idle, WF_SLEEPING) && !wf_census_watched(idle);
}

/* Nobody searches or naps, but somebody sleeps: who turns active has to look after its own forks. */
static inline bool wf_census_unwatched(uint64_t idle)
{
    return wf_census_of(idle, WF_SLEEPING) && !wf_census_watched(idle);
}

/* Workers that are not active. */
static inline unsigned wf_census_idle(uint64_t idle)
{
    return wf_census_of(idle, WF_SLEEPING) + wf_census_of(idle, WF_SEARCHING) +
           wf_census_of(idle, WF_BLOCKED) + (wf_census_nap(idle) != WF_NAP_NONE);
}

/*
 * Somebody sleeps, and fewer than half as many watch as are active, of `workers` in all: so few cannot come round
 * among so many. Who is woken counts as searching at once: where each finds work, those that are awake grow by half
 * with each wake's way. Up to four workers: nobody watches.
 */
static inline bool wf_census_few_watch(uint64_t idle, unsigned workers)
{
    unsigned watch = wf_census_of(idle, WF_SEARCHING) + (wf_census_nap(idle) != WF_NAP_NONE);
    return wf_census_of(idle, WF_SLEEPING) && 2 * watch + wf_census_idle(idle) < workers;
}

static inline bool wf_unwatched(const weft_pool *pool)
{
    return wf_census_unwatched(wf_census_read(pool));
}

#endif
