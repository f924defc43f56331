/* SPDX-License-Identifier: MIT */
/*
 * exec/stream.h - a window of items between a source and a consumer; the public face is weft/stream.h.
 *
 * - The window is a ring of cells. pulled counts items that came in, taken those that went out; pulled - taken <= window.
 * - A *pump* is an ordinary task: it takes a chunk of items from the source (under a lock that nobody waits for), runs
 *   them, marks each cell READY, and goes on while there is room. At most as many pumps as the pool has workers. The
 *   consumer is one, too, while it waits.
 * - Ordered: item i lies in cell i % window, and the consumer waits for that one. Unordered: ready items are noted in a
 *   second ring in the order in which they end; cells that come free are noted in a third.
 *
 *   pump      M1 lock the source, or leave: somebody else pulls   M2 pull a chunk, unlock   M3 run each; cell READY
 *             M4 told + 1; the consumer sleeps? wake it; it waits for the descriptor? post   M5 no room: pumps - 1, look
 *             again at the room
 *   consumer  C1 ready? copy, taken + 1   C2 room for half a window and a pump missing? submit one   C3 not ready: pump a
 *             chunk itself, or sleepers = 1, look again, sleep
 * Either M5 sees C1 or C2 sees M5; either M4 sees C3 or C3 sees M3.
 *
 * References: one of the maker, one of each pump; the last one frees it. close waits for `running` only.
 */
#ifndef WF_EXEC_STREAM_H
#define WF_EXEC_STREAM_H

#include <weft/stream.h>

#endif
