# SPDX-License-Identifier: MIT
"""bench/blocking/cpython.py - ThreadPoolExecutor of N threads (submit), and of as many as there are tasks (sized)."""

import pathlib
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench

TASKS, SECONDS = 64, 0.02


def submit(threads):
    ran = []

    def task(number):
        time.sleep(SECONDS)
        ran.append(number)

    with ThreadPoolExecutor(threads) as executor:
        took = bench.seconds(lambda: list(executor.map(task, range(TASKS))))
    bench.check("the number of tasks that ran", len(ran), TASKS)
    return took


def measure(options):
    runs = 1 if options.quick else bench.REPEATS
    for metric, threads in (("submit", options.workers), ("sized", TASKS)):
        bench.show(metric, statistics.median(submit(threads) for _ in range(runs)) * 1e3, "ms")


if __name__ == "__main__":
    measure(bench.arguments())
    bench.finish()
