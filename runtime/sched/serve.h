/* SPDX-License-Identifier: MIT */
/*
 * sched/serve.h - what a spare does: it runs queued tasks, any place's, while a place is free for it.
 *
 *   V1 seated: active   V2 nothing queued, or the place is taken again: leaves the seat   V3 back at rest
 *   V4 looks once more: who put a task while it sat called nobody
 */
#ifndef WF_SCHED_SERVE_H
#define WF_SCHED_SERVE_H

#include "sched/worker.h"

/* A spare's thread, which was called; arg: its seat. */
void *wf_serve_main(void *arg);
/* The same in a thread that is set up. */
void wf_serve(wf_worker *self);

#endif
