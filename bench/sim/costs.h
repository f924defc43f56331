/* SPDX-License-Identifier: MIT */
/*
 * bench/sim/costs.h - what things cost, and which policy is simulated: the options of the program. Sources of the
 * numbers: README.md.
 */
#ifndef SIM_COSTS_H
#define SIM_COSTS_H

#include <stdio.h>

#include "os/machine.h"
#include "queue.h"

#define SIM_DISTANCES (WF_SAME_MACHINE + 1)

typedef struct sim_costs {
    sim_time fork;                 /* with its join */
    sim_time cold;                 /* a fork or join on its cold path */
    sim_time steal[SIM_DISTANCES]; /* from the exchange until the child's first instruction */
    sim_time look[SIM_DISTANCES];  /* at an active victim that has nothing, with the request */
    sim_time glance;               /* at an idle one: a cached word */
    sim_time laid;                 /* at one of all, while some loop is laid out */
    sim_time cut;                  /* a piece's way into a loop of its own, on top of the steal */
    sim_time block;                /* between two blocks: an exchange, two clock reads */
    sim_time wake;                 /* for who wakes */
    sim_time answer;               /* from then until the woken one runs */
    sim_time force;                /* a barrier in all threads */
    /* Not in the library, to compare. Who finds more wakes one more only if nobody watches. */
    bool single;
    /* Who waits for a stolen child takes back from those, too, who took what its thief forked since then, and so on. */
    enum {
        SIM_NO_CHAIN,
        SIM_CHAIN,
        SIM_CHAIN_LATE
    } chain; /* LATE: not while it spins, but before it sleeps */
} sim_costs;

extern const sim_costs sim_costs_default;
/* One option NAME=VALUE[,VALUE...] in ns; false: there is no such one. */
bool sim_costs_read(sim_costs *costs, const char *option);
void sim_costs_help(FILE *out);

#endif
