/* SPDX-License-Identifier: MIT */
/*
 * proc/child.h - the life of a worker process; the public part of it is the end of weft/process.h.
 *
 * It is the program's own image, started with WF_CHILD_NAME in its environment and a channel as WF_SPAWN_FD. A constructor
 * of the program finds them: by then all libraries are initialised, and, since it runs the constructors behind it, the
 * program, too. So what a function needs is there, and main is never come to.
 *
 * A spawned image and not a fork of the program: a program with threads may not do much in a forked child, and a server
 * forked before there are threads is there only if somebody made it in time, and holds what was open then.
 *
 *   follow the parent into death, then: wait for a call, run it as a task of a serial executor, answer; until END
 * All calls run in the main thread, one after the other. For loops of theirs there is the process's default pool.
 */
#ifndef WF_PROC_CHILD_H
#define WF_PROC_CHILD_H

#include <stdbool.h>
#define WEFT_PROCESS_LIBRARY_
#include <weft/process.h>

#include "proc/channel.h"

#define WF_CHILD_NAME "WEFT_WORKER_PROCESS_"

/* Has a constructor of the program told that it will find itself in a worker process? Not with raised privileges. */
bool wf_child_possible(void);
/* How both sides find out that they have the same weft. 0 or -ENOTSUP. */
int wf_child_library(wf_image_name *name);

#endif
