#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does a debugger's `call weft_dump(0, 2)` show what a hanging program does? dump_in_gdb.py PROGRAM (of hang.c)

- Once at a breakpoint inside a task, with the program started by gdb; once with gdb attached to the hanging process.
- Skipped where there is no gdb, or where it may not trace, or cannot call any function: Debian 12's gdb 13 does not write the
  registers of processors with AMX.
"""

import os
import re
import shutil
import signal
import subprocess
import sys

GDB = ["gdb", "-nx", "-batch", "-ex", "set confirm off"]
CALL = ["-ex", "call (int)weft_dump(0, 1)"]
POOL = r"^pool hang 0x[0-9a-f]+: started 2 of 2, .*, open$"
RUNS = r"^worker [01] tid \d+ pu \d+: running task fn=0x[0-9a-f]+ arg=0x[0-9a-f]+ for [0-9.]+ [mun]?s(, standing still)?; "
WAITS = r"^guest \d+ tid \d+ pu \d+: waiting for future 0x[0-9a-f]+ \(running\), in root"
FORBIDDEN = re.compile(r"ptrace|not permitted|Couldn't|Cannot|No symbol table|Don't know how to", re.I)
SECONDS = 180

passed = failed = skipped = 0


def check(name, text, *patterns):
    global passed, failed
    for pattern in patterns:
        if re.search(pattern, text, re.M):
            passed += 1
        else:
            failed += 1
            print(f"{name}: nothing like {pattern} in\n{text}")


def skip(name, reason):
    global skipped
    skipped += 1
    print(f"skipped: {name}: {reason}")


def may_trace():
    """Why gdb cannot run a program here at all, or call libc's functions in it, or None."""
    if not shutil.which("gdb"):
        return "no gdb here"
    run = subprocess.run([*GDB, "-ex", "break main", "-ex", "run", "-ex", "call (int)getpid() > 0", "-ex", "kill", sys.argv[1]],
                         capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    if not re.search(r"\bBreakpoint 1, ", run.stdout):
        return f"gdb does not run it: {run.stderr.strip()[-200:]}"
    return None if "$1 = 1" in run.stdout else f"gdb calls no function in it: {run.stderr.strip()[-200:]}"


def at_breakpoint():
    run = subprocess.run([*GDB, "-ex", "break never_ends", "-ex", "run", *CALL, "-ex", "kill", sys.argv[1]],
                         capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    check("at a breakpoint", run.stdout + run.stderr, POOL, RUNS, r"^\$1 = 0$")


def attached():
    program = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
    try:
        if program.stdout.readline() != "stands\n":
            check("attached", "the program did not come to stand", "stands$")
            return
        # The main thread spins for some microseconds before it sleeps.
        while not sleeps(program.pid):
            os.sched_yield()
        run = subprocess.run([*GDB, "-p", str(program.pid), *CALL, "-ex", "detach"],
                             capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    finally:
        program.send_signal(signal.SIGKILL)
        text = program.stdout.read()
        program.wait()
    if "$1 = " not in run.stdout and FORBIDDEN.search(run.stderr):
        skip("attached", run.stderr.strip().splitlines()[0])
    else:
        check("attached", text + run.stdout + run.stderr, POOL, RUNS, WAITS, r"^\$1 = 0$")


def sleeps(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "S"


def main():
    reason = may_trace()
    if reason:
        skip("weft_dump in gdb", reason)
    else:
        at_breakpoint()
        attached()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed else 0 if passed else 77)


if __name__ == "__main__":
    main()
