#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles and runs the examples of docs/from-python.md: from_python.py SOURCE BUILD COMPILER

- A block ```c shared``` stands at file scope, each other ```c block in a function of its own, with the names below.
- The comment behind a block holds what has to be true afterwards, then what cleans up.
- Each name of NAMES has to be in a heading: the page is complete.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

NAMES = """pool.map( map_async starmap imap( imap_unordered apply( apply_async callback error_callback chunksize
initializer maxtasksperchild close() terminate() join() submit( executor.map(f,_items,_timeout buffersize shutdown(
cancel_futures .cancel() .cancelled() .running() .done() .result( .exception() add_done_callback FIRST_COMPLETED
FIRST_EXCEPTION ALL_COMPLETED as_completed ProcessPoolExecutor max_workers thread_name_prefix urlopen BoundedSemaphore""".split()

PRELUDE = """
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <weft/process.h>
#include <weft/weft.h>

static atomic_int connected, disconnected;
static int connect(unsigned lane, void *ctx) { (void)lane; (void)ctx; connected++; return 0; }
static void disconnect(unsigned lane, void *ctx) { (void)lane; (void)ctx; disconnected++; }
"""

LOCALS = """
    int results[3] = {0}, result = 0, status = 0, sum = 0;
    size_t index = 9;
    weft_pool *pool = NULL;
    weft_executor *executor = NULL;
    weft_stream *stream = NULL;
    weft_limit *limit = NULL;
    weft_completions *set = NULL;
    weft_future *future = NULL, *after = NULL, *futures[2] = {NULL, NULL};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t deadline = (now.tv_sec + 240) * INT64_C(1000000000);
    weft_completions_create(&set);
    (void)results, (void)result, (void)status, (void)sum, (void)index, (void)pool, (void)executor, (void)stream, (void)limit;
    (void)future, (void)after, (void)futures, (void)deadline;
"""

BLOCK = re.compile(r"^```c( shared)?\n(.*?)^```\n(?:<!-- (.*?) -->\n)?", re.M | re.S)


def program(text):
    """(C text, number of examples)"""
    shared, functions, names = [], [], []
    for match in BLOCK.finditer(text):
        if match[1]:
            shared.append(match[2])
            continue
        heading = re.findall(r"^### (.*)$", text[: match.start()], re.M)[-1].replace("\\", "").replace('"', "'")
        if not match[3]:
            sys.exit(f"nothing is said to be true after: {heading}")
        check, _, cleanup = match[3].partition(";")
        names.append(f"example_{len(names)}")
        functions.append(
            f"static int {names[-1]}(void)\n{{{LOCALS}\n    {match[2]}\n"
            f"    int good = ({check});\n    {cleanup};\n    weft_completions_destroy(set);\n"
            f'    printf("%s %s\\n", good ? "ok  " : "FAIL", "{heading}");\n    return good;\n}}\n'
        )
    calls = "".join(f"    passed += {name}();\n" for name in names)
    main = (
        f"int main(void)\n{{\n    int passed = 0;\n{calls}"
        f'    printf("%d passed, %d failed\\n", passed, {len(names)} - passed);\n    return passed != {len(names)};\n}}\n'
    )
    return PRELUDE + "\n".join(shared + functions) + main, len(names)


def main():
    source, build, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    text = (source / "docs/from-python.md").read_text(encoding="utf-8")
    headings = "_".join(re.findall(r"^### (.*)$", text, re.M)).replace(" ", "_")
    missing = [name for name in NAMES if name not in headings]
    if missing:
        sys.exit(f"no heading has: {' '.join(missing)}")
    code, count = program(text)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "examples.c"
        path.write_text(code, encoding="utf-8")
        library = [f"-L{build}/runtime", f"-Wl,-rpath,{build}/runtime", "-lweft", "-lpthread"]
        flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", f"-I{source}/include", f"-I{build}/include"]
        subprocess.run([*compiler, *flags, str(path), "-o", f"{folder}/examples", *library], check=True)
        done = subprocess.run([f"{folder}/examples"], timeout=300, check=False)
    if done.returncode:
        sys.exit(f"ended with {done.returncode}")
    if count < 25:
        sys.exit(f"only {count} examples")


main()
