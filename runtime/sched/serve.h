/* SPDX-License-Identifier: MIT */
/*
 * sched/serve.h - what a spare does: it takes whatever others may take, tasks of any place first, while a place is free
 * for it.
 *
 *   V1 seated: active   V2 nothing found for as long as an idle worker looks, or the place is taken again: leaves the
 *   seat   V3 back at rest   V4 looks once more: who published while it sat called nobody
 *
 * A worker that comes back has priority: the spare leaves when what it runs has ended.
 */
#ifndef WF_SCHED_SERVE_H
#define WF_SCHED_SERVE_H

#include "sched/worker.h"

/* A spare's thread, which was called; arg: its seat. */
void *wf_serve_main(void *arg);
/* The same in a thread that is set up. */
void wf_serve(wf_worker *self);

#endif
