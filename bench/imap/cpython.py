# SPDX-License-Identifier: MIT
"""bench/imap/cpython.py - imap and imap_unordered of multiprocessing.Pool and multiprocessing.pool.ThreadPool (threads).

  - A chunk of one item, the default, and (chunked) of 64. Fewer items than elsewhere, per item.
  - Nothing bounds how far the source is read ahead: `grown` tells what became of it.
"""

import pathlib
import sys
from multiprocessing import Pool
from multiprocessing.pool import ThreadPool

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench

ITEMS, ITEMS_QUICK, ITEMS_CHUNKED = 20_000, 5_000, 500_000


def item(number):
    return number


def run(imap, n, chunk, ordered):
    """Checks each result as it comes."""
    count = total = 0
    for result in imap(item, iter(range(n)), chunk):
        if ordered:
            bench.check("a result", result, count)
        count += 1
        total += result
    bench.check("the results' sum", (count, total), (n, n * (n - 1) // 2))


def peak(imap, n, chunk, ordered):
    bench.forget_most()
    run(imap, n, chunk, ordered)
    return bench.resident("VmHWM")


def measure(pool, prefix, n, chunk):
    for ordered, name, imap in ((True, "ordered-", pool.imap), (False, "unordered-", pool.imap_unordered)):
        run(imap, n // 10, chunk, ordered)
        few, many = (peak(imap, size, chunk, ordered) for size in (n // 10, n))
        took = bench.repeat(lambda: bench.seconds(lambda: run(imap, n, chunk, ordered)))
        bench.show(prefix + name + "time", took / n * 1e9, "ns")
        bench.show(prefix + name + "peak", many / 2**20, "MiB")
        bench.show(prefix + name + "grown", (many - few) / 2**10, "KiB")


def measure_all(options):
    part = 10 if options.quick else 1
    with Pool(options.workers) as pool:  # first: it forks
        measure(pool, "", ITEMS_QUICK if options.quick else ITEMS, 1)
        measure(pool, "chunked-", ITEMS_CHUNKED // part, 64)
    with ThreadPool(options.workers) as pool:
        measure(pool, "threads-", ITEMS_QUICK if options.quick else ITEMS, 1)
        measure(pool, "threads-chunked-", ITEMS_CHUNKED // part, 64)


if __name__ == "__main__":
    measure_all(bench.arguments())
    bench.finish()
