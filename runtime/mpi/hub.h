/* SPDX-License-Identifier: MIT */
/*
 * mpi/hub.h - the submitting rank: threads of its pool leave letters here and sleep until they are answered; one thread takes
 * the letters to the other ranks and brings the answers, and nobody else calls MPI.
 *
 *   caller   C1 under the lock: choose a rank, be in `calls`, leave the letter, ring   C2 sleep until answered, or the wire broke;
 *            looking now and then whether to stop: then leave a STOP, each time
 *   thread   T1 under the lock: take what was left   T2 send it   T3 look for answers; under the lock: give each to its
 *            caller, wake him   T4 rest: without end if nobody waits for an answer
 * Everything is under one lock, but the wire, which is the thread's.
 */
#ifndef WF_MPI_HUB_H
#define WF_MPI_HUB_H

#include <pthread.h>

#include "mpi/bell.h"
#include "mpi/wire.h"

/* What the hub knows of a rank. */
typedef struct wf_post {
    unsigned workers; /* 0: not to be asked, it is this one */
    unsigned load;    /* calls that it has not answered */
    wf_letter *end;   /* kept for the end */
} wf_post;

typedef struct wf_hub {
    wf_wire wire;
    wf_bell bell;
    pthread_mutex_t lock;
    wf_letter *left, *last_left; /* by callers, oldest first */
    struct wf_visit *calls;
    uint64_t number;
    size_t message_bytes; /* at most so many behind a head; of who makes the hub */
    int ranks;
    wf_post *post;
    bool ends, broken;
} wf_hub;

/* workers: of each rank. 0 or a negative errno; comm is the hub's. */
int wf_hub_init(wf_hub *hub, MPI_Comm comm, const unsigned *workers, int ranks);
void wf_hub_fini(wf_hub *hub);
/* T: until wf_hub_end, and all is sent. */
void wf_hub_run(wf_hub *hub);
/* Nobody calls any more. */
void wf_hub_end(wf_hub *hub);
/* C: any thread. The letter is the hub's; the answer, from letter->rank, the caller's; NULL: the wire broke. stop is asked now
 * and then whether the call should stop. rank: whom it went to. */
wf_letter *wf_hub_ask(wf_hub *hub, wf_letter *letter, bool (*stop)(void *ctx), void *ctx, int *rank);

#endif
