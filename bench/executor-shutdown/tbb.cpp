/* SPDX-License-Identifier: MIT */
/* bench/executor-shutdown/tbb.cpp - task_group::cancel and wait: the waiting thread and the workers drop the tasks. */
#include "../common_tbb.h"
#include "shutdown.h"

#include <utility>

class argument
{
    long number; /* -1: handed on */

  public:
    explicit argument(long i) : number(i)
    {
    }
    argument(argument &&other) noexcept : number(std::exchange(other.number, -1))
    {
    }
    ~argument()
    {
        if (number >= 0)
            shutdown_destroy(number);
    }
    long value() const
    {
        return number;
    }
};

static tbb::task_arena *arena;

static double seconds(long n, int workers)
{
    tbb::task_group group;
    for (long i = 0; i < n; i++)
        arena->enqueue(group.defer([a = argument(i), workers] { shutdown_task(a.value(), workers); }));
    shutdown_wait_for_gates(workers);
    double start = bench_now();
    group.cancel();
    shutdown_open();
    arena->execute([&group] { group.wait(); });
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                              static_cast<std::size_t>(b.workers) + 1);
    tbb::task_arena workers(b.workers + 1, 1); /* one for who waits */
    arena = &workers;
    bench_version(TBB_runtime_version());
    return shutdown_measure(&b, seconds);
}
