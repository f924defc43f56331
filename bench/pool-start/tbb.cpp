/* SPDX-License-Identifier: MIT */
/* bench/pool-start/tbb.cpp - an arena, a task for each thread, tbb::finalize, which ends the threads. */
#include "../common_tbb.h"
#include "start.h"

#include <atomic>

static long cycle(int workers)
{
    tbb::task_scheduler_handle handle{tbb::attach{}};
    std::atomic<long> ran{0};
    {
        tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(workers));
        tbb::task_arena arena(workers);
        arena.execute([&ran, workers] {
            tbb::task_group group;
            for (int i = 0; i < workers; i++)
                group.run([&ran] { ran++; });
            group.wait();
        });
    }
    if (!tbb::finalize(handle, std::nothrow))
        return -1;
    return ran == workers ? 42 : ran.load();
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_version(TBB_runtime_version());
    return start_measure(&b, cycle);
}
