/* SPDX-License-Identifier: MIT */
/*
 * mpi/hub.h - the submitting rank: calls are left here; one thread takes their letters to the other ranks and brings the
 * answers, and nobody else calls MPI.
 *
 *   caller   C1 under the lock: choose a rank, be in `slots`, leave the letter, ring   C2 who has to wait for the answer
 *            sleeps, looking now and then whether to stop: then leaves a STOP, each time
 *   thread   T1 under the lock: take what was left   T2 send it   T3 look for answers; under the lock: out of the slots;
 *            tell the call   T4 now and then ask the calls that nobody sleeps for whether to stop   T5 rest: without end if
 *            nobody is to be answered   T6 for each rank that has fewer items than workers: ask one that has more, by GIVE, for
 *            a part of a call that it has had for long; GIVEN: tell the call, whose caller makes another one of that part
 * Everything is under one lock, but the wire, which is the thread's. Calls are told without the lock: they may make others.
 * Any number of executors use one hub, each by a line of its own: ranks are chosen by what all of them have there.
 */
#ifndef WF_MPI_HUB_H
#define WF_MPI_HUB_H

#include <pthread.h>

#include "mpi/bell.h"
#include "mpi/wire.h"

#define WF_HUB_PACE_NS 1000000
/* What has been away for less is not worth a way there and back: a part of it is not asked for. */
#define WF_HUB_LATE_NS 1000000

/* What the hub knows of a rank. */
typedef struct wf_post {
    unsigned workers; /* 0: not to be asked, it is this one */
    unsigned load;    /* calls that it has not answered */
    uint64_t items;   /* of these, and that it has not given back; of a call that cannot be divided, one */
    wf_letter *end;   /* kept for the end */
} wf_post;

/* An executor's: how its calls come here, and how fast they come back. */
typedef struct wf_line {
    struct wf_hub *hub;
    size_t message_bytes;   /* at most so many behind a head */
    unsigned most;          /* with so many calls none is divided; 0: any number */
    unsigned away, asked;   /* with the lock: calls; of them, for a part */
    int64_t pace_ns;        /* T's, as the next two: since when answers are counted */
    unsigned answers, pace; /* since then; in WF_HUB_PACE_NS, lately */
    /* Or NULL. The pace may have changed; T, before a call of it is answered. */
    void (*paced)(struct wf_line *line);
} wf_line;

/* A letter that is answered. */
typedef struct wf_call {
    wf_letter *letter;
    wf_line *line;
    bool to_rank; /* of the letter; else to who has least */
    int rank;     /* to whom it went */
    uint64_t number;
    /* T, once; the answer is the call's; NULL: the wire broke. The call may be freed in there. */
    void (*answered)(struct wf_call *call, wf_letter *answer);
    bool (*stops)(const struct wf_call *call); /* T, with the lock; NULL: its caller looks himself */
    /* T, before it is answered: what its rank has given back; the letter is the call's. NULL: it cannot be divided. While this
     * has not been followed by wf_hub_shared, nothing more of it is asked for. */
    void (*given)(struct wf_call *call, wf_letter *list);
    bool part;        /* of another one: to a rank that has fewer items than workers, if there is one */
    uint64_t items;   /* with the lock, as what follows: the post's */
    bool asked;       /* of one that can be divided, as what follows */
    uint64_t left;    /* the more of its items have not begun, the larger; 0: nothing more is to be had */
    int64_t since_ns; /* sent, or divided */
} wf_call;

/* A call's number is its slot and how often that was used. */
typedef struct wf_slot {
    wf_call *call; /* NULL: free */
    uint32_t turn, next_free;
} wf_slot;

typedef struct wf_hub {
    wf_wire wire;
    wf_bell bell;
    pthread_mutex_t lock;
    wf_letter *left, *last_left; /* by callers, oldest first */
    wf_slot *slots;
    uint32_t room, used, first_free; /* slots; calls; room: none is free */
    uint32_t divisible, asked;       /* calls that can be divided; that are asked for a part */
    int64_t look_ns, divide_ns;      /* the thread's, as the next one: when to ask next */
    unsigned gives;                  /* GIVE without its GIVEN yet */
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
/* Is the calling thread T? It cannot wait for an answer. */
bool wf_hub_is_carrier(const wf_hub *hub);
/* C1, any thread; one holder's right to the letter is the hub's. 0; -ENOMEM, WEFT_EDIED (the wire broke): nothing was done. */
int wf_hub_call(wf_hub *hub, wf_call *call);
/* Any thread but T, with the lock: until there is news, or it is time to look whether to stop: false. */
bool wf_hub_await(wf_hub *hub, pthread_cond_t *news);
/* Any thread, with the lock, for a call that is not answered: its rank is told that it should stop. */
void wf_hub_stop(wf_hub *hub, const wf_call *call);
/* Any thread but T, for a call that may be answered: what was given of it is another call's now. */
void wf_hub_shared(wf_hub *hub, wf_call *call);

#endif
