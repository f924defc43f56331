/* SPDX-License-Identifier: MIT */
/*
 * data/inbox.h - a first-in first-out queue: any thread puts, wait-free; takers take turns, without waiting.
 *
 *   put     counted before it is linked, so that taken <= put always
 *   taken   counted by the holder of `lock`
 *   dead    a hint: items in the queue that nobody needs to take any more; swept when they are the most of it
 *
 * Protocol. P: any thread that puts, T: a taker.
 *   P1 put + 1 in sequentially consistent order ("publish")   P2 enqueue   then the caller looks for sleepers
 *   T1 try the lock: somebody else takes? leave               T2 dequeue up to max, what was kept by a sweep first
 *   T3 taken + as many                                        T4 unlock
 * A sleeper that sees put == taken after announcing itself sleeps before P1, and P's look for sleepers finds it;
 * one that sees put > taken stays awake until P2 is done.
 * Source of the queue: wfcqueue of liburcu (os/urcu.h).
 */
#ifndef WF_DATA_INBOX_H
#define WF_DATA_INBOX_H

#include "os/urcu.h"

typedef struct wf_inbox {
    wf_queue queue;
    uint64_t put __attribute__((aligned(WF_LINE)));
    uint64_t taken __attribute__((aligned(WF_LINE)));
    uint32_t lock, dead;
    void *owner;   /* its maker's, from before others knew it; so is: */
    bool bound;    /* what is in there may run at home alone (sched/home.h) */
    wf_queue kept; /* under lock: older than what is in queue */
} wf_inbox;

void wf_inbox_init(wf_inbox *inbox);

/* P. */
void wf_inbox_put(wf_inbox *inbox, wf_link *link);
/* T. The oldest ones; how many; 0: nothing there, or another takes, or the next is half-way in. */
unsigned wf_inbox_take(wf_inbox *inbox, wf_link **links, unsigned max);
/* Any thread: is there something? In sequentially consistent order. */
bool wf_inbox_visible(const wf_inbox *inbox);

/* Any thread: how many, dead ones too. A hint. */
uint64_t wf_inbox_backlog(const wf_inbox *inbox);

/* Any thread: how many were taken out, ever. */
uint64_t wf_inbox_taken(const wf_inbox *inbox);

/* Any thread: was there ever something? */
bool wf_inbox_ever(const wf_inbox *inbox);

/* Any thread: one item in there is dead. When most are, and 64 at least, takes out those that `drop` answers true
 * for; the others keep their order. drop may free its link. */
void wf_inbox_dead(wf_inbox *inbox, bool (*drop)(wf_link *link));
/* The same, however few, if any is known of: for who counts what is in there. False: another takes just now. */
bool wf_inbox_sweep(wf_inbox *inbox, bool (*drop)(wf_link *link));

#endif
