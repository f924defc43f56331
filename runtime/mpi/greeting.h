/* SPDX-License-Identifier: MIT */
/*
 * mpi/greeting.h - what ranks agree upon before anything is sent: each shows a card, all look at all cards, and so all come to
 * the same answer. A second round, wf_greeting_start, says whether all are ready, and know each name that the submitting rank
 * has registered. Ranks that run different programs have nothing but these names in common.
 *
 * Collective, in the thread that calls MPI.
 */
#ifndef WF_MPI_GREETING_H
#define WF_MPI_GREETING_H

#include <mpi.h>
#include <stddef.h>

#include "proc/image.h"

typedef struct wf_card {
    wf_image_name library, face, program; /* functions of libweft, of libweft-mpi, where the program begins */
    int err;                              /* what is wrong here already; 0: nothing */
    int root, level, level_wanted;        /* level: of the root, what MPI lets threads do */
    int names;                            /* 1: functions are registered by names */
    size_t shared_bytes;                  /* of the root */
    unsigned workers;
    char host[32], said[96];
} wf_card;

/* Is a rank ready to begin? */
typedef struct wf_ready {
    int err, answered;     /* answered: by the user's function */
    wf_image_name unknown; /* wf_greeting_start's */
} wf_ready;

/* Where a sentence goes that says why not; bytes 0: nowhere. */
typedef struct wf_sentence {
    char *text;
    size_t bytes;
} wf_sentence;

__attribute__((format(printf, 3, 4))) int wf_sentence_say(const wf_sentence *to, int status,
                                                          const char *format, ...);

/* 0, -ENOTSUP: an object without a build-id. */
int wf_card_fill(wf_card *card);
/* card: this rank's, of `ranks` in cards; receives all. 0, or on all ranks why not. */
int wf_greeting_agree(MPI_Comm comm, wf_card *cards, int ranks, int rank, const wf_sentence *to);
/* err: this rank's. 0 if all have 0; else the first. */
int wf_greeting_all(MPI_Comm comm, const wf_card *cards, int ranks, int err, const wf_sentence *to);
/* ready: this rank's. 0 if all have zeros, and know all names; else the first err, -ECANCELED or -ELIBBAD. */
int wf_greeting_start(MPI_Comm comm, const wf_card *cards, int ranks, int rank, wf_ready ready,
                      const wf_sentence *to);

#endif
