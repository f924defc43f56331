/* SPDX-License-Identifier: MIT */
/* bench/common_tbb.h - N threads of oneTBB: the limit of the process, and an arena as large. */
#ifndef BENCH_COMMON_TBB_H
#define BENCH_COMMON_TBB_H

#include "common.h"

#include <sched.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/task_scheduler_observer.h>
#include <tbb/version.h>

struct bench_tbb {
    tbb::global_control limit;
    tbb::task_arena arena;
    explicit bench_tbb(const bench &b)
        : limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(b.workers)),
          arena(b.workers)
    {
        bench_version(TBB_runtime_version());
    }
};

/* While it lives, each thread that comes into the arena is bound to a processor of its own, for good. */
class bench_tbb_bound : public tbb::task_scheduler_observer
{
    cpu_set_t all;

    int nth_processor(int n) const
    {
        int cpu = -1;
        n %= CPU_COUNT(&all);
        while (n >= 0)
            if (CPU_ISSET(static_cast<std::size_t>(++cpu), &all))
                n--;
        return cpu;
    }

  public:
    explicit bench_tbb_bound(tbb::task_arena &arena) : tbb::task_scheduler_observer(arena)
    {
        sched_getaffinity(0, sizeof all, &all);
        observe(true);
    }

    ~bench_tbb_bound() override
    {
        observe(false);
    }

    void on_scheduler_entry(bool) override
    {
        static thread_local int bound_to = -1;
        int cpu = nth_processor(tbb::this_task_arena::current_thread_index());
        cpu_set_t one;
        if (cpu == bound_to)
            return;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(cpu), &one);
        if (sched_setaffinity(0, sizeof one, &one) == 0)
            bound_to = cpu;
    }
};

#endif
