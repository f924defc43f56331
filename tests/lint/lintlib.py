# SPDX-License-Identifier: MIT
"""What the lints share: options, the list of sources, C text split into code and comments, object files.

- A lint is a function check(tree) that yields Violation(file, line, text); main(check) does the rest.
- Paths are relative to the root, so that a violation can be clicked and fixture trees behave alike.
- A lint that needs objects fails without them: what cannot be looked at is not clean.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import unittest
from collections import namedtuple

Violation = namedtuple("Violation", "file line text")
Line = namedtuple("Line", "code comment")
Object = namedtuple("Object", "source path")
SKIPPED = 77
LAYERS = ("base", "os", "data", "sched", "par", "exec", "proc", "mpi", "far")


class Unusable(Exception):
    """What the lint looks at is not there: an error, never a pass."""


class Skip(Exception):
    """A tool is missing: the lint says which and ends with 77."""


class Tree:
    def __init__(self, root, build=None):
        self.root = pathlib.Path(root).resolve()
        self.build = pathlib.Path(build).resolve() if build else None

    def text(self, name):
        return (self.root / name).read_text(encoding="utf-8", errors="replace")

    def files(self):
        """All files of the project, tracked or not, without what git ignores and without build directories."""
        names = self._git_files()
        return sorted(self._walk() if names is None else names)

    def sources(self, *folders, ends=(".c", ".h")):
        """Files below the folders, by name."""
        found = [p for folder in folders for p in (self.root / folder).rglob("*") if p.is_file()]
        return sorted(str(p.relative_to(self.root)) for p in found if p.name.endswith(ends))

    def objects(self, folder):
        """One object file for each source below the folder that the build directory has compiled."""
        if not self.build:
            raise Unusable("needs --build DIR: a build directory made by meson")
        commands = self.build / "compile_commands.json"
        if not commands.is_file():
            raise Unusable(f"{self.build}: no compile_commands.json")
        found = {}
        for entry in json.loads(commands.read_text()):
            made = self._object(entry, folder)
            if made and made.path.is_file():
                found.setdefault(made.source, made)
        if not found:
            raise Unusable(f"{self.build}: no object of {folder}/ is built")
        return [found[name] for name in sorted(found)]

    def _object(self, entry, folder):
        where = pathlib.Path(entry["directory"])
        source = (where / entry["file"]).resolve()
        try:
            name = str(source.relative_to(self.root))
        except ValueError:
            return None
        output = entry.get("output") or output_of(shlex.split(entry.get("command", "")))
        return Object(name, where / output) if output and name.startswith(folder + "/") else None

    def _git_files(self):
        command = ["git", "-C", str(self.root), "ls-files", "-z", "-co", "--exclude-standard"]
        if not (self.root / ".git").exists():
            return None
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        except OSError:
            return None
        names = {n for n in done.stdout.decode().split("\0") if n}
        return {n for n in names if (self.root / n).is_file()} if done.returncode == 0 and names else None

    def _walk(self):
        for here, folders, names in os.walk(self.root):
            below = pathlib.Path(here)
            folders[:] = [d for d in folders if d not in (".git", "__pycache__") and not is_build(below / d)]
            yield from (str((below / n).relative_to(self.root)) for n in names)


def is_build(folder):
    return folder.name == "build" or (folder / "meson-private").is_dir()


def output_of(command):
    return command[command.index("-o") + 1] if "-o" in command[:-1] else None


def run(command, **more):
    """Output of a tool; a missing tool is a Skip."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    except FileNotFoundError:
        raise Skip(f"{command[0]} is not installed") from None


def symbols(path, *options):
    """(name, type) of each symbol that nm shows; versions are cut off."""
    done = run(["nm", "-P", *options, str(path)])
    if done.returncode:
        raise Unusable(done.stderr.strip())
    rows = (line.split() for line in done.stdout.splitlines())
    return [(row[0].split("@")[0], row[1]) for row in rows if len(row) >= 2]


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def split(text):
    """The lines of a C source: code without comments, contents of strings blanked; and the comments alone."""
    code, comment, at = [], [], 0
    for token in TOKEN.finditer(text):
        word = token.group()
        is_comment = word.startswith("/")
        code += [text[at : token.start()], blank(word) if is_comment else quoted(word)]
        comment += [blank(text[at : token.start()]), word if is_comment else blank(word)]
        at = token.end()
    code.append(text[at:])
    comment.append(blank(text[at:]))
    pairs = zip("".join(code).split("\n"), "".join(comment).split("\n"))
    return [Line(c.rstrip("\\ \t"), t.strip()) for c, t in pairs]


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def quoted(word):
    return word if "/" in word or "." in word else word[0] + blank(word[1:-1]) + word[-1]


def includes(text):
    """(line, target, in quotes) of each #include."""
    for number, line in enumerate(split(text), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line.code)
        if found:
            yield number, found[2], found[1] == '"'


def default_build(root):
    release = pathlib.Path(root) / "build" / "release"
    return release if (release / "compile_commands.json").is_file() else None


def run_unittests(*cases):
    """Runs test cases and ends with the closing line of every test program."""
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in cases)
    result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
    failed, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    for test, why in result.skipped:
        print(f"skipped: {test}: {why}")
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed or not result.testsRun else 0)


def main(check):
    here = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--root", default=here, help="the source tree (default: the one that holds this lint)")
    parser.add_argument("--build", help="a build directory (default: build/release, if it is there)")
    options = parser.parse_args()
    tree = Tree(options.root, options.build or default_build(options.root))
    sys.exit(report(check, tree))


def report(check, tree):
    try:
        found = sorted(set(check(tree)))
    except Skip as why:
        print(f"skipped: {why}")
        return SKIPPED
    except Unusable as why:
        print(f"cannot check: {why}")
        return 1
    for violation in found:
        print(f"{violation.file}:{violation.line}: {violation.text}")
    return 1 if found else 0
