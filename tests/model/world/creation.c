/* SPDX-License-Identifier: MIT */
/*
 * model/world/creation.c - what only the creation of a pool calls, or of a thread: a system of one PU that has no thread to
 * give, or a few. Most scenarios make their pools by pool.h: there a call that would want the default pool is a failure.
 */
#include <errno.h>

#include "checker/mc.h"
#include "os/clock.h"
#include "os/limits.h"
#include "os/machine.h"
#include "os/memory.h"
#include "os/nodes.h"
#include "os/thread.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define THREAD_CELL 14 /* and 15, of the checker's; readers have those below, mutexes those above */

#define NOT_HERE(type, name, ...)                         \
    type name(__VA_ARGS__)                                \
    {                                                     \
        mc_fail("%s is not the model's business", #name); \
    }

NOT_HERE(unsigned, wf_limits_cpus, const wf_limits *limits)
NOT_HERE(int, wf_machine_given, wf_machine **machine, void *topology)
NOT_HERE(int, wf_machine_confine, wf_machine *machine, const wf_part *part)
NOT_HERE(bool, wf_machine_has, const wf_machine *machine, const wf_pu *pu, const wf_part *part)
NOT_HERE(int, wf_nodes_of, const void *const *address, size_t count, int *nodes)
NOT_HERE(int, wf_nodes_prefer, void *page, size_t bytes, int node)
NOT_HERE(void, wf_nodes_bring_stack, int node)
NOT_HERE(int, wf_thread_bind, const cpu_set_t *cpus, size_t bytes)
NOT_HERE(int, wf_thread_bind_other, int thread, const cpu_set_t *cpus, size_t bytes)
NOT_HERE(int, wf_thread_cpus_first, cpu_set_t *cpus, size_t bytes)
NOT_HERE(int, wf_thread_cpus_other, int thread, cpu_set_t *cpus, size_t bytes)

extern bool model_creates; /* a scenario's setup() says so */
bool model_creates;

wf_machine *wf_machine_detect(bool ask_hwloc)
{
    if (!model_creates)
        mc_fail("a pool is made, maybe the default one");
    wf_machine *machine = wf_alloc(sizeof *machine + sizeof machine->pu[0]);
    *machine =
        (wf_machine){.pus = 1, .domains = 1, .nodes = 1, .mask_pus = 1, .cpus_bytes = sizeof(cpu_set_t)};
    return machine;
}

/* The first of the threads that a scenario has to give in an execution, up to two; 0: none. */
extern unsigned model_thread;
unsigned model_thread;
void model_runs(void);

static struct created {
    uint64_t execution;
    void *(*main)(void *arg);
    void *arg;
} created[2];

static bool is_created(void *one)
{
    return ((const struct created *)one)->execution == mc_execution();
}

int wf_thread_create(wf_thread *thread, void *(*main)(void *arg), void *arg, size_t stack_bytes)
{
    unsigned at = is_created(&created[0]) ? 1 : 0;
    if (!model_thread || is_created(&created[at]))
        return -EAGAIN;
    mc_hand(THREAD_CELL + at);
    created[at] = (struct created){.execution = mc_execution(), .main = main, .arg = arg};
    thread->id = model_thread + at;
    return 0;
}

void model_runs(void)
{
    unsigned at = mc_self() - model_thread;
    mc_block(is_created, &created[at], "its creation");
    mc_receive(THREAD_CELL + at);
    (void)created[at].main(created[at].arg);
}

void wf_thread_exact(void)
{
}

void wf_thread_name(const char *name)
{
}

void wf_thread_stack_is(size_t bytes)
{
}

unsigned wf_machine_step(const wf_machine *machine, int from, int to)
{
    return 0;
}

unsigned wf_machine_steps(const wf_machine *machine)
{
    return 1;
}

void wf_machine_cpus(const wf_machine *machine, int pu, bool domain, cpu_set_t *set)
{
}

int wf_thread_cpus(cpu_set_t *cpus, size_t bytes)
{
    return -ENOSYS;
}

int wf_limits_read(wf_limits *limits, const char *root)
{
    *limits = (wf_limits){0};
    return 0;
}

bool wf_limits_below(const wf_limits *limits, unsigned cpus)
{
    return false;
}

void wf_clock_init(void)
{
}

uint64_t wf_ticks_cost(void)
{
    return 0;
}
