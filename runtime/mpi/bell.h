/* SPDX-License-Identifier: MIT */
/*
 * mpi/bell.h - how the thread that does all MPI waits for both: other threads, who can wake it, and MPI, which cannot.
 *
 * While there was something to do lately it looks again, letting others run at each fourth look; then it naps, each time for
 * longer, up to two milliseconds: what comes by MPI after a long silence is late by that much, what other threads leave is not.
 * After each nap it looks twice: MPI may take in what only the next look finds. A long letter takes several looks of both sides
 * in turn: while one is half-way naps stay short. Where nothing can come by MPI it sleeps until somebody rings.
 *
 *   it       under its owner's lock: nothing was left? wf_bell_may_nap. Without the lock: look at MPI; nothing? rest
 *   others   under that lock: leave something, ring
 */
#ifndef WF_MPI_BELL_H
#define WF_MPI_BELL_H

#include <stdbool.h>
#include <stdint.h>

#define WF_BELL_SHORT_NS 10000
#define WF_BELL_LONG_NS 2000000

typedef struct wf_bell {
    int event;
    bool asleep; /* under the owner's lock: who leaves something has to wake it */
    unsigned quiet;
    int64_t nap_ns;
} wf_bell;

/* 0 or a negative errno. */
int wf_bell_init(wf_bell *bell);
void wf_bell_fini(wf_bell *bell);
/* Under the owner's lock. nothing: that anybody left. */
void wf_bell_may_nap(wf_bell *bell, bool nothing);
void wf_bell_ring(wf_bell *bell);
/* most_ns: of a nap, one of those above; negative: MPI brings nothing. */
void wf_bell_rest(wf_bell *bell, int64_t most_ns);
/* There was something to do. */
void wf_bell_stir(wf_bell *bell);

#endif
