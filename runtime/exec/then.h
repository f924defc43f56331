/* SPDX-License-Identifier: MIT */
/*
 * exec/then.h - a task that follows a future; the public face is weft/combine.h.
 *
 * It is held until the future before it has ended, and then put into a queue, or run by who ended that one. Those run
 * inline are taken one after the other by the outermost call on the thread: a chain of any length needs no stack.
 */
#ifndef WF_EXEC_THEN_H
#define WF_EXEC_THEN_H

#include <weft/combine.h>

#endif
