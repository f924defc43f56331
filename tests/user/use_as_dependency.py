#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weft as others get it: as a Meson subproject, and installed, found by pkg-config.

    tests/user/use_as_dependency.py SOURCE BUILD

Both times the same small program is built outside of weft's tree and run against the library.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <weft/weft.h>

WEFT_TASK(long, fib, int)
long fib(int n)
{
    if (n < 2)
        return n;
    weft_fork(fib, left, n - 1);
    long right = fib(n - 2);
    return weft_join(fib, left) + right;
}

static void root(void *result) { *(long *)result = fib(20); }

int main(void)
{
    long result = 0;
    if (weft_run(NULL, root, &result) || result != 6765)
        return 1;
    printf("weft %s\n", weft_version());
    return strcmp(weft_version(), WEFT_VERSION_STRING) != 0;
}
"""

PROJECT = """
project('user', 'c', meson_version: '>=1.0')
weft = dependency('weft', fallback: 'weft')
executable('program', 'program.c', dependencies: weft)
"""

PROGRAM_CPP = r"""
#include <cstdio>
#include <stdexcept>
#include <weft/future.hpp>

int main()
{
    weft::future<const char *> version = weft::submit([] { return weft_version(); });
    weft::future<void> fails = weft::submit([] { throw std::runtime_error("as it should"); });
    std::printf("weft %s\n", version.get());
    try {
        fails.get();
    } catch (const std::runtime_error &) {
        return 0;
    }
    return 1;
}
"""

failures = []
passes = []


class Wrong(Exception):
    pass


def run(*command, **more):
    """Output of a command that must succeed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        raise Wrong(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def says_version(output):
    if not output.startswith("weft "):
        raise Wrong(f"the program says {output!r}")


def as_subproject(folder, source, _):
    (folder / "program.c").write_text(PROGRAM)
    (folder / "meson.build").write_text(PROJECT)
    (folder / "subprojects").mkdir()
    (folder / "subprojects/weft").symlink_to(source, target_is_directory=True)
    run("meson", "setup", "--wrap-mode=forcefallback", folder / "build", folder)
    run("ninja", "-C", folder / "build", "-j", "2")
    says_version(run(folder / "build/program"))
    built = [p.name for p in (folder / "build").rglob("*") if p.suffix == "" and p.name.startswith("test_")]
    if built:
        raise Wrong(f"a subproject builds weft's own tests: {built}")


def find_one(folder, name):
    found = sorted(folder.rglob(name))
    if not found:
        raise Wrong(f"{name} was not installed")
    return found[0]


def installed(folder, _, build):
    stage = folder / "stage"
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", stage)
    config = find_one(stage, "weft.pc").parent
    library = find_one(stage, "libweft.so").parent
    find_one(stage, "version.h")
    (folder / "program.c").write_text(PROGRAM)
    env = dict(os.environ, PKG_CONFIG_PATH=str(config), PKG_CONFIG_SYSROOT_DIR=str(stage))
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    if not compilers:
        raise Wrong("neither gcc nor clang is installed")
    flags = run("pkg-config", "--cflags", "--libs", "weft", env=env).split()
    env["LD_LIBRARY_PATH"] = str(library)
    for name in compilers:
        run(name, "-std=c11", "-Wall", "-Wextra", "-Werror", folder / "program.c", "-o", folder / name, *flags)
        says_version(run(folder / name, env=env))


def installed_cpp(folder, _, build):
    """The face in C++; where it cannot be used it says so."""
    stage = folder / "stage"
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", stage)
    (folder / "program.cpp").write_text(PROGRAM_CPP)
    config, library = find_one(stage, "weft.pc").parent, find_one(stage, "libweft.so").parent
    env = dict(os.environ, PKG_CONFIG_PATH=str(config), PKG_CONFIG_SYSROOT_DIR=str(stage), LD_LIBRARY_PATH=str(library))
    flags = run("pkg-config", "--cflags", "--libs", "weft", env=env).split()
    for name in (name for name in ("g++", "clang++") if shutil.which(name)):
        command = [name, "-Wall", "-Wextra", "-Werror", folder / "program.cpp", "-o", folder / name]
        run(*command, "-std=c++17", *flags)
        says_version(run(folder / name, env=env))
        for option, sentence in (("-fno-exceptions", "needs exceptions"), ("-std=c++14", "needs C++17")):
            says_why([*command, "-std=c++17", option, *flags], sentence)


def says_why(command, sentence):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if not done.returncode or f"weft/future.hpp {sentence}" not in done.stdout:
        raise Wrong(f"not refused with a reason: {command}\n{done.stdout[-3000:]}")


def installed_archive(folder, _, build):
    """The archive links with what weft needs itself (hwloc shared: its archive would want libudev's, too)."""
    stage = folder / "stage"
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", stage)
    env = dict(os.environ, PKG_CONFIG_PATH=str(find_one(stage, "weft.pc").parent), PKG_CONFIG_SYSROOT_DIR=str(stage))
    compiler = "gcc" if shutil.which("gcc") else "clang"
    (folder / "program.c").write_text(PROGRAM)
    flags = run("pkg-config", "--cflags", "weft", env=env).split()
    needs = run("pkg-config", "--libs", "hwloc", "liburcu-memb", env=env).split() + ["-lpthread"]
    needs = [word for word in needs if word != "-lweft" and not word.startswith("-L")]
    archive = find_one(stage, "libweft.a")
    run(compiler, folder / "program.c", "-o", folder / "static", *flags, archive, *needs)
    says_version(run(folder / "static"))


def attempt(test, source, build):
    try:
        with tempfile.TemporaryDirectory() as folder:
            test(pathlib.Path(folder), source, build)
        passes.append(test.__name__)
    except Wrong as why:
        print(f"FAILED: {test.__name__}: {why}")
        failures.append(test.__name__)


def main():
    source, build = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    for test in (as_subproject, installed, installed_cpp, installed_archive):
        attempt(test, source, build)
    print(f"{len(passes)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
