/* SPDX-License-Identifier: MIT */
/*
 * model/world/creation.c - what only the creation of a pool calls: it is linked, for the default pool that a call might
 * want, and is a failure here. Scenarios make their pools by pool.h.
 */
#include "checker/mc.h"
#include "os/clock.h"
#include "os/limits.h"
#include "os/machine.h"
#include "os/thread.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define NOT_HERE(type, name, ...)                         \
    type name(__VA_ARGS__)                                \
    {                                                     \
        mc_fail("%s is not the model's business", #name); \
    }

NOT_HERE(void, wf_clock_init, void)
NOT_HERE(uint64_t, wf_ticks_cost, void)
NOT_HERE(bool, wf_limits_below, const wf_limits *limits, unsigned cpus)
NOT_HERE(unsigned, wf_limits_cpus, const wf_limits *limits)
NOT_HERE(int, wf_limits_read, wf_limits *limits, const char *root)
NOT_HERE(wf_machine *, wf_machine_detect, bool ask_hwloc)
NOT_HERE(int, wf_machine_given, wf_machine **machine, void *topology)
NOT_HERE(void, wf_machine_cpus, const wf_machine *machine, int pu, bool domain, cpu_set_t *set)
NOT_HERE(unsigned, wf_machine_step, const wf_machine *machine, int from, int to)
NOT_HERE(unsigned, wf_machine_steps, const wf_machine *machine)
NOT_HERE(int, wf_thread_create, wf_thread *thread, void *(*main)(void *arg), void *arg, size_t stack_bytes)
NOT_HERE(int, wf_thread_bind, const cpu_set_t *cpus, size_t bytes)
NOT_HERE(int, wf_thread_cpus, cpu_set_t *cpus, size_t bytes)
NOT_HERE(void, wf_thread_exact, void)
NOT_HERE(void, wf_thread_name, const char *name)
NOT_HERE(void, wf_thread_stack_is, size_t bytes)
