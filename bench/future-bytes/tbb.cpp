/* SPDX-License-Identifier: MIT */
/* bench/future-bytes/tbb.cpp - task_arena::enqueue with a std::promise for each task. */
#include "../common_tbb.h"
#include "bytes.h"

#include <future>
#include <memory>
#include <vector>

static tbb::global_control *limit;
static tbb::task_arena *arena;
static std::vector<std::future<int>> futures;

static void start(int workers)
{
    limit = new tbb::global_control(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(workers) + 1);
    arena = new tbb::task_arena(workers, 0);
    futures.resize(BYTES_FUTURES);
}

static void gate()
{
    arena->enqueue(bytes_wait_at_gate);
}

static void make(long i)
{
    auto promise = std::make_shared<std::promise<int>>();
    futures[static_cast<std::size_t>(i)] = promise->get_future();
    arena->enqueue([promise, i] { promise->set_value(bytes_status(i)); });
}

static int get(long i)
{
    return futures[static_cast<std::size_t>(i)].get();
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_version(TBB_runtime_version());
    const bytes_kind kind = {"submit", start, gate, make, nullptr, get};
    return bytes_measure(&b, &kind);
}
