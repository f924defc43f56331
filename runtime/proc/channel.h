/* SPDX-License-Identifier: MIT */
/*
 * proc/channel.h - the memory that a program shares with one of its workers: a ring of calls, and their answers.
 *
 * Calls have numbers and are run in their order; call n lies in slot n % WF_CALLS. What lies in the memory:
 *   asked      number << 1      the parent's: the number of its last call. The worker sleeps on it
 *   idle       0 or 1           the worker's: it sleeps, or is about to
 *   answered   number << 1 | K  the worker's: the number of its last answer; K: the parent's keeper, when the worker is
 *                               dead. The parent sleeps on it
 *   awaited    0 or 1           the parent's: it sleeps, or is about to
 *   slot       claim            number << 2 | state: ASKED -> BEGUN, by the worker, or ASKED -> WITHDRAWN, by the parent
 *              stop             0 or 1: the parent's: the call should stop
 *              call, answer     what is called, and where its bytes lie; its status and what it says about it
 *   area       argument bytes, and behind them result bytes: of a small call in the room of its slot, else in a half or all of
 *              the large one
 *
 *   parent   A1 write call and argument, stop = 0, claim   A2 asked = number   A3 idle? wake
 *            A4 awaited = 1; sleep while answered is as it was; awaited = 0; until it is the number or a later one
 *   worker   W1 idle = 1; sleep while asked is the number of its last call; idle = 0   W2 the next one: claim it; withdrawn?
 *            W1   W3 run it; write answer and result   W4 answered = number   W5 awaited? wake
 *   Before A4 and W1 either looks for the other for a while (errand.c, child.c).
 *   keeper   K1 note elsewhere, under a lock, that the worker is dead   K2 set K   K3 wake
 * Who is to be woken and who wakes write and read in the opposite order, sequentially consistent: either A3 sees that the
 * worker sleeps, or the kernel, which looks for the worker, sees A2; the same of W5 and A4. Who waits for an answer reads
 * `answered`, then looks for the note, under that lock, then sleeps while `answered` is what he has read: so either he sees the
 * note, or K2 comes between, and he does not sleep.
 *
 * Trust goes one way: a worker believes its parent. The parent believes nothing that is in the shared memory: sizes and
 * places are those of its own copy of the call, of what the worker writes it takes a status, a text that it ends itself,
 * bytes, and whether `answered` has come to the number that it waits for. A worker that writes anything anywhere spoils its own
 * answers, and its parent may sleep until it looks again, no more.
 *
 * One thread at a time is the parent's side of a channel, one the worker's; wf_channel_knock is any thread's of the parent.
 */
#ifndef WF_PROC_CHANNEL_H
#define WF_PROC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tunables.h"
#include "proc/image.h"

#define WF_SAID 256
#define WF_LABEL 64

/* What the worker is to do. HELLO: the first one: begin. ITEMS: fn is a weft_item_fn, for each of the items. */
enum wf_call_kind { WF_CALL_HELLO, WF_CALL_TASK, WF_CALL_ITEMS, WF_CALL_END };

typedef struct wf_call {
    uint32_t kind;
    uint32_t has_fn;
    wf_image_name fn;
    uint64_t arg_bytes, result_bytes;
    char label[WF_LABEL]; /* empty: none */
} wf_call;

/* What a worker has to know before it can do anything; written once, before there is one. */
typedef struct wf_origins {
    wf_image_name
        library; /* a function of weft: both have the same one, or they do not understand each other */
    int32_t parent;
    uint32_t cpu_seconds;
    uint64_t memory_bytes;
    int64_t spin_ns; /* before it sleeps */
} wf_origins;

typedef struct wf_answer {
    int status;
    char said[WF_SAID]; /* empty: nothing */
} wf_answer;

/* Where the bytes of a call lie: the own copy of who reads them. */
typedef struct wf_sent {
    uint64_t at, arg_bytes, result_bytes;
    uint32_t places; /* the parent's: which rooms */
} wf_sent;

typedef struct wf_channel {
    struct wf_shared *shared;
    size_t bytes, area_bytes;
    uint32_t number; /* of the last call; the worker's: of the one that it runs */
    uint32_t places; /* that calls have which are not done with */
    int fd;          /* the parent's */
    wf_sent sent[WF_CALLS];
    wf_call call; /* the worker's own copy */
} wf_channel;

/* Where the result lies, behind so many bytes. */
size_t wf_channel_result_at(uint64_t arg_bytes);

/* ---- of both --------------------------------------------------------------------------------------- */

/* Of a call that was asked, or has room. */
void *wf_channel_arg(const wf_channel *channel, uint32_t number);
void *wf_channel_result(const wf_channel *channel, uint32_t number); /* zeroed by nobody */

/* ---- the parent's ---------------------------------------------------------------------------------- */

/* 0 or a negative errno. */
int wf_channel_open(wf_channel *channel, size_t area_bytes, const wf_origins *origins);
void wf_channel_close(wf_channel *channel);
/* Room for the next call and so many bytes; it is asked then, before another one has any. False: others have it. */
bool wf_channel_room(wf_channel *channel, size_t bytes, uint32_t *number);
/* A1 to A3 of the call that has got this room, and fits into it. arg NULL: it was written there. */
void wf_channel_ask(wf_channel *channel, uint32_t number, const wf_call *call, const void *arg);
/* seen: for wf_channel_wait. */
bool wf_channel_answered(const wf_channel *channel, uint32_t number, uint32_t *seen);
/* A4: until something else is answered, or until somebody knocks, or has knocked since that was seen, or sooner. */
void wf_channel_wait(const wf_channel *channel, uint32_t seen, int64_t deadline_ns);
/* Of an answered call. */
void wf_channel_answer_of(const wf_channel *channel, uint32_t number, wf_answer *answer);
/* The result, as the worker has left it, who does not write any more. */
void wf_channel_fetch(const wf_channel *channel, uint32_t number, void *result);
/* Its bytes are not needed any more; so many of the result were used. */
void wf_channel_done(wf_channel *channel, uint32_t number, size_t result_bytes);
/* True: it was not begun, and will not be. It is done with, too. */
bool wf_channel_withdraw(wf_channel *channel, uint32_t number);
void wf_channel_stop(const wf_channel *channel, uint32_t number);
/* K2, K3, under the lock of K1 */
void wf_channel_knock(const wf_channel *channel);

/* ---- the worker's ---------------------------------------------------------------------------------- */

/* False: that is no channel. The descriptor is closed. */
bool wf_channel_attach(wf_channel *channel, int fd);
const wf_origins *wf_channel_origins(const wf_channel *channel);
/* Is there a call behind the one that was answered last? */
bool wf_channel_asked(const wf_channel *channel);
/* W1, W2 */
void wf_channel_next(wf_channel *channel);
/* W3 to W5 */
void wf_channel_answer(wf_channel *channel, const wf_answer *answer);
/* Is 1 while calls in the slot with this number should stop. */
const uint32_t *wf_channel_stop_word(const wf_channel *channel, unsigned number);

#endif
