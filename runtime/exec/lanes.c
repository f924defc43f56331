/* SPDX-License-Identifier: MIT */
/* exec/lanes.c - see lanes.h. */
#include "exec/lanes.h"

static __thread wf_pass *innermost;

wf_pass *wf_lane_pass(const wf_lanes *lanes)
{
    wf_pass *pass = innermost;
    while (pass && pass->lanes != lanes)
        pass = pass->outer;
    return pass;
}

static wf_lane *take(wf_lanes *lanes)
{
    for (unsigned i = 0; i < lanes->count; i++) {
        uint32_t free = 0;
        wf_lane *lane = &lanes->lane[i];
        if (!wf_load_relaxed(&lane->taken) && /* re-checked by the exchange */
            wf_cas_acquire(&lane->taken, &free,
                           1u)) /* pair LN1 -> wf_lane_leave(): what runs in it one after the other */
            return lane;
    }
    return NULL;
}

static void give(wf_lane *lane)
{
    wf_store_release(&lane->taken, 0u); /* pair LN1 -> take() */
}

int wf_lane_enter(wf_lanes *lanes, const weft_executor_config *config, wf_pass *pass)
{
    const wf_pass *around = wf_lane_pass(lanes);
    wf_lane *lane = around ? around->lane : take(lanes);
    if (lane && !lane->started && config->start) {
        int err = config->start((unsigned)(lane - lanes->lane), config->ctx);
        if (err) {
            give(lane);
            return err;
        }
    }
    if (lane)
        lane->started = true;
    *pass = (wf_pass){.lanes = lanes, .lane = lane, .lent = around, .outer = innermost};
    innermost = pass;
    return 0;
}

static void show(wf_lane *lane, const char *label)
{
    wf_store_release(&lane->label, label ? label : "?"); /* pair LN2 -> weft_executor_running(): the text */
}

unsigned wf_lane_hold(wf_lanes *lanes, const char *label)
{
    wf_lane *lane = take(lanes);
    if (!lane)
        return 0;
    show(lane, label);
    return (unsigned)(lane - lanes->lane) + 1;
}

void wf_lane_resume(wf_lanes *lanes, unsigned held, wf_pass *pass)
{
    *pass = (wf_pass){.lanes = lanes, .lane = held ? &lanes->lane[held - 1] : NULL, .outer = innermost};
    innermost = pass;
    wf_lane_unlabel(pass, NULL);
}

void wf_lane_leave(wf_pass *pass)
{
    innermost = pass->outer;
    if (pass->lane && !pass->lent)
        give(pass->lane);
}

const char *wf_lane_label(const wf_pass *pass, const char *label)
{
    if (!pass || !pass->lane)
        return NULL;
    const char *before = wf_load_relaxed(&pass->lane->label); /* owner only */
    show(pass->lane, label);
    return before;
}

void wf_lane_unlabel(const wf_pass *pass, const char *before)
{
    if (pass && pass->lane)
        wf_store_release(&pass->lane->label, before); /* pair LN2 -> weft_executor_running() */
}

void wf_lanes_stop(wf_lanes *lanes, const weft_executor_config *config)
{
    for (unsigned i = 0; i < lanes->count; i++) {
        if (lanes->lane[i].started && config->finish)
            config->finish(i, config->ctx);
        lanes->lane[i].started = false;
    }
}

int weft_executor_lane(void)
{
    const wf_pass *pass = innermost;
    const wf_lanes *lanes = pass ? pass->lanes : NULL;
    return pass && pass->lane ? (int)(pass->lane - lanes->lane) : -1;
}
