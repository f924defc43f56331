# SPDX-License-Identifier: MIT
"""bench/common_cpython.py - common.h for programs in Python: arguments, metrics, medians, checks."""

import argparse
import os
import platform
import statistics
import sys
import time

REPEATS, SECONDS, BATCH, BATCH_OF_PROCESSES = 7, 0.25, 0.002, 0.05
LATENCY_IDLE = 0.002
LEFT_OUT = 77


def arguments():
    """The benchmark's name and its options: bench/meson.build hands the name in first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("benchmark")
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    print("version", platform.python_version(), flush=True)
    return options


def show(metric, value, unit):
    print(f"{metric} {value:.9g} {unit}", flush=True)


def check(what, got, expected):
    if got != expected:
        sys.exit(f"wrong result: {what} is {got}, must be {expected}")


def leave_out(why):
    print(why, file=sys.stderr)
    sys.exit(LEFT_OUT)


def repeat(once):
    """The median of seconds = once(), called for a quarter of a second, seven times at most."""
    took = []
    while len(took) < REPEATS and sum(took) < SECONDS:
        took.append(once())
    return statistics.median(took)


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def repeat_batch(one, least=BATCH):
    """Seconds of one(), called back to back in batches that are long enough."""
    calls = 1

    def batch():
        return seconds(lambda: [one() for _ in range(calls)])

    while batch() < least:
        calls *= 2
    return repeat(batch) / calls


def latencies(prefix, one, quick):
    """Median and 99th percentile of one() after idleness, as common_latency.h."""
    events = 100 if quick else 300
    took = []
    for _ in range(events + events // 10):
        time.sleep(LATENCY_IDLE)
        took.append(seconds(one))
    took = sorted(took[events // 10:])
    show(prefix + "median", statistics.median(took) * 1e6, "us")
    show(prefix + "p99", took[(events * 99 + 99) // 100 - 1] * 1e6, "us")


def resident(what="VmRSS"):
    """Bytes of the process in memory; VmHWM: the most since forget_most."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith(what))
    return int(line.split()[1]) * 1024


def forget_most():
    with open("/proc/self/clear_refs", "w", encoding="ascii") as refs:
        refs.write("5")


def finish():
    """Ends without the interpreter's own clean-up of what the benchmark holds."""
    sys.stdout.flush()
    os._exit(0)
