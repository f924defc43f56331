#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mutate and memory_order say what they should, on a small library of their own."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import notes
import operations
import programs
from operations import lintlib

SPDX = "/* SPDX-License-Identifier: MIT */\n"
CELL = "runtime/data/cell.c"

# A release and an acquire that are needed, an order that is not, one that nobody comes to, and a look again.
FILES = {
    "runtime/data/cell.h": SPDX
    + "#include <stdbool.h>\ntypedef struct wf_cell { int what; unsigned full, gets; } wf_cell;\n"
    + "void wf_cell_put(wf_cell *cell, int what);\nbool wf_cell_get(wf_cell *cell, int *what);\n"
    + "unsigned wf_cell_never(wf_cell *cell);\nvoid wf_cell_wait(wf_cell *cell, void (*pause)(void));\n",
    CELL: SPDX
    + '#include "data/cell.h"\n\n#include "base/atomic.h"\n\n'
    + "void wf_cell_put(wf_cell *cell, int what)\n{\n    cell->what = what;\n"
    + "    wf_store_release(&cell->full, 1u); /* pair CE1 -> wf_cell_get(): what is in it */\n}\n\n"
    + "static bool full(const wf_cell *cell)\n{\n"
    + "    return wf_load_acquire(&cell->full); /* pair CE1 -> wf_cell_put() */\n}\n\n"
    + "bool wf_cell_get(wf_cell *cell, int *what)\n{\n    if (!full(cell))\n        return false;\n"
    + "    (void)wf_add_acq_rel(&cell->gets, 1u); /* pair CE2 -> wf_cell_get() */\n"
    + "    *what = cell->what;\n    return true;\n}\n\n"
    + "void wf_cell_wait(wf_cell *cell, void (*pause)(void))\n{\n    while (!full(cell))\n        pause();\n}\n\n"
    + "unsigned wf_cell_never(wf_cell *cell)\n{\n"
    + "    return wf_load_acquire(&cell->gets); /* pair CE2 -> wf_cell_get() */\n}\n",
    "include/weft/door.h": SPDX
    + "#define WEFT_DOOR(name) \\\n    static inline void name##_weft_open_(unsigned *word) \\\n    { \\\n"
    + "        __atomic_store_n(word, 1u, __ATOMIC_RELEASE); /* pair CE3 */ \\\n    }\n",
    "tests/model/model_cell.c": SPDX
    + '#include "checker/mc.h"\n#include "data/cell.h"\n#include <weft/door.h>\n\nstatic wf_cell cell;\n'
    + "static unsigned word, behind;\nWEFT_DOOR(front)\n\n"
    + "static void open(void)\n{\n    behind = 1;\n    front_weft_open_(&word);\n}\n\n"
    + "static void enter(void)\n{\n    if (__atomic_load_n(&word, __ATOMIC_ACQUIRE))\n        mc_assert(behind);\n}\n\n"
    + "static void put(void)\n{\n    wf_cell_put(&cell, 7);\n}\n\n"
    + "static void get(void)\n{\n    int what;\n    if (wf_cell_get(&cell, &what))\n        mc_assert(what == 7);\n}\n\n"
    + "static void wait(void)\n{\n    int what;\n    wf_cell_wait(&cell, mc_pause);\n"
    + "    mc_assert(wf_cell_get(&cell, &what));\n}\n\n"
    + "int main(int argc, char **argv)\n{\n    static const mc_scenario all[] = {\n"
    + '        {.name = "get", .thread = {put, get}, .bound = 2},\n'
    + '        {.name = "wait", .thread = {put, wait}, .bound = 2},\n'
    + '        {.name = "door", .thread = {open, enter}, .bound = 2},\n    };\n'
    + "    return mc_main(argc, argv, all, 3);\n}\n",
    "tests/model/rechecks.txt": "@ runtime/data/cell.c wf_cell_wait\n"
    + "-     while (!full(cell))\n+     if (!full(cell))\n= others may write something else\n",
}
NAME = " :: ".join
ADD = "wf_add_acq_rel(&cell->gets, 1u)"
LOOSE = [
    NAME([CELL, "wf_cell_get", ADD, "acq_rel -> acquire"]),
    NAME([CELL, "wf_cell_get", ADD, "acq_rel -> release"]),
]
DOOR = NAME(["include/weft/door.h", "WEFT_DOOR", "__atomic_store_n(word, 1u, __ATOMIC_RELEASE)", "release -> relaxed"])
NEVER = NAME([CELL, "wf_cell_never", "*", "not reached"])
PUT = NAME([CELL, "wf_cell_put", "wf_store_release(&cell->full, 1u)", "release -> relaxed"])
AGAIN = NAME([CELL, "wf_cell_wait", "while (!full(cell))", "becomes if (!full(cell))"])


