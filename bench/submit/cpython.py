# SPDX-License-Identifier: MIT
"""bench/submit/cpython.py - concurrent.futures.ThreadPoolExecutor (executor), multiprocessing.pool.ThreadPool
(apply-async), and multiprocessing.Pool: map with its own chunks (map), imap without any (imap).

  - Fewer tasks than elsewhere, per task; only `map` has them all.
"""

import pathlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool
from multiprocessing.pool import ThreadPool

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench

TASKS, TASKS_QUICK, TASKS_MAP = 20_000, 5_000, 1_000_000


def task(number):
    return number % 64


def submitters(options):
    """(prefix, submit(i) -> future, get(future)) of those that give futures."""
    executor = ThreadPoolExecutor(options.workers)
    pool = ThreadPool(options.workers)
    return [("executor-", lambda i: executor.submit(task, i), lambda f: f.result(), executor),
            ("apply-async-", lambda i: pool.apply_async(task, (i,)), lambda f: f.get(), pool)]


def by_one(submit, get, numbers):
    futures = [submit(i) for i in numbers]
    return [get(future) for future in futures]


def check(results):
    bench.check("the sum of statuses", sum(results), sum(task(i) for i in range(len(results))))


def measure_one(submit, get, n):
    return bench.seconds(lambda: check(by_one(submit, get, range(n))))


def measure_two(submit, get, n):
    start, stop = threading.Barrier(3), threading.Barrier(3)
    results = []

    def half(numbers):
        start.wait()
        own = by_one(submit, get, numbers)
        stop.wait()
        results.extend(own)

    threads = [threading.Thread(target=half, args=(part,)) for part in (range(n // 2), range(n // 2, n))]
    for thread in threads:
        thread.start()
    start.wait()
    took = bench.seconds(stop.wait)
    for thread in threads:
        thread.join()
    check(results)
    return took


def show_many(options, how):
    n = TASKS_QUICK if options.quick else TASKS
    for prefix, submit, get, _ in submitters(options):
        bench.show(prefix + "time", bench.repeat(lambda: how(submit, get, n)) / n * 1e9, "ns")


def measure_processes(options):
    n = TASKS_QUICK if options.quick else TASKS
    many = TASKS_MAP // 10 if options.quick else TASKS_MAP
    with Pool(options.workers) as pool:
        took = bench.repeat(lambda: bench.seconds(lambda: check(pool.map(task, range(many)))))
        bench.show("map-time", took / many * 1e9, "ns")
        took = bench.repeat(lambda: bench.seconds(lambda: check(list(pool.imap(task, range(n))))))
        bench.show("imap-time", took / n * 1e9, "ns")


def measure_many(options):
    measure_processes(options)  # first: it forks
    show_many(options, measure_one)


def measure_inside(options):
    """A task of the pool submits to it and waits; another worker has to be there."""
    if options.workers < 2:
        bench.leave_out("a task that waits for others needs a second worker")
    n = TASKS_QUICK if options.quick else TASKS
    for prefix, submit, get, pool in submitters(options):
        enter = pool.submit if isinstance(pool, ThreadPoolExecutor) else lambda fn: pool.apply_async(fn)
        took = bench.repeat(lambda: get(enter(lambda: measure_one(submit, get, n))))
        bench.show(prefix + "time", took / n * 1e9, "ns")


def measure_hot(options):
    for prefix, submit, get, _ in submitters(options):
        took = bench.repeat_batch(lambda: bench.check("the status", get(submit(5)), 5))
        bench.show(prefix + "time", took * 1e6, "us")


def measure_idle(options):
    for prefix, submit, get, _ in submitters(options):
        bench.latencies(prefix, lambda: bench.check("the status", get(submit(5)), 5), options.quick)


MEASURE = {"submit-get": measure_many, "submit-get-two": lambda options: show_many(options, measure_two),
           "submit-get-inside": measure_inside, "round-trip-hot": measure_hot,
           "round-trip-idle": measure_idle}

if __name__ == "__main__":
    given = bench.arguments()
    MEASURE[given.benchmark](given)
    bench.finish()
