#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up the tests inside the test programs of several meson runs.

    tests/count.py [--failed TEXT]... LABEL=TESTLOG.json...

- The numbers come from a program's own closing line: `N passed, N failed[, N skipped]` or Criterion's synthesis.
- A program without one is one test: passed if it ends with 0, skipped with 77, else failed.
- A program that crashes, hangs, fails without saying where, or has run nothing counts as failed, never as passed.
- Prints one line for each program, the end of what each failed one printed, and the sum as the last line.
- Ends with 1 if anything failed or nothing passed.
"""

import argparse
import json
import pathlib
import re
import sys
from collections import namedtuple

Count = namedtuple("Count", "passed failed skipped")
SKIPPED = 77
LAST_WORDS = 40  # lines of a failed program that are shown again behind all others
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\.?$", re.M)
CRITERION = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")
CRITERION_SKIP = re.compile(r"^\[SKIP\] ", re.M)
REASON = re.compile(r"^(?:\[SKIP\]|skipped?:?)\s*(.+)$", re.M | re.I)


def criterion(text):
    """Criterion leaves skipped tests out of its sum and names them only when it is verbose."""
    found = CRITERION.findall(text)
    if not found:
        return None
    tested, passing, _, _ = (int(n) for n in found[-1])
    return Count(passing, tested - passing, len(CRITERION_SKIP.findall(text)))


def closing(text):
    found = CLOSING.findall(text)
    return Count(*(int(n or 0) for n in found[-1])) if found else None


def printed(test):
    text = COLOUR.sub("", test.get("stdout", "") + "\n" + test.get("stderr", ""))
    return closing(text) or criterion(text), text


def ended(test):
    """0, 77 or 1: how the program ended, as meson saw it."""
    result = test.get("result", "")
    if result in ("OK", "EXPECTEDFAIL"):
        return 0
    return SKIPPED if result == "SKIP" else 1


def judge(test):
    """(Count, remark) of one program."""
    count, text = printed(test)
    end, result = ended(test), test.get("result", "no result")
    if end == 1:
        if count is None or test.get("returncode", 1) not in range(1, 126) or result != "FAIL":
            return Count(0, max(1, count.failed if count else 0), 0), f"{result}, {ending(test)}"
        return count._replace(failed=max(1, count.failed)), ending(test)
    if count is None:
        return (Count(1, 0, 0), "ended with 0") if end == 0 else (Count(0, 0, 1), reason(text))
    if sum(count) == 0:
        return Count(0, 1, 0), "has run no test"
    if end == SKIPPED and count.skipped == 0:
        count = count._replace(skipped=1)
    return count, reason(text) if count.skipped else ""


def ending(test):
    code = test.get("returncode")
    return f"ended by signal {-code}" if isinstance(code, int) and code < 0 else f"exit status {code}"


def reason(text):
    """Why something was skipped: what it says itself, or its last line."""
    said = dict.fromkeys(REASON.findall(text))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "skipped: " + ("; ".join(said) or (lines[-1] if lines else "no reason given"))[:160]


def phrase(count):
    return f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped"


def add(counts):
    return Count(*(sum(column) for column in zip(Count(0, 0, 0), *counts)))


def last_words(test):
    """The end of what a program printed, its errors last."""
    lines = [line.rstrip() for line in printed(test)[1].splitlines() if line.strip()]
    return lines[-LAST_WORDS:]


def programs(label, path):
    """(label, name, Count, remark, last words) of each program in a meson testlog; a missing log is a failure."""
    try:
        tests = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    except (OSError, ValueError) as why:
        return [(label, "tests", Count(0, 1, 0), f"no log: {why}", [])]
    if not tests:
        return [(label, "tests", Count(0, 1, 0), "no test ran", [])]
    return [(label, test.get("name", "?"), *judge(test), last_words(test)) for test in tests]


def line(label, name, count, remark):
    return f"{label:14} {name:40} {phrase(count)}" + (f"  ({remark})" if remark else "")


def show(rows):
    for *judged, _ in rows:
        print(line(*judged))
    for *judged, words in rows:
        if judged[2].failed:
            print("== failed: " + line(*judged), *words, sep="\n    ")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--failed", action="append", default=[], metavar="TEXT", help="something that failed before")
    parser.add_argument("logs", nargs="*", metavar="LABEL=TESTLOG.json")
    options = parser.parse_args(arguments)
    rows = [("tests/run", text, Count(0, 1, 0), "", []) for text in options.failed]
    for log in options.logs:
        label, _, path = log.partition("=")
        rows += programs(label, pathlib.Path(path))
    show(rows)
    total = add(row[2] for row in rows)
    print(phrase(total))
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
