/* SPDX-License-Identifier: MIT */
/*
 * mpi/ranks.h - executors over the ranks of an MPI program; the public face is weft/mpi.h.
 *
 * - On the submitting rank they are executors that send (exec/queued.h), with limits that follow the pace (mpi/fleet.h); tasks
 *   are away (mpi/carry.h), maps and streams letters with many items (mpi/portions.h), and one thread carries all letters
 *   (mpi/hub.h).
 * - On all others the calling thread gives what comes to the rank's pool (mpi/station.h).
 * - MPI is called by one thread of a rank: by the calling one, or, if that is to return, by one that is made for it.
 */
#ifndef WF_MPI_RANKS_H
#define WF_MPI_RANKS_H

#include <weft/mpi.h>

#endif
