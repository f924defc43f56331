# SPDX-License-Identifier: MIT
"""bench/processes/cpython.py - multiprocessing.Pool and concurrent.futures.ProcessPoolExecutor (executor), with their own chunks.

  - Fewer tasks than elsewhere, per task; and a smaller array, whose blocks are sent, and sent back, and put together.
"""

import pathlib
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench

TASKS, TASKS_QUICK, ITEMS = 10_000, 2_000, 100_000
BLOCK, BYTES, BYTES_QUICK = 64 << 10, 256 << 20, 64 << 20
TABLE = bytes((5 * i + 3) % 256 for i in range(256))


def task():
    return 0


def item(number):
    return number + 1


def block(part):
    return part.translate(TABLE)


def submit_all(submit, get, n):
    futures = [submit(task) for _ in range(n)]
    bench.check("a task that failed", any(get(future) for future in futures), False)


def map_all(run_map, n):
    bench.check("what came back", list(run_map(item, range(n))), list(range(1, n + 1)))


def map_blocks(run_map, blocks):
    bench.check("bytes", b"".join(run_map(block, blocks)), bytes([TABLE[0]]) * (BLOCK * len(blocks)))


def measure(prefix, submit, get, run_map, quick):
    n, items = (TASKS_QUICK, ITEMS // 10) if quick else (TASKS, ITEMS)
    blocks = [bytes(BLOCK)] * ((BYTES_QUICK if quick else BYTES) // BLOCK)
    bench.show(prefix + "hot-time", bench.repeat_batch(lambda: get(submit(task)), bench.BATCH_OF_PROCESSES) * 1e6, "us")
    took = bench.repeat(lambda: bench.seconds(lambda: submit_all(submit, get, n)))
    bench.show(prefix + "task-time", took / n * 1e6, "us")
    took = bench.repeat(lambda: bench.seconds(lambda: map_all(run_map, items)))
    bench.show(prefix + "map-time", took / items * 1e6, "us")
    took = bench.repeat(lambda: bench.seconds(lambda: map_blocks(run_map, blocks)))
    bench.show(prefix + "array-time", took / (BLOCK * len(blocks)) * 2**30 * 1e3, "ms/GiB")


def main():
    options = bench.arguments()
    with Pool(options.workers) as pool:
        measure("", pool.apply_async, lambda future: future.get(), pool.map, options.quick)
    with ProcessPoolExecutor(options.workers) as executor:
        measure("executor-", executor.submit, lambda future: future.result(), executor.map, options.quick)


if __name__ == "__main__":
    main()
