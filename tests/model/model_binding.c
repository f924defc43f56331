/* SPDX-License-Identifier: MIT */
/*
 * model/binding.c - sched/binding.c: who waits until all threads have settled sees what each has noted down. That lies in
 * plain variables.
 */
#include "pool.h"
#include "sched/binding.h"

#include <weft/pool.h>

static weft_pool *pool;

static void begin(unsigned workers)
{
    pool = model_pool(workers, 0);
    pool->bind = WEFT_BIND_NONE;
    mc_name(&pool->settled, sizeof pool->settled, "settled");
}
static void one_begins(void)
{
    begin(1);
}
static void two_begin(void)
{
    begin(2);
}

static void settle0(void)
{
    wf_binding_apply(wf_worker_at(pool, 0));
}
static void settle1(void)
{
    wf_binding_apply(wf_worker_at(pool, 1));
}

/* The model's system does not say where a thread may run. */
static void see_all(void)
{
    wf_binding_wait(pool);
    for (unsigned i = 0; i < pool->workers; i++)
        mc_assert(wf_worker_at(pool, i)->bind_err);
}

static const mc_scenario scenarios[] = {
    {.name = "two_settle",
     .setup = two_begin,
     .thread = {settle0, settle1, see_all},
     .spurious = 1,
     .bound = MC_UNBOUNDED,
     MODEL_POOL},
    {.name = "two_wait",
     .setup = one_begins,
     .thread = {settle0, see_all, see_all},
     .bound = MC_UNBOUNDED,
     MODEL_POOL},
};

int main(int argc, char **argv)
{
    return mc_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}
