# SPDX-License-Identifier: MIT
"""bench/executor-shutdown/cpython.py - ThreadPoolExecutor.shutdown(cancel_futures=True), each future with a callback in
place of the destructor. Fewer tasks than elsewhere, per task."""

import pathlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench

TASKS, TASKS_QUICK = 100_000, 10_000


def shutdown(workers, n):
    executor = ThreadPoolExecutor(workers)
    ended = [0] * n
    gate, at_gate = threading.Event(), threading.Barrier(workers + 1)

    def keep():
        at_gate.wait()
        gate.wait()

    def count(number):
        ended[number] += 1

    for _ in range(workers):
        executor.submit(keep)
    at_gate.wait()
    for number in range(n):
        future = executor.submit(int)
        future.add_done_callback(lambda _, number=number: count(number))
    future.add_done_callback(lambda _: gate.set())  # the last one
    took = bench.seconds(lambda: executor.shutdown(cancel_futures=True))
    bench.check("the number of futures that ended once", sum(count == 1 for count in ended), n)
    return took


def measure(options):
    n = TASKS_QUICK if options.quick else TASKS
    bench.show("time", bench.repeat(lambda: shutdown(options.workers, n)) / n * 1e9, "ns")


if __name__ == "__main__":
    measure(bench.arguments())
    bench.finish()
