/* SPDX-License-Identifier: MIT */
/*
 * exec/running.h - what a task asks and says while it runs: should it stop, why it fails; the public faces are
 * weft/stop.h and weft/executor.h.
 */
#ifndef WF_EXEC_RUNNING_H
#define WF_EXEC_RUNNING_H

#include <weft/executor.h>

#endif
