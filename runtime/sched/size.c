/* SPDX-License-Identifier: MIT */
/* sched/size.c - see size.h. */
#include "sched/size.h"

#include <stdlib.h>
#include <weft/pool.h>

/* -1: no number of workers. */
static int number(const char *text)
{
    int value = 0;
    for (; *text >= '0' && *text <= '9' && value <= WEFT_WORKERS_MAX; text++)
        value = value * 10 + (*text - '0');
    return *text || value > WEFT_WORKERS_MAX ? -1 : value;
}

static bool from_environment(wf_size *size)
{
    const char *text = secure_getenv("WEFT_WORKERS");
    if (!text || !*text)
        return false;
    int value = number(text);
    size->ignored = value < 0;
    size->workers = value < 0 ? 0 : (unsigned)value;
    size->origin = WF_SIZE_ENVIRONMENT;
    return !size->ignored;
}

static void detect(wf_size *size, unsigned pus)
{
    bool less = wf_limits_below(&size->limits, pus);
    unsigned most = less ? wf_limits_cpus(&size->limits) : pus;
    size->workers = most < WEFT_WORKERS_MAX ? most : WEFT_WORKERS_MAX;
    size->origin = less ? WF_SIZE_QUOTA : WF_SIZE_MASK;
}

int wf_size_choose(wf_size *size, int asked, unsigned pus, const char *root)
{
    int err = wf_limits_read(&size->limits, root);
    size->ignored = false;
    size->origin = WF_SIZE_CONFIG;
    if (asked)
        size->workers = asked == WEFT_NONE ? 0 : (unsigned)asked;
    else if (!from_environment(size))
        detect(size, pus);
    size->rationed = wf_limits_below(&size->limits, size->workers > pus ? size->workers : pus);
    return err;
}
