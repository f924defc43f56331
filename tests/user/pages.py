#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The programs that stand in the pages of docs/ compile without a warning, and print what the page says.

usage: pages.py SOURCE_ROOT BUILD_ROOT

A program is a block of C with a main; the next block of text is what it prints.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT, BUILD = (pathlib.Path(path) for path in sys.argv[1:3])
PROGRAM = re.compile(r"^```c\n(.*?^int main\(.*?)^```$.*?^```text\n(.*?)^```$", re.M | re.S)
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
PAGES = ("futures.md", "groups.md", "streams.md")


def run(code, folder):
    source, program = folder / "page.c", folder / "page"
    source.write_text(code)
    paths = [f"-I{ROOT / 'include'}", f"-I{BUILD / 'include'}", f"-L{BUILD / 'runtime'}", f"-Wl,-rpath,{BUILD / 'runtime'}"]
    done = subprocess.run(
        [os.environ.get("CC", "cc"), *FLAGS, *paths, source, "-lweft", "-o", program], capture_output=True, text=True
    )
    if done.returncode:
        return done.stderr
    done = subprocess.run([program], capture_output=True, text=True, timeout=300)
    return done.stdout if done.returncode == 0 else f"status {done.returncode}: {done.stderr}"


def main():
    passed = failed = 0
    for page in PAGES:
        programs = PROGRAM.findall((ROOT / "docs" / page).read_text())
        if not programs:
            failed += 1
            print(f"FAILED: {page}: no program in it")
        for code, wanted in programs:
            with tempfile.TemporaryDirectory() as folder:
                seen = run(code, pathlib.Path(folder))
            passed += seen == wanted
            failed += seen != wanted
            if seen != wanted:
                print(f"FAILED: {page}: {seen}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
