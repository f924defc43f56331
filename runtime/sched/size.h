/* SPDX-License-Identifier: MIT */
/*
 * sched/size.h - how many workers a pool has, and who said so.
 *
 * - Authority: the config; the environment's WEFT_WORKERS; what the process may use, which is the PUs of its
 *   affinity mask, or fewer under a CPU quota: as many as can use it.
 * - WEFT_WORKERS is a decimal number up to WEFT_WORKERS_MAX, 0: no threads. Empty is as unset. Anything else is
 *   ignored, which `ignored` tells. In a process with raised privileges it is not looked at.
 */
#ifndef WF_SCHED_SIZE_H
#define WF_SCHED_SIZE_H

#include "os/limits.h"

enum wf_size_origin { WF_SIZE_CONFIG, WF_SIZE_ENVIRONMENT, WF_SIZE_MASK, WF_SIZE_QUOTA, WF_SIZE_RESIZE };

typedef struct wf_size {
    unsigned workers;
    enum wf_size_origin origin; /* of that number */
    bool ignored;               /* WEFT_WORKERS was looked at and is no number of workers */
    bool rationed;              /* the quota is less than the workers, or all PUs, could use */
    wf_limits limits;           /* what was found, also where it decided nothing */
} wf_size;

/* asked: the config's number. root: as in wf_limits_read. 0 or -ENOMEM. Any thread. */
int wf_size_choose(wf_size *size, int asked, unsigned pus, const char *root);

#endif
