/* SPDX-License-Identifier: MIT */
/*
 * bench/submit/tbb.cpp - task_arena::enqueue with the two ends that its users give to a task: a promise, and
 * (flag) a word for the status that the submitter reads until it is there, yielding.
 *
 *  - group: the same from inside a worker by task_group::run, and one wait for all: no task of its own can be waited for.
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

static thread_local std::unique_ptr<tbb::task_group> group;

static void begin_group()
{
    group = std::make_unique<tbb::task_group>();
}

static void end_group()
{
    group.reset();
}

static void submit_to_group(long i)
{
    std::atomic<int> &flag = flags[static_cast<std::size_t>(i)];
    flag.store(-1, std::memory_order_relaxed);
    group->run([&flag, i] { flag.store(submit_task(i), std::memory_order_release); });
}

static int get_from_group(long i)
{
    std::atomic<int> &flag = flags[static_cast<std::size_t>(i)];
    if (flag.load(std::memory_order_acquire) < 0)
        group->wait();
    return flag.load(std::memory_order_acquire);
}

static void inside(void (*run)(void *), void *arg)
{
    std::promise<void> done;
    arena->enqueue([&done, run, arg] {
        run(arg);
        done.set_value();
    });
    done.get_future().wait();
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    const bool from_inside = BENCH_MEASURE == submit_measure_inside;
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                              static_cast<std::size_t>(b.workers) + 1);
    tbb::task_arena workers(b.workers, 0);
    arena = &workers;
    futures.resize(SUBMIT_TASKS);
    bench_version(TBB_runtime_version());
    /* A worker that waits for a promise or a flag runs nothing meanwhile: there has to be another one. */
    const auto blocks = b.workers > 1 ? inside : nullptr;
    const submit_api by_promise = {"", submit, get, nullptr, nullptr, blocks};
    const submit_api by_flag = {"flag-", submit_flag, get_flag, nullptr, nullptr, blocks};
    const submit_api by_bound = {"bound-", submit_flag, get_flag, nullptr, nullptr, blocks};
    const submit_api by_group = {"group-", submit_to_group, get_from_group, begin_group, end_group, inside};
    int status = from_inside ? submit_measure(&b, &by_group) : 0;
    status |= submit_measure(&b, &by_promise);
    status |= submit_measure(&b, &by_flag);
    bench_tbb_bound bound(workers);
    return submit_measure(&b, &by_bound) | status;
}
