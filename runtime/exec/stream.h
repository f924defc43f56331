/* SPDX-License-Identifier: MIT */
/*
 * exec/stream.h - many items through a window; the public face is weft/stream.h.
 *
 * The items lie in a window (exec/window.h), pumps run them (exec/pump.h); what is here is the consumer.
 *
 *   consumer  C1 ready? copy, taken + 1   C2 room for half a window and a pump missing? submit one   C3 not ready: run a
 *             chunk itself, or sleepers = 1, look again, sleep; with a descriptor: armed = 1, look again
 * Either the pump's last look (M4) sees C1 or C2 sees M4; either its M3 sees C3 or C3 sees its M2.
 */
#ifndef WF_EXEC_STREAM_H
#define WF_EXEC_STREAM_H

#include <weft/stream.h>

#endif
