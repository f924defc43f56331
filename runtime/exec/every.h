/* SPDX-License-Identifier: MIT */
/*
 * exec/every.h - tasks that begin at a time, and again and again; the public face is weft/timer.h.
 *
 * A series is an alarm. When it rings, the clock's reference goes to a task that calls the function, the tick; when that
 * has ended, the series is set for its next time, or ends, too. So two ticks never run at the same time.
 */
#ifndef WF_EXEC_EVERY_H
#define WF_EXEC_EVERY_H

#include <weft/timer.h>

#endif
