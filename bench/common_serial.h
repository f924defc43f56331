/* SPDX-License-Identifier: MIT */
/* bench/common_serial.h - the version line of programs without a runtime: their compiler. */
#ifndef BENCH_COMMON_SERIAL_H
#define BENCH_COMMON_SERIAL_H

#include "common.h"

static inline void bench_serial(void)
{
#ifdef __clang__
    bench_version("clang " __clang_version__);
#else
    bench_version("gcc " __VERSION__);
#endif
}

#endif
