#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random small programs of atomic accesses, each with all its outcomes by the axioms of C++20: a harness in C.

usage: random_litmus.py SEED PROGRAMS > model_random.c

The axioms are read from the standard, [intro.races] and [atomics.order], and tried on every execution: every order of
the steps (which is the modification order, and that of sequentially consistent steps: README.md says what that leaves
out), and every store before it for each load. The checker must come to the same outcomes by its own way.
"""
import itertools
import random
import sys

ACQUIRES = {"ACQUIRE", "ACQ_REL", "SEQ_CST"}
RELEASES = {"RELEASE", "ACQ_REL", "SEQ_CST"}
ORDERS = {
    "load": ["RELAXED", "ACQUIRE", "SEQ_CST"],
    "store": ["RELAXED", "RELEASE", "SEQ_CST"],
    "exchange": ["RELAXED", "ACQUIRE", "RELEASE", "ACQ_REL", "SEQ_CST"],
    "fence": ["ACQUIRE", "RELEASE", "ACQ_REL", "SEQ_CST", "SEQ_CST"],
}
SHAPES = [(3, 3), (2, 2, 2), (3, 2), (3, 3), (1, 3, 2), (3, 4), (3, 1, 3)]
OUTCOMES_MAX = 60


class Step:
    """One access or fence; thread None: what memory holds before."""

    def __init__(self, thread, kind, place, order, value):
        self.thread, self.kind, self.place, self.order, self.value = thread, kind, place, order, value
        self.reads, self.writes = kind in ("load", "exchange"), kind in ("store", "exchange")
        self.fence, self.sc = kind == "fence", order == "SEQ_CST"

    def code(self, result):
        order = f"__ATOMIC_{self.order}"
        return {
            "load": f"r[{result}] = __atomic_load_n(&{self.place}, {order});",
            "store": f"__atomic_store_n(&{self.place}, {self.value}, {order});",
            "exchange": f"r[{result}] = __atomic_exchange_n(&{self.place}, {self.value}, {order});",
            "fence": f"__atomic_thread_fence({order});",
        }[self.kind]


def random_program(rnd):
    """Threads, lists of steps. Each store has a value of its own."""
    values = itertools.count(1)
    sc = rnd.random() < 0.6
    threads = []
    for thread, length in enumerate(rnd.choice(SHAPES)):
        steps = []
        place = rnd.choice("xy")
        for i in range(length):
            inside = 0 < i < length - 1  # elsewhere a fence does little
            kind = rnd.choices(list(ORDERS), [4, 4, 2, 4 * inside])[0]
            if kind != "fence" and rnd.random() < 0.8:
                place = "y" if place == "x" else "x"
            orders = [o for o in ORDERS[kind] if sc or kind == "fence" or o != "SEQ_CST"]
            steps.append(Step(thread, kind, place, rnd.choice(orders), next(values)))
        threads.append(steps)
    return threads


def interleavings(threads):
    for order in distinct([t for t, steps in enumerate(threads) for _ in steps]):
        at = [iter(steps) for steps in threads]
        yield [next(at[t]) for t in order]


def distinct(items):
    """Permutations of a list with equal items, each once."""
    if not items:
        yield []
    for first in sorted(set(items)):
        rest = list(items)
        rest.remove(first)
        for others in distinct(rest):
            yield [first] + others


def closure(steps, pairs):
    after = {s: set() for s in steps}
    for a, b in pairs:
        after[a].add(b)
    for k in steps:
        for i in steps:
            if k in after[i]:
                after[i] |= after[k]
    return after


def synchronises(read, before, source):
    """The pairs that this read makes: releases of the sequence that it reads from, its acquires."""
    fences = [s for s in before if s.fence]
    tails = [read] * (read.order in ACQUIRES) + [f for f in fences if f.order in ACQUIRES and read in before[f]]
    store = source[read]
    while store.thread is not None:
        heads = [store] * (store.order in RELEASES) + [f for f in fences if f.order in RELEASES and f in before[store]]
        yield from ((a, b) for a in heads for b in tails)
        if not store.reads:
            return
        store = source[store]


def consistent(steps, position, before, histories, source):
    sequenced = [(a, b) for b in steps for a in before[b]]
    happens = closure(steps, sequenced + [p for r in source for p in synchronises(r, before, source)])
    changes = {(h[i], h[j]) for h in histories.values() for i in range(len(h)) for j in range(i + 1, len(h))}
    overtaken = [(r, w) for r in source for w in histories[r.place] if (source[r], w) in changes and w is not r]
    coherence = closure(steps, list(changes) + [(w, r) for r, w in source.items()] + overtaken)
    fences = [s for s in steps if s.fence and s.sc]
    for a in steps:
        if a in happens[a] or a in coherence[a]:
            return False
        for b in coherence[a]:
            first = [a] * a.sc + [f for f in fences if a in happens[f]]
            second = [b] * b.sc + [f for f in fences if f in happens[b]]
            if a in happens[b] or any(position[p] >= position[q] for p in first for q in second):
                return False
    return True


def outcomes(threads):
    initial = {place: Step(None, "store", place, "RELAXED", 0) for place in "xy"}
    own = [s for steps in threads for s in steps]
    steps = list(initial.values()) + own
    before = {s: set(initial.values()) if s in own else set() for s in steps}
    for thread in threads:
        for i, step in enumerate(thread):
            before[step] |= set(thread[:i])
    reads = [s for s in own if s.reads]
    seen, tried = set(), set()
    for order in interleavings(threads):
        position = {s: i for i, s in enumerate(list(initial.values()) + order)}
        histories = {p: [initial[p]] + [s for s in order if s.writes and s.place == p] for p in "xy"}
        options = []
        for read in reads:
            earlier = [w for w in histories[read.place] if position[w] < position[read]]
            options.append(earlier[-1:] if read.writes else earlier)
        for chosen in itertools.product(*options):
            key = (chosen, *map(tuple, histories.values()), tuple(s for s in order if s.sc))
            if key in tried:
                continue
            tried.add(key)
            if consistent(steps, position, before, histories, dict(zip(reads, chosen))):
                last = [histories[p][-1] for p in "xy"]
                seen.add(",".join(str(s.value) for s in [*chosen, *last]))
    return reads, sorted(seen)


def main():
    rnd = random.Random(int(sys.argv[1]))
    scenarios = []
    print('#include "checker/mc.h"\n\nstatic int x, y, r[8];')
    while len(scenarios) < int(sys.argv[2]):
        threads = random_program(rnd)
        reads, seen = outcomes(threads)
        if len(seen) > OUTCOMES_MAX:
            continue
        name = f"random_{len(scenarios)}"
        for t, steps in enumerate(threads):
            code = " ".join(s.code(reads.index(s) if s.reads else None) for s in steps)
            print(f"static void {name}_{t}(void) {{ {code} }}")
        results = "".join(f"r[{i}], " for i in range(len(reads)))
        print(f'static void {name}_end(void) {{ mc_outcome("{",".join(["%d"] * (len(reads) + 2))}", {results}x, y); }}')
        functions = ", ".join(f"{name}_{t}" for t in range(len(threads)))
        text = " ".join(o + ";" for o in seen)
        scenarios.append(f'    {{.name = "{name}", .thread = {{{functions}}}, .check = {name}_end, '
                         f'.bound = MC_UNBOUNDED, .outcomes = "{text}"}},')
    print("static const mc_scenario scenarios[] = {", *scenarios, "};", sep="\n")
    print("int main(int argc, char **argv)\n{\n    return mc_main(argc, argv, scenarios, "
          "sizeof scenarios / sizeof scenarios[0]);\n}")


main()
