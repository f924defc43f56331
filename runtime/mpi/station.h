/* SPDX-License-Identifier: MIT */
/*
 * mpi/station.h - a serving rank: the thread that called takes letters and gives them to the rank's pool as tasks; when one
 * has ended it answers. It runs none itself, and nobody else calls MPI.
 *
 *   thread   T1 take a letter: submit it as a task; STOP: cancel that; GIVE: claim items of it, and send their places back
 *            T2 under the lock: take the tasks that have ended   T3 answer   T4 rest
 *   worker   W1 run it, each item that it has claimed: status and what it said go into the answer   W2 in its destructor, which
 *            also a cancelled one comes to: under the lock: leave it, ring
 * An item is claimed by an exchange of its fate, in the answer: who changes WF_ITEM_LEFT has it.
 */
#ifndef WF_MPI_STATION_H
#define WF_MPI_STATION_H

#include <pthread.h>
#include <weft/executor.h>

#include "mpi/bell.h"
#include "mpi/wire.h"

typedef struct wf_station {
    wf_wire wire;
    wf_bell bell;
    weft_executor *executor; /* the pool's own */
    struct wf_job *jobs;     /* the thread's */
    pthread_mutex_t lock;
    struct wf_job *ended; /* under the lock */
    bool leaves;
} wf_station;

/* 0 or a negative errno; comm is the station's. pool NULL: the current or the default one. */
int wf_station_init(wf_station *station, MPI_Comm comm, weft_pool *pool);
void wf_station_fini(wf_station *station);
/* Until the submitting rank says that it was all. 0, or -EIO: MPI does not work any more, wire.said tells why. */
int wf_station_run(wf_station *station);

#endif
