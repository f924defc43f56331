/* SPDX-License-Identifier: MIT */
/*
 * proc/crew.h - the worker processes of one executor, and the thread that keeps them.
 *
 * The keeper makes the processes and is told by the kernel when one ends. It has to be one thread that lives as long as
 * they do: the kernel kills a worker when the *thread* that made it ends, which is what lets nothing stay behind when the
 * program is killed.
 *
 *   NOBODY -> WANTED -> LIVES -> ENDED -> NOBODY      hire: to LIVES   the keeper reaps: to ENDED   bury
 * Who has the lane of a member (exec/lanes.h) hires, asks and buries; the states are under the lock. Each member that is
 * hired gets a channel of its own: what a dead one has left in the old one, or its children do there, is nobody's.
 */
#ifndef WF_PROC_CREW_H
#define WF_PROC_CREW_H

#include <pthread.h>

#include "os/spawn.h"
#include "os/thread.h"
#include "proc/channel.h"

#define WF_CREW_MAX WF_PROCESSES_MAX

enum wf_member_state { WF_NOBODY, WF_WANTED, WF_LIVES, WF_ENDED };

typedef struct wf_member {
    wf_channel channel;
    uint64_t tasks; /* it has run; of who has the lane */
    bool is_read;   /* what came back, by hooks of the program: no other call meanwhile; as that */
    enum wf_member_state state;
    int err; /* why it could not be made */
    wf_process process;
    wf_process_end end;
} wf_member;

/* How they are made. */
typedef struct wf_contract {
    char **argv, **environment; /* one allocation each */
    sigset_t mask;
    wf_origins origins;
    size_t area_bytes;
    int blocks_fd; /* of this program's blocks (proc/blocks.h) */
} wf_contract;

typedef struct wf_crew {
    wf_contract contract;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int event; /* wakes the keeper */
    bool leaves;
    wf_thread keeper;
    wf_member member[WF_CREW_MAX];
} wf_crew;

/* 0 or a negative errno; the contract is kept, not what it points to. */
int wf_crew_init(wf_crew *crew, const wf_contract *contract);
/* All are buried. */
void wf_crew_fini(wf_crew *crew);

/* 0 or a negative errno: then there is nobody. */
int wf_crew_hire(wf_crew *crew, unsigned i);
bool wf_crew_lives(wf_crew *crew, unsigned i);
/* Waits until it has ended; at the deadline, 0: at once, it is killed. What it wrote is all there then. pid: its number. */
wf_process_end wf_crew_end(wf_crew *crew, unsigned i, int64_t deadline_ns, int *pid);
/* Of one that has ended: its channel is closed. */
void wf_crew_bury(wf_crew *crew, unsigned i);

#endif
