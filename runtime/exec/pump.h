/* SPDX-License-Identifier: MIT */
/*
 * exec/pump.h - who runs a stream's items: pumps, and the consumer while it waits.
 *
 * A *pump* is an ordinary task: it takes a chunk of items from the source (under a lock that nobody waits for), runs them,
 * and goes on while there is room. At most as many pumps as the pool has workers.
 *
 *   pump  M1 pull a chunk, or leave: somebody else pulls   M2 run each; cell READY   M3 told + 1; the consumer sleeps? wake
 *         it; it waits for the descriptor? post   M4 no room: pumps - 1, look again at the room
 *
 * Of a far executor (exec/far.h) the items run there, a chunk at a time: the pump has a lane, and waits. How many pumps there
 * are, and how large chunks, is what that wants. When it is gone or broken nobody can run them: their status says so.
 *
 * References: one of the maker, one of each pump; the last one frees the stream. close waits for `running` only.
 */
#ifndef WF_EXEC_PUMP_H
#define WF_EXEC_PUMP_H

#include "exec/cycles.h"
#include "exec/executor.h"
#include "exec/far.h"
#include "exec/window.h"

struct weft_stream {
    wf_window window;
    wf_door door;
    uint64_t epoch; /* of the executor, which may be destroyed meanwhile */
    wf_far *far;    /* NULL: items run here */
    uint32_t lanes; /* of that: pumps at most */
    uint64_t generation;
    int fd; /* -1: nobody asked for one */

    uint32_t told __attribute__((aligned(WF_LINE)));
    uint32_t sleepers, armed; /* the consumer sleeps; it waits for the descriptor */
    uint32_t pumps, running, users;
    uint32_t chunk;       /* items at once; a hint */
    uint32_t least, most; /* of these */
    uint64_t lasts;       /* so long a chunk should, in ticks */
};

/* Who has a reference, as those that follow: one more pump, if there is something for it; however full the queue is: it
 * stands for the stream, which was accepted, and nobody may have to wait here. False: it was refused, or there is no
 * memory: the consumer runs items itself. */
bool wf_pump_add(weft_stream *s);
/* Runs a chunk here, or waits for it; barred: not 0: drops it with that status. False: there was none to be had. */
bool wf_pump_chunk(weft_stream *s, int barred);
/* The items as a far executor sees them. */
wf_items wf_pump_items(const weft_stream_config *config);
/* An item of it as what the consumer waits for. */
void wf_pump_awaited(const weft_stream *s, wf_crowd *item);
/* Gives the reference up. */
void wf_pump_let_go(weft_stream *s);

#endif
