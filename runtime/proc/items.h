/* SPDX-License-Identifier: MIT */
/*
 * proc/items.h - items of a map or a stream in a worker process: some of them are one call (proc/batch.h).
 *
 * The worker runs one after the other and notes how many have ended, so that of a worker that died it is known what these
 * became and which one it died of. Those behind it go to the next worker: what happens to an item is its own doing. Where
 * tasks have a time limit, each item is a call of its own.
 */
#ifndef WF_PROC_ITEMS_H
#define WF_PROC_ITEMS_H

#include "exec/far.h"
#include "proc/errand.h"

/* wf_far.check, .run */
int wf_items_check(const wf_staff *staff, const wf_items *items);
size_t wf_items_run(wf_staff *staff, wf_items *items, size_t begin, size_t end);

/* A task with hooks (weft_task_spec.arg_codec, .result_codec) is one item. 0, or why it cannot run there. */
int wf_items_check_task(const wf_staff *staff, const weft_task_spec *spec);
/* As wf_errand_run; unpacks into result, zeros. */
void wf_items_run_task(wf_staff *staff, const weft_task_spec *spec, const void *arg, void *result,
                       wf_answer *answer);

#endif
