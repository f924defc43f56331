/* SPDX-License-Identifier: MIT */
/*
 * bench/submit/tbb.cpp - task_arena::enqueue with the two ends that its users give to a task: a promise, and
 * (flag) a word for the status that the submitter reads until it is there, yielding.
 *
 *  - No slot of the arena is kept for threads that enter it: N threads, as in the other pools.
 */
#include "../common_tbb.h"
#include "submit.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

static tbb::task_arena *arena;
static std::vector<std::future<int>> futures;
static std::vector<std::atomic<int>> flags(SUBMIT_TASKS);

static void submit(long i)
{
    auto promise = std::make_shared<std::promise<int>>();
    futures[static_cast<std::size_t>(i)] = promise->get_future();
    arena->enqueue([promise, i] { promise->set_value(submit_task(i)); });
}

static int get(long i)
{
    return futures[static_cast<std::size_t>(i)].get();
}

static void submit_flag(long i)
{
    std::atomic<int> &flag = flags[static_cast<std::size_t>(i)];
    flag.store(-1, std::memory_order_relaxed);
    arena->enqueue([&flag, i] { flag.store(submit_task(i), std::memory_order_release); });
}

static int get_flag(long i)
{
    std::atomic<int> &flag = flags[static_cast<std::size_t>(i)];
    int status;
    while ((status = flag.load(std::memory_order_acquire)) < 0)
        std::this_thread::yield();
    return status;
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                              static_cast<std::size_t>(b.workers) + 1);
    tbb::task_arena workers(b.workers, 0);
    arena = &workers;
    futures.resize(SUBMIT_TASKS);
    bench_version(TBB_runtime_version());
    const submit_api by_flag = {"flag-", submit_flag, get_flag, 0};
    const submit_api by_promise = {"", submit, get, b.workers};
    const submit_api by_bound = {"bound-", submit_flag, get_flag, 0};
    int status = submit_measure(&b, &by_promise);
    status |= submit_measure(&b, &by_flag);
    bench_tbb_bound bound(workers);
    return submit_measure(&b, &by_bound) | status;
}
