/* SPDX-License-Identifier: MIT */
/*
 * mpi/handout.h - bytes of the submitting rank that all ranks have: sent to each once, before .start is called there, and there
 * until the call ends.
 *
 * What weft_mpi_shared answers is one for the process, so that also threads know it that a task has brought to work for it. So
 * one call at a time has shared bytes: a second one of the same process is refused.
 */
#ifndef WF_MPI_HANDOUT_H
#define WF_MPI_HANDOUT_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct wf_handout {
    void *copy; /* NULL on the submitting rank: there it is the user's own */
    size_t bytes;
    bool held; /* by this call */
} wf_handout;

/* own: the submitting rank's; NULL: it will come. 0, -EBUSY: another call has bytes here, -ENOMEM. */
int wf_handout_init(wf_handout *handout, const void *own, size_t bytes);
/* Collective; when it was made on all ranks. own: as before. 0 or -EIO. */
int wf_handout_send(const wf_handout *handout, const void *own, MPI_Comm comm, int root);
/* stays: the bytes, which are the user's own, are answered until another call has some. */
void wf_handout_fini(wf_handout *handout, bool stays);

#endif
