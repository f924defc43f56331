# SPDX-License-Identifier: MIT
"""bench/mpi/pool.py - mpi4py.futures.MPICommExecutor: maps in chunks of 1,000 cheap or 10 unequal items; single: of one, its default.

  - Fewer tasks than elsewhere, per task; less to compute in the items of unequal cost, beside what that takes here.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench
import mpi4py
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor

TASKS, TASKS_QUICK, ITEMS, SKEWED, LONG = 10_000, 1_000, 100_000, 10_000, 1_000_000
LOOPS, LOOPS_QUICK = 20e6, 5e6


def task():
    return 0


def echo(values):
    return values


def item(number):
    return number + 1


def skewed(cost):
    for _ in range(cost):
        pass
    return cost + 1


def submit_all(executor, n):
    futures = [executor.submit(task) for _ in range(n)]
    bench.check("a task that failed", any(future.result() for future in futures), False)


def map_all(executor, fn, items, chunk):
    bench.check("what came back", list(executor.map(fn, items, chunksize=chunk)), [i + 1 for i in items])


def measure_skewed(executor, metric, costs, options):
    """As a multiple of what equal parts take, one for each rank, side by side, before and after."""
    equal = [sum(costs) // options.workers] * options.workers
    for prefix, chunk in (("", 10), ("single-", 1)):
        ratios = []
        for _ in range(3):
            before = bench.seconds(lambda: map_all(executor, skewed, equal, 1))
            took = bench.seconds(lambda: map_all(executor, skewed, costs, chunk))
            after = bench.seconds(lambda: map_all(executor, skewed, equal, 1))
            ratios.append(took / ((before + after) / 2))
        bench.show(prefix + metric, sorted(ratios)[1], "x")


def measure(executor, options):
    n, loops = (TASKS_QUICK, LOOPS_QUICK) if options.quick else (TASKS, LOOPS)
    bench.show("hot-time", bench.repeat_batch(lambda: executor.submit(task).result(), bench.BATCH_OF_PROCESSES) * 1e6, "us")
    values = bytes(LONG)
    bench.show("long-time", bench.repeat_batch(lambda: executor.submit(echo, values).result()) * 1e6, "us")
    bench.show("task-time", bench.repeat(lambda: bench.seconds(lambda: submit_all(executor, n))) / n * 1e6, "us")
    for prefix, items, chunk in (("", ITEMS, 1000), ("single-", ITEMS // 10, 1)):
        took = bench.repeat(lambda: bench.seconds(lambda: map_all(executor, item, range(items), chunk)))
        bench.show(prefix + "map-time", took / items * 1e6, "us")
    h = sum(1 / (i + 1) for i in range(SKEWED))
    costs = [int(loops / h / (i + 1)) for i in range(SKEWED)]
    measure_skewed(executor, "skew-head", costs, options)
    measure_skewed(executor, "skew-tail", costs[::-1], options)


def main():
    with MPICommExecutor(MPI.COMM_WORLD, root=0) as executor:
        if executor is not None:
            options = bench.arguments()
            print("version", mpi4py.__version__, flush=True)
            measure(executor, options)


if __name__ == "__main__":
    main()
