/* SPDX-License-Identifier: MIT */
/*
 * bench/imap/tbb.cpp - parallel_pipeline with as many tokens as the window has: a source in order, a parallel middle, a
 * sink in order or (unordered) one at a time.
 */
#include "../common_tbb.h"
#include "imap.h"

#include <tbb/parallel_pipeline.h>

static long run(long n, bool ordered)
{
    long next = 0, count = 0, sum = 0, misplaced = 0;
    const auto source = [&](tbb::flow_control &flow) {
        if (next == n)
            flow.stop();
        return next < n ? next++ : n;
    };
    const auto sink = [&](long out) {
        misplaced += ordered && out != count;
        count++;
        sum += out;
    };
    using tbb::filter_mode;
    tbb::parallel_pipeline(
        IMAP_WINDOW,
        tbb::make_filter<void, long>(filter_mode::serial_in_order, source) &
            tbb::make_filter<long, long>(filter_mode::parallel, [](long in) { return in; }) &
            tbb::make_filter<long, void>(
                ordered ? filter_mode::serial_in_order : filter_mode::serial_out_of_order, sink));
    return misplaced + (count != n) + (sum != n * (n - 1) / 2);
}

int main(int argc, char **argv)
{
    bench b = bench_args(argc, argv);
    bench_tbb tbb(b);
    return tbb.arena.execute([&] {
        int status = imap_measure(&b, "ordered-", run, true);
        return imap_measure(&b, "unordered-", run, false) | status;
    });
}
