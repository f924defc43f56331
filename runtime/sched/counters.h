/* SPDX-License-Identifier: MIT */
/*
 * sched/counters.h - reading what sched/note.h counts; the public face is weft/insight.h.
 *
 * A record's counters are the public struct itself, its size unused: all words are alike, and are added up as words.
 */
#ifndef WF_SCHED_COUNTERS_H
#define WF_SCHED_COUNTERS_H

#include "sched/worker.h"

/* Adds what a worker or guest has counted, at some moment. */
void wf_counters_add(weft_counters *sum, const wf_worker *worker);

#endif