def entries(names):
    return "".join(f"{name}\n    nobody relies on it\n" for name in names)


class Library:
    """The small library, its harness and the checker, compiled once: what changes are the texts beside mutate."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name) / "tree"
        self.build = self.root / "build"
        for name, text in FILES.items():
            self.write(name, text)
        self.write("runtime/base/atomic.h", (HERE.parents[1] / "runtime/base/atomic.h").read_text())
        (self.build / "tests/model").mkdir(parents=True)
        self.compile()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compile(self):
        checked = "-fsanitize=thread -fno-builtin-memcpy -fno-builtin-memset"
        objects = [f"checker_{path.stem}.o {path} -O2" for path in sorted((HERE / "checker").glob("*.c"))]
        objects += [f"model_library.a.p/cell.o {self.root / CELL} {checked}"]
        objects += [f"harness.o {self.root / 'tests/model/model_cell.c'} {checked}"]
        lines = [
            f"rule cc\n command = cc -g -D_GNU_SOURCE -O1 -std=gnu11 -fno-pie -I{self.root}/runtime -I{self.root}/include -I{HERE} $args -o $out -c $in\n",
            "rule link\n command = cc -o $out $in -no-pie -Wl,--wrap=memcpy -Wl,--wrap=memset\n",
        ]
        for line in objects:
            made, source, options = line.split(" ", 2)
            lines.append(f"build {made}: cc {source}\n args = {options}\n")
        plain = [line.split()[0] for line in objects if "library" not in line]
        lines.append("rule ar\n command = ar csr $out $in\nbuild libmodel_library.a: ar model_library.a.p/cell.o\n")
        lines.append(f"build tests/model/model_cell: link {' '.join(plain)} libmodel_library.a\n")
        (self.build / "build.ninja").write_text("".join(lines))
        subprocess.run(["ninja", "-C", str(self.build)], stdout=subprocess.PIPE, check=True)
        commands = subprocess.run(["ninja", "-C", str(self.build), "-t", "compdb"], stdout=subprocess.PIPE, check=True)
        (self.build / "compile_commands.json").write_bytes(commands.stdout)

    def run(self, tool, *options):
        command = [sys.executable, str(HERE / tool), "--root", str(self.root), *options]
        command += ["--build", str(self.build)] if tool == "mutate" else []
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


class Mutate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("ninja") or not shutil.which("addr2line"):
            raise unittest.SkipTest("ninja or addr2line is not installed")
        cls.library = Library()

    @classmethod
    def tearDownClass(cls):
        cls.library.folder.cleanup()

    def setUp(self):
        for name, text in FILES.items():
            self.library.write(name, text)
        self.explain([*LOOSE, NEVER])
        status, text = self.library.run("mutate", "--write")
        self.assertEqual(status, 0, text)

    def explain(self, names):
        self.library.write("tests/model/survivors.txt", entries(names))

    def fails(self, *words):
        """One thing fails, and a line says these words."""
        status, text = self.library.run("mutate")
        self.assertEqual(status, 1, text)
        self.assertRegex(text.splitlines()[-1], r"^\d+ passed, 1 failed$")
        lines = [line for line in text.splitlines() if all(word in line for word in words)]
        self.assertTrue(lines, f"no line with {words} in:\n{text}")

    def test_killed_and_explained_pass(self):
        out = self.library.build / "out.json"
        status, text = self.library.run("mutate", "--json", str(out))
        self.assertEqual((status, text.splitlines()[-1]), (0, "7 passed, 0 failed"), text)
        states = {NAME(r["name"]): r["state"] for r in json.loads(out.read_text())}
        self.assertEqual([states[PUT], states[DOOR]], ["killed", "killed"])
        self.assertEqual(states[AGAIN], "killed")
        self.assertEqual([states[name] for name in LOOSE], ["survived", "survived"])

    def test_unexplained_survivor(self):
        self.explain([LOOSE[0], NEVER])
        self.fails("survived 2 scenarios", "survivors.txt does not say why")

    def test_not_reached(self):
        self.explain(LOOSE)
        self.fails("not reached by any scenario", "survivors.txt does not say why")

    def test_entry_of_a_killed_one(self):
        self.explain([*LOOSE, NEVER, PUT])
        self.fails("survivors.txt:", PUT, "killed by cell")

    def test_entry_that_fits_nothing(self):
        self.explain([*LOOSE, NEVER, PUT.replace("wf_cell_put", "wf_cell_gone")])
        self.fails("survivors.txt:", "wf_cell_gone", "nothing like it survives")

    def test_entry_of_a_reached_one_as_not_reached(self):
        self.explain([*LOOSE, NEVER, NAME([CELL, "wf_cell_get", "*", "not reached"])])
        self.fails("survivors.txt:", "nothing like it survives, or is not reached")

    def test_kills_that_were_not_seen(self):
        path = self.library.root / "tests/model/kills.txt"
        path.write_text(re.sub(f"({re.escape(PUT)} :: cell) .*", r"\1 gone", path.read_text()))
        self.fails("kills.txt is not what was seen", PUT)

    def test_recheck_without_a_place(self):
        text = FILES["tests/model/rechecks.txt"].replace("while", "until")
        self.library.write("tests/model/rechecks.txt", text)
        status, text = self.library.run("mutate")
        self.assertEqual(status, 1, text)
        self.assertIn("rechecks.txt:1: not once in wf_cell_wait()", text)

    def test_scenario_that_fails_by_itself(self):
        path = self.library.build / "tests/model/model_cell"
        kept = path.read_bytes()
        path.unlink()
        path.write_text('#!/bin/sh\n[ "$1" = --list ] && echo broken && exit 0\nexit 3\n')
        path.chmod(0o755)
        status, text = self.library.run("mutate")
        path.write_bytes(kept)
        self.assertEqual(status, 1, text)
        self.assertIn("cell broken: ended with 3", text)

    def check(self):
        command = [sys.executable, str(HERE / "check"), str(self.library.build / "tests/model/model_cell")]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def test_check_and_what_it_leaves(self):
        memory = self.library.build / "tests/model/model_cell.reached.json"
        memory.unlink()
        status, text = self.check()
        self.assertEqual((status, text.splitlines()[-1]), (0, "3 passed, 0 failed"), text)
        self.assertRegex(text, r"(?m)^door +bound 2, .*: all right$")
        kept = json.loads(memory.read_text())
        self.assertEqual({run[0] for run in kept["runs"]}, {"get", "wait", "door"})
        self.assertEqual(self.library.run("mutate")[0], 0)
        kept["runs"] = [run for run in kept["runs"] if run[0] != "door"]
        memory.write_text(json.dumps(kept))
        self.assertIn("not reached by any scenario, and survivors.txt", self.library.run("mutate")[1])
        memory.unlink()

    def test_check_of_one_that_fails(self):
        path = self.library.build / "tests/model/model_cell"
        kept = path.read_bytes()
        path.unlink()
        path.write_text('#!/bin/sh\n[ "$1" = --list ] && echo broken && exit 0\necho trace\nexit 3\n')
        path.chmod(0o755)
        status, text = self.check()
        path.write_bytes(kept)
        self.assertEqual((status, text.splitlines()[-1]), (1, "0 passed, 1 failed"), text)
        self.assertTrue(text.startswith("trace\nFAIL cell broken: ended with 3"), text)

    def test_page(self):
        self.library.write("docs/memory-order.md", "")
        self.assertEqual(self.library.run("memory_order", "--write"), (0, ""))
        page = self.library.root / "docs/memory-order.md"
        self.assertRegex(page.read_text(), r"what is in it \| `mov`, `stlr` \| `cell \w+` \|")
        self.assertIn("| nobody relies on it |", page.read_text())
        self.library.write(CELL, FILES[CELL].replace("what is in it", "what was in it"))
        status, text = self.library.run("memory_order")
        self.assertEqual(status, 1)
        self.assertRegex(text, r"^docs/memory-order\.md:\d+: ")


class Reading(unittest.TestCase):
    def operations(self, body, name=CELL):
        return list(operations.of_text(name, f"{SPDX}static int f(int *a)\n{{\n{body}\n}}\n"))

    def test_places_and_orders(self):
        found = self.operations("    while (!wf_cas_seq_cst(a, g(1),\n                   2))\n        wf_load_acquire(a);")
        said = [(o.function, o.text, o.kind, o.order, o.first, o.last) for o in found]
        cas = ("f", "wf_cas_seq_cst(a, g(1), 2)", "exchange", "seq_cst", 4, 5)
        self.assertEqual(said, [cas, ("f", "wf_load_acquire(a)", "load", "acquire", 6, 6)])

    def test_the_second_of_the_same(self):
        found = self.operations("    wf_load_acquire(a);\n    wf_load_acquire(a);")
        self.assertEqual([o.text for o in found], ["wf_load_acquire(a)", "wf_load_acquire(a) #2"])

    def test_what_is_done(self):
        lines = "    wf_cas_acq_rel(a, b, 1);\n    wf_cas_relaxed(a, b, 1);\n    wf_store_seq_cst(a, 1);\n    wf_load_relaxed(a);"
        done = [operations.mutations(o) for o in self.operations(lines)]
        both = ["acq_rel -> acquire", "acq_rel -> release", "does not compare"]
        self.assertEqual(done, [both, ["does not compare"], ["seq_cst -> release"], []])

    def test_comment_and_string_are_no_operation(self):
        self.assertEqual(self.operations('    /* wf_load_acquire(a) */ g("wf_load_acquire(a)");'), [])

    def test_macro(self):
        text = "#define PUT_(a) \\\n    __atomic_store_n(a, 1, __ATOMIC_RELEASE)\nint g(void);\n"
        found = list(operations.of_text("include/weft/fork.h", text))
        self.assertEqual([(o.macro, o.function, o.kind, o.order) for o in found], [("PUT_", "PUT_", "store", "release")])

    def test_tags(self):
        found = self.operations("    wf_load_acquire(a); /* pair AB1, AB2 -> f(): all; pair C3 -> g() */")
        pairs = [("AB1", "-> f(): all"), ("AB2", "-> f(): all"), ("C3", "-> g()")]
        self.assertEqual([(p.tag, p.says) for p in found[0].pairs], pairs)

    def test_limits_are_no_failures(self):
        line = "x                  bound 3,   12 executions,   0.00 s,  1/s: FAILED: %s\n0 passed, 1 failed\n"
        states = [programs.judged(line % why, 1)[0] for why in ("not all seen in time", "too many stores for the checker", "race")]
        self.assertEqual(states, ["limit", "limit", "failed"])
        self.assertEqual(programs.judged("", -11)[:1], ("failed",))

    def test_entries_need_a_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "survivors.txt"
            path.write_text(f"{PUT}\n{NEVER}\n    why\n")
            with self.assertRaisesRegex(lintlib.Unusable, "survivors.txt:1: no reason"):
                notes.survivors(path)


if __name__ == "__main__":
    lintlib.run_unittests(Mutate, Reading)
