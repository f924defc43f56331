# SPDX-License-Identifier: MIT
"""bench/futures/cpython.py - concurrent.futures with a ThreadPoolExecutor: a chain of callbacks (add_done_callback),
wait for all, as_completed. Fewer futures than elsewhere, per future."""

import concurrent.futures as cf
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import common_cpython as bench

HOPS, PARTS, PARTS_QUICK = 1_000, 20_000, 5_000


def attach(before):
    """The future that follows `before`, as users of this library spell it."""
    after = cf.Future()
    before.add_done_callback(lambda ended: after.set_result(ended.result() + 1))
    return after


def chain(hops):
    """Short ones: callbacks call each other, and Python's stack ends."""
    total = 0
    for _ in range(hops // 50):
        last = first = cf.Future()
        for _ in range(50):
            last = attach(last)
        first.set_result(0)
        total += last.result()
    bench.check("the chains' hops", total, hops)


def measure_chain(_):
    bench.show("inline-time", bench.repeat_batch(lambda: chain(HOPS)) / HOPS * 1e9, "ns")


def show(options, take, ended):
    executor = cf.ThreadPoolExecutor(options.workers)
    n = PARTS_QUICK if options.quick else PARTS

    def once():
        parts = [executor.submit(lambda i=i: i) for i in range(n)]
        if ended:
            cf.wait(parts)
        return bench.seconds(lambda: bench.check("what came together", take(parts), n * (n - 1) // 2))

    bench.show("ended-time" if ended else "time", bench.repeat(once) / n * 1e9, "ns")


def whole(parts):
    done, _ = cf.wait(parts)
    return sum(part.result() for part in done)


def completions(parts):
    return sum(part.result() for part in cf.as_completed(parts))


MEASURE = {"then-chain": measure_chain,
           "when-all": lambda options: [show(options, whole, ended) for ended in (True, False)],
           "completions": lambda options: [show(options, completions, ended) for ended in (True, False)]}

if __name__ == "__main__":
    given = bench.arguments()
    MEASURE[given.benchmark](given)
    bench.finish()
