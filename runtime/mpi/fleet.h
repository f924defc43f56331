/* SPDX-License-Identifier: MIT */
/*
 * mpi/fleet.h - executors that share the ranks of one call: they have one hub (mpi/hub.h), and nothing else in common.
 *
 * - Each sends by a line of its own, with its own limits; which rank a task goes to follows from what all of them have there.
 *   So the serving ranks need not know how many there are.
 * - Made is one at any time, beside any that is there; destroyed in any order. The hub ends with the last one.
 * - A function that begins on each rank is an ordinary task for each of them, which has ended before the executor is given out.
 * - Without other ranks there is no hub: the executors are those of the local pool, and only counted here.
 */
#ifndef WF_MPI_FLEET_H
#define WF_MPI_FLEET_H

#include <weft/mpi.h>

#include "mpi/greeting.h"
#include "mpi/hub.h"
#include "os/thread.h"

#define WF_FLEET_IN_FLIGHT_MAX 65536

typedef struct wf_fleet {
    wf_hub hub;
    MPI_Comm comm;
    int ranks, rank;  /* all; this one */
    unsigned workers; /* of the others */
    bool
        returns; /* the last executor takes it along, with the thread that carries the letters, if there is one */
    wf_thread thread;
    pthread_mutex_t lock;
    struct wf_outlet *outlets; /* of each executor, newest first; under the lock */
} wf_fleet;

/* workers: of each rank, 0: of this one. NULL: no memory, and others of wf_hub_init: err. It has no executor yet. */
wf_fleet *wf_fleet_new(MPI_Comm comm, const unsigned *workers, int ranks, int rank, int *err);
/* Has none any more. */
void wf_fleet_discard(wf_fleet *fleet);

/* One more: 0 or a negative errno. While there is one, or nobody carries yet. config: as in an opening, but for pool, start. */
int wf_fleet_add(wf_fleet *fleet, const weft_mpi_config *config, weft_executor **executor);
/* config.start on each other rank; waits. 0; -ECANCELED: it answered another number on one, WEFT_EDIED, -EDEADLK, and others of
 * submitting. */
int wf_fleet_start(wf_fleet *fleet, const weft_mpi_config *config, const wf_sentence *to);
/* Drains and destroys all that are left. */
int wf_fleet_clear(wf_fleet *fleet);
/* The one of an executor, which is there; pool: its own. NULL: why not. */
wf_fleet *wf_fleet_of(weft_executor *executor, weft_pool **pool, int *err);

/* Carries letters until the last executor is destroyed; then nothing of MPI is left. */
void wf_fleet_carry(wf_fleet *fleet);
/* The same in a thread of its own: it is gone with its last executor. 0 or a negative errno. */
int wf_fleet_go_on(wf_fleet *fleet);

#endif
