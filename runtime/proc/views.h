/* SPDX-License-Identifier: MIT */
/*
 * proc/views.h - in a worker process: what it has mapped of the blocks of the program that made it (proc/blocks.h).
 *
 * A block is mapped whole when its name is met first, and stays so until it is gone, or others have been used since: then some
 * later call that needs a new one takes its place. Those of the current call stay. A name is believed, as all that the
 * program says; that the block is still there is asked of the file, each time.
 */
#ifndef WF_PROC_VIEWS_H
#define WF_PROC_VIEWS_H

#define WEFT_PROCESS_LIBRARY_
#include <weft/process.h>

/* Once: the descriptor of the program's file. */
void wf_views_attach(int fd);
/* What was given before may go. */
void wf_views_next_call(void);

#endif
