/* SPDX-License-Identifier: MIT */
/*
 * exec/completions.h - futures in the order in which they end; the public face is weft/completions.h.
 *
 * Each future that is added gets an entry, which is in two queues: `ready` from when it has ended, and `added` until a
 * consumer has seen that nothing of it is to be run any more. Both are many producers', one consumer's (wfcqueue);
 * consumers take turns under `lock`.
 *   A add      pending: into added, for C3
 *   E ended   E1 put into ready   E2 told + 1   E3 somebody sleeps? wake all; a descriptor? post
 *   C next    C1 take from ready   C2 nothing left? the end   C3 the first of added that is pending, behind
 *             the others now: run it, to C1
 *             C4 sleepers + 1, told?   C5 as C1   C6 sleep while told is the same
 * Either E3 sees C4, or C5 sees E1.
 */
#ifndef WF_EXEC_COMPLETIONS_H
#define WF_EXEC_COMPLETIONS_H

#include <weft/completions.h>

#endif
