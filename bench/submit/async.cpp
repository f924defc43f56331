/* SPDX-License-Identifier: MIT */
/* bench/submit/async.cpp - std::async of the C++ library: a new thread for each task, whatever N is. Not for a
 * million at a time. */
#include "../common_serial.h"
#include "submit.h"

#include <future>
#include <vector>

static std::vector<std::future<int>> futures(SUBMIT_TASKS);

static void submit(long i)
{
    futures[static_cast<std::size_t>(i)] = std::async(std::launch::async, submit_task, i);
}

static int get(long i)
{
    return futures[static_cast<std::size_t>(i)].get();
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_serial();
    const submit_api api = {"", submit, get, nullptr, nullptr, nullptr};
    return submit_measure(&b, &api);
}
