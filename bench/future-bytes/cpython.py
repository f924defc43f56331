# SPDX-License-Identifier: MIT
"""bench/future-bytes/cpython.py - ThreadPoolExecutor.submit. Fewer futures than elsewhere, per future."""

import pathlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench

FUTURES, FUTURES_QUICK = 100_000, 20_000


def measure(options):
    n = FUTURES_QUICK if options.quick else FUTURES
    executor, gate = ThreadPoolExecutor(options.workers), threading.Event()
    futures = [None] * n
    for _ in range(options.workers):
        executor.submit(gate.wait)
    before = bench.resident()
    for number in range(n):
        futures[number] = executor.submit(int, number)
    bench.show("submit", (bench.resident() - before) / n, "bytes")
    gate.set()
    bench.check("the sum of results", sum(future.result() for future in futures), n * (n - 1) // 2)


if __name__ == "__main__":
    measure(bench.arguments())
    bench.finish()
