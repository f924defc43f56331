/* SPDX-License-Identifier: MIT */
/*
 * mpi/wire.h - letters to and from the other ranks of a communicator, by calls of MPI that do not wait.
 *
 * Both ends send and receive without blocking: with blocking sends two ranks that write long letters to each other would
 * both wait for the other one to read. A letter is of any length: it is probed for, and received into memory of its size.
 * Letters of one rank may overtake each other, short ones long ones. Where there is no memory to send or receive one, it waits.
 * Short ones to a rank go together: they wait for wf_wire_flush, or until a message is full.
 *
 * One thread, always the same.
 */
#ifndef WF_MPI_WIRE_H
#define WF_MPI_WIRE_H

#include <mpi.h>

#include "mpi/letter.h"

typedef struct wf_wire {
    MPI_Comm comm;
    int count, room;      /* letters on the way, both ways */
    MPI_Request *request; /* of each */
    wf_letter **letter;
    int *done; /* for MPI */
    wf_letter *come, *last_come;
    wf_letter *kept, *last_kept; /* to be sent when there is memory for it */
    wf_letter **open;            /* for each rank: what is being put together; NULL: nothing */
    int ranks, opened;           /* how many are */
    MPI_Message probed;          /* there was no memory for it yet */
    int probed_bytes, probed_rank;
    char said[WF_LETTER_TEXT]; /* MPI's: why nothing works any more; empty: it does */
} wf_wire;

/* NULL: no memory. With one holder; the head is zeros, but bytes, the text empty. */
wf_letter *wf_letter_new(size_t bytes);
/* A holder gives it up; NULL is fine. */
void wf_letter_free(wf_letter *letter);

/* comm: this wire's alone. 0 or -ENOMEM; fini in either case. */
int wf_wire_init(wf_wire *wire, MPI_Comm comm);
void wf_wire_fini(wf_wire *wire);
/* To its rank; one holder's right is the wire's now. */
void wf_wire_send(wf_wire *wire, wf_letter *letter);
void wf_wire_flush(wf_wire *wire);
/* One that came, for the caller to free; NULL: none. */
wf_letter *wf_wire_receive(wf_wire *wire);
/* Is something of ours, or of theirs, half-way? */
bool wf_wire_busy(const wf_wire *wire);

#endif
