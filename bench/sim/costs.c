/* SPDX-License-Identifier: MIT */
/* bench/sim/costs.c - see costs.h. */
#include "costs.h"

#include <stdlib.h>
#include <string.h>

const sim_costs sim_costs_default = {
    .fork = 2500,
    .cold = 30 * SIM_NS,
    .steal = {60 * SIM_NS, 80 * SIM_NS, 120 * SIM_NS, 200 * SIM_NS, 400 * SIM_NS, 600 * SIM_NS},
    .look = {10 * SIM_NS, 15 * SIM_NS, 40 * SIM_NS, 80 * SIM_NS, 150 * SIM_NS, 250 * SIM_NS},
    .glance = 2 * SIM_NS,
    .laid = 2 * SIM_NS,
    .cut = 50 * SIM_NS,
    .block = 20 * SIM_NS,
    .wake = 7 * SIM_US,
    .answer = 22 * SIM_US,
    .force = 8 * SIM_US,
};

static const struct {
    const char *name, *what;
    size_t at;
    unsigned values;
} options[] = {
    {"fork", "a fork with its join", offsetof(sim_costs, fork), 1},
    {"cold", "a fork or a join on its cold path", offsetof(sim_costs, cold), 1},
    {"steal", "a steal by distance: core, L2, cache, node, package, machine", offsetof(sim_costs, steal),
     SIM_DISTANCES},
    {"look", "a failed look at an active victim, by distance", offsetof(sim_costs, look), SIM_DISTANCES},
    {"glance", "a look at an idle one", offsetof(sim_costs, glance), 1},
    {"laid", "a look whether a place's loop is laid out, at all of them while some loop is",
     offsetof(sim_costs, laid), 1},
    {"cut", "the way into a piece of a loop, on top of a steal", offsetof(sim_costs, cut), 1},
    {"block", "between two blocks of a loop", offsetof(sim_costs, block), 1},
    {"wake", "a wake, for who wakes", offsetof(sim_costs, wake), 1},
    {"answer", "from there until the woken one runs", offsetof(sim_costs, answer), 1},
    {"force", "publishing in another's stead", offsetof(sim_costs, force), 1},
};
#define OPTIONS (sizeof options / sizeof *options)

/* `values` numbers with commas between, in ns. */
static bool read_times(const char *text, sim_time *times, unsigned values)
{
    for (unsigned i = 0; i < values; i++) {
        char *end;
        double ns = strtod(text, &end);
        if (end == text || ns < 0 || *end != (i + 1 < values ? ',' : 0))
            return false;
        times[i] = (sim_time)(ns * (double)SIM_NS);
        text = end + 1;
    }
    return true;
}

bool sim_costs_read(sim_costs *costs, const char *option)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        size_t length = strlen(options[i].name);
        if (!strncmp(option, options[i].name, length) && option[length] == '=')
            return read_times(option + length + 1, (sim_time *)(void *)((char *)costs + options[i].at),
                              options[i].values);
    }
    return false;
}

void sim_costs_help(FILE *out)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const sim_time *value =
            (const sim_time *)(const void *)((const char *)&sim_costs_default + options[i].at);
        fprintf(out, "  %-7s %s (", options[i].name, options[i].what);
        for (unsigned k = 0; k < options[i].values; k++)
            fprintf(out, "%s%g", k ? "," : "", (double)value[k] / (double)SIM_NS);
        fprintf(out, ")\n");
    }
}
