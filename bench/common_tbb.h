/* SPDX-License-Identifier: MIT */
/* bench/common_tbb.h - N threads of oneTBB: the limit of the process, and an arena as large. */
#ifndef BENCH_COMMON_TBB_H
#define BENCH_COMMON_TBB_H

#include "common.h"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
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

#endif
