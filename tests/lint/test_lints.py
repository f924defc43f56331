#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each lint accepts a clean tree and reports one planted violation of each kind, at its place."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import lintlib

LINTS = pathlib.Path(__file__).resolve().parent
SPDX = "/* SPDX-License-Identifier: MIT */\n"

CLEAN = {
    "meson.build": "# SPDX-License-Identifier: MIT\nproject('weft', 'c',\n  version: '1.2.3')\n",
    ".clang-format": "BasedOnStyle: LLVM\nIndentWidth: 4\n",
    "include/weft/version.h.in": SPDX + '#define WEFT_VERSION_STRING "@version@"\n',
    "include/weft/base.h": SPDX
    + '#define WEFT_API __attribute__((visibility("default")))\n'
    + "#include <weft/version.h>\n\nWEFT_API int weft_zero(void);\n"
    + "extern __thread WEFT_API long weft_word_\n    __attribute__((tls_model(\"initial-exec\")));\n",
    "runtime/base/zero.h": SPDX + "#include <weft/base.h>\n\nint wf_zero(void);\n",
    "runtime/base/zero.c": SPDX
    + '#include "base/zero.h"\n\n__thread long weft_word_;\n\nint wf_zero(void) { return 0; }\n\n'
    + "int weft_zero(void) { return wf_zero(); }\n",
    "runtime/base/atomic.h": SPDX
    + "#define wf_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)\n"
    + "#define wf_load_relaxed(p) __atomic_load_n(p, __ATOMIC_RELAXED)\n"
    + "#define wf_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)\n",
    "runtime/data/cell.h": SPDX + "int wf_cell_get(const int *cell);\nvoid wf_cell_set(int *cell);\n",
    "runtime/data/cell.c": SPDX
    + '#include "data/cell.h"\n\n#include "base/atomic.h"\n#include "base/zero.h"\n\n'
    + "int wf_cell_get(const int *cell) {\n    /* pair C1 -> wf_cell_set() */\n"
    + "    return wf_load_acquire(cell) + wf_zero();\n}\n\n"
    + "void wf_cell_set(int *cell) {\n    int old = wf_load_relaxed(cell); /* owner only */\n"
    + "    wf_store_release(cell, old + 1); /* pair C1 -> wf_cell_get() */\n}\n",
    "runtime/far/face.h": SPDX + "#include <weft/base.h>\n\nint wf_face(void);\n",
    "runtime/far/face.c": SPDX + '#include "far/face.h"\n\nint wf_face(void) { return weft_zero(); }\n',
    "tests/unit/test_cell.c": SPDX + "int main(void) { return 0; }\n",
    "bench/micro/zero.c": SPDX + "int main(void) { return 0; }\n",
}


class Fixture:
    """A small project in a temporary folder: the clean one with some files replaced, added or removed (None)."""

    def __init__(self, changes):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name) / "tree"
        self.build = self.root / "build"
        for name, text in {**CLEAN, **changes}.items():
            if text is not None:
                path = self.root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def compile(self):
        """Objects, libweft.so and compile_commands.json as a build leaves them."""
        commands = []
        (self.build / "weft").mkdir(parents=True)
        (self.build / "weft/version.h").write_text('#define WEFT_VERSION_STRING "0"\n')
        for source in sorted(self.root.glob("runtime/*/*.c")):
            output = f"{source.parent.name}_{source.name}.o"
            command = ["cc", "-O0", "-fPIC", f"-I{self.root}/runtime", f"-I{self.root}/include", f"-I{self.build}"]
            command += ["-o", output, "-c", str(source)]
            subprocess.run(command, cwd=self.build, check=True)
            commands.append({"directory": str(self.build), "file": str(source), "command": " ".join(command)})
        (self.build / "compile_commands.json").write_text(json.dumps(commands))
        self.link([c["command"].split()[-3] for c in commands])

    def link(self, objects):
        version_map = self.build / "weft.map"
        version_map.write_text("WEFT_0 { global: weft_*; stray_*; local: *; };\n")
        command = ["cc", "-shared", f"-Wl,--version-script={version_map}", "-o", "libweft.so.0.1", *objects]
        subprocess.run(command, cwd=self.build, check=True)
        (self.build / "libweft.so").symlink_to("libweft.so.0.1")

    def run(self, lint):
        command = [sys.executable, str(LINTS / lint), "--root", str(self.root)]
        command += ["--build", str(self.build)] if self.build.is_dir() else []
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        return done.returncode, done.stdout


def added(name, text):
    return {name: CLEAN[name] + text}


class Lints(unittest.TestCase):
    def run_lint(self, lint, changes, compiled):
        fixture = Fixture(changes)
        with fixture.folder:
            if compiled:
                fixture.compile()
            return fixture.run(lint)

    def clean(self, lint, changes=None, compiled=False):
        status, text = self.run_lint(lint, changes or {}, compiled)
        self.assertEqual((status, text), (0, ""))

    def planted(self, lint, changes, place, words, compiled=False):
        """The lint fails, and one line names the place and the words."""
        status, text = self.run_lint(lint, changes, compiled)
        self.assertEqual(status, 1, text)
        hits = [line for line in text.splitlines() if line.startswith(place) and words in line]
        self.assertTrue(hits, f"no line with {place} and {words!r} in:\n{text}")

    def nothing_to_see(self, lint):
        """A tree without the files that the lint looks at is not clean."""
        status, text = self.run_lint(lint, dict.fromkeys(CLEAN), False)
        self.assertEqual(status, 1, text)
        self.assertIn("cannot check", text)


class Layers(Lints):
    def test_clean(self):
        self.clean("layers", compiled=True)

    def test_include_of_a_higher_layer(self):
        changes = added("runtime/base/zero.h", '#include "data/cell.h"\n')
        self.planted("layers", changes, "runtime/base/zero.h:5:", "a higher layer")

    def test_call_of_a_higher_layer(self):
        text = "extern void wf_cell_set(int *cell);\n\nvoid wf_up(void) { wf_cell_set(0); }\n"
        changes = added("runtime/base/zero.c", text)
        self.planted("layers", changes, "runtime/base/zero.c:9:", "uses wf_cell_set", compiled=True)

    def test_use_of_data_of_a_higher_layer(self):
        changes = added("runtime/data/cell.c", "int wf_word;\n")
        changes |= added("runtime/base/zero.c", "extern int wf_word;\nint wf_up(void) { return wf_word; }\n")
        self.planted("layers", changes, "runtime/base/zero.c:", "uses wf_word", compiled=True)

    def test_comment_is_no_include(self):
        self.clean("layers", added("runtime/base/zero.h", '/*\n#include "data/cell.h"\n*/\n'))

    def test_public_header_includes_runtime(self):
        changes = added("include/weft/base.h", '#include "base/zero.h"\n')
        self.planted("layers", changes, "include/weft/base.h:8:", "public headers only")

    def test_public_header_of_cpp_includes_runtime(self):
        changes = {"include/weft/a.hpp": SPDX + '#include "base/zero.h"\n'}
        self.planted("layers", changes, "include/weft/a.hpp:2:", "public headers only")

    def test_far_includes_runtime(self):
        changes = added("runtime/far/face.h", '#include "base/zero.h"\n')
        self.planted("layers", changes, "runtime/far/face.h:5:", "include/weft only")

    def test_far_calls_runtime(self):
        text = '#include "far/face.h"\n\nextern int wf_zero(void);\nint wf_face(void) { return wf_zero(); }\n'
        self.planted("layers", {"runtime/far/face.c": text}, "runtime/far/face.c:3:", "include/weft only", compiled=True)

    def test_circle_of_includes(self):
        changes = {
            "runtime/os/one.h": '#include "os/two.h"\n',
            "runtime/os/two.h": '#include "os/three.h"\n',
            "runtime/os/three.h": '#include "os/one.h"\n',
        }
        self.planted("layers", changes, "runtime/os/two.h:1:", "in a circle of 3")

    def test_circle_of_an_include_and_a_call(self):
        changes = {
            "runtime/os/one.c": '#include "os/two.h"\n\nvoid wf_one(void) {}\n',
            "runtime/os/two.h": "void wf_two(void);\n",
            "runtime/os/two.c": "extern void wf_one(void);\nvoid wf_two(void) { wf_one(); }\n",
        }
        self.planted("layers", changes, "runtime/os/two.c:1:", "in a circle of 2", compiled=True)

    def test_circle_of_public_headers(self):
        changes = {"include/weft/detail/part.h": "#include <weft/base.h>\n"}
        changes |= added("include/weft/base.h", "#include <weft/detail/part.h>\n")
        self.planted("layers", changes, "include/weft/detail/part.h:1:", "in a circle of 2")

    def test_header_and_source_are_one(self):
        changes = added("runtime/data/cell.h", "#include <stddef.h>\n")
        self.clean("layers", changes, compiled=True)

    def test_unknown_folder(self):
        self.planted("layers", {"runtime/misc/odd.h": SPDX}, "runtime/misc/odd.h:1:", "no layer")

    def test_empty_build_is_no_pass(self):
        fixture = Fixture({"build/compile_commands.json": "[]"})
        with fixture.folder:
            status, text = fixture.run("layers")
        self.assertEqual(status, 1)
        self.assertIn("cannot check", text)

    def test_nothing(self):
        self.nothing_to_see("layers")


class Stems(Lints):
    def test_clean(self):
        self.clean("stems")

    def test_source_without_header(self):
        self.planted("stems", {"runtime/os/lone.c": SPDX}, "runtime/os/lone.c:1:", "has no header")

    def test_unit_test_of_nothing(self):
        changes = {"tests/unit/test_ghost.c": SPDX}
        self.planted("stems", changes, "tests/unit/test_ghost.c:1:", "names no module")

    def test_benchmark_of_nothing(self):
        self.planted("stems", {"bench/micro/ghost.c": SPDX}, "bench/micro/ghost.c:1:", "names no module")

    def test_data_without_unit_test(self):
        self.planted("stems", {"tests/unit/test_cell.c": None}, "runtime/data/cell.c:1:", "has no unit test")

    def test_same_stem_twice(self):
        self.planted("stems", {"runtime/os/cell.h": SPDX}, "runtime/os/cell.h:1:", "stem cell")

    def test_public_stem_has_a_test(self):
        self.clean("stems", {"tests/unit/test_base.c": SPDX})

    def test_nothing(self):
        self.nothing_to_see("stems")


class OrderPairs(Lints):
    def cell(self, body):
        return {"runtime/data/more.c": SPDX + body}

    def test_clean(self):
        self.clean("order_pairs")

    def test_no_tag(self):
        changes = self.cell("int f(int *p) {\n    return wf_load_acquire(p);\n}\n")
        self.planted("order_pairs", changes, "runtime/data/more.c:3:", "wf_load_acquire has no pair tag")

    def test_all_ordered_names(self):
        for verb in ("wf_store_release", "wf_exchange_acq_rel", "wf_add_seq_cst", "wf_fence_seq_cst"):
            changes = self.cell(f"void f(int *p) {{\n    {verb}(p);\n}}\n")
            self.planted("order_pairs", changes, "runtime/data/more.c:3:", f"{verb} has no pair tag")

    def test_one_end(self):
        changes = self.cell("int f(int *p) {\n    return wf_load_acquire(p); /* pair X9 -> g() */\n}\n")
        self.planted("order_pairs", changes, "runtime/data/more.c:3:", "pair X9 has one end only")

    def test_both_ends_of_a_change(self):
        ends = "int f(int *p) {\n    return %s(p); /* pair X9 -> itself; pair X9 */\n}\n"
        self.clean("order_pairs", self.cell(ends % "wf_sub_acq_rel"))
        self.planted("order_pairs", self.cell(ends % "wf_load_acquire"), "runtime/data/more.c:3:", "one end only")

    def test_a_mention_is_no_end(self):
        body = "/* protocol: pair X9 -> f() */\n\nint f(int *p) {\n    return wf_load_acquire(p); /* pair X9 */\n}\n"
        self.planted("order_pairs", self.cell(body), "runtime/data/more.c:5:", "one end only")

    def test_relaxed_without_reason(self):
        changes = self.cell("int f(int *p) {\n    return wf_load_relaxed(p); /* fast */\n}\n")
        self.planted("order_pairs", changes, "runtime/data/more.c:3:", "gives no reason")

    def test_all_reasons(self):
        reasons = ("owner only", "statistic", "hint: x", "re-checked", "under lock", "ordered by pair C1")
        body = "".join(f"int x = wf_load_relaxed(p); /* {reason} */\n\n" for reason in reasons)
        self.clean("order_pairs", self.cell(body))

    def test_tag_in_a_string_does_not_count(self):
        changes = self.cell('int f(int *p) {\n    return wf_load_acquire(p, "pair C1");\n}\n')
        self.planted("order_pairs", changes, "runtime/data/more.c:3:", "no pair tag")

    def test_comment_across_a_blank_line_does_not_count(self):
        changes = self.cell("/* pair C1 */\n\nint x = wf_load_acquire(p);\n")
        self.planted("order_pairs", changes, "runtime/data/more.c:4:", "no pair tag")

    def test_comment_of_another_block_does_not_count(self):
        body = "void f(int *p) {\n    /* pair C1 */\n    g();\n}\nint x = wf_load_acquire(p);\n"
        self.planted("order_pairs", self.cell(body), "runtime/data/more.c:6:", "no pair tag")

    def test_comment_of_the_statement_before_does_not_count(self):
        body = "void f(int *p) {\n    g(p); /* pair C1 */\n    wf_store_release(p, 1);\n}\n"
        self.planted("order_pairs", self.cell(body), "runtime/data/more.c:4:", "no pair tag")

    def test_comment_four_lines_above_does_not_count(self):
        body = "void f(int *p) {\n    /* pair C1 */\n    a();\n    b();\n    c();\n    d();\n    wf_store_release(p, 1);\n}\n"
        self.planted("order_pairs", self.cell(body), "runtime/data/more.c:8:", "no pair tag")

    def test_long_comments_and_statements(self):
        body = "void f(int *p) {\n    /* pair C1 -> g():\n     * a story\n     * of lines */\n    while (p)\n"
        body += "        if (wf_cas_seq_cst(p,\n                           1))\n            return;\n}\n"
        self.clean("order_pairs", self.cell(body))

    def test_head_of_a_loop(self):
        body = "void f(int *p) {\n    for (int i = 0; !wf_cas_seq_cst(p, &i, 1);\n         i = 0) { /* pair C1 */\n    }\n}\n"
        self.clean("order_pairs", self.cell(body))

    def test_macro_lines(self):
        body = "#define F(p) \\\n    /* pair C1 */ \\\n    wf_store_release(p, 1); \\\n    g(p)\n"
        self.clean("order_pairs", self.cell(body))

    def test_public_header(self):
        changes = added("include/weft/base.h", "#define WEFT_PUT(p) __atomic_store_n(p, 1, __ATOMIC_RELEASE)\n")
        self.planted("order_pairs", changes, "include/weft/base.h:8:", "__ATOMIC_RELEASE has no pair tag")

    def test_builtin_outside_atomic_h(self):
        changes = self.cell("int x = __atomic_load_n(p, __ATOMIC_RELAXED); /* hint */\n")
        self.planted("order_pairs", changes, "runtime/data/more.c:2:", "a builtin outside")

    def test_annotations_are_no_operations(self):
        self.clean("order_pairs", self.cell("void f(int *p) {\n    wf_tsan_acquire(p);\n}\n"))

    def test_nothing(self):
        self.nothing_to_see("order_pairs")


class Exports(Lints):
    def test_clean(self):
        self.clean("exports", compiled=True)

    def test_undeclared_export(self):
        changes = added("runtime/base/zero.c", "int weft_secret(void) { return 1; }\n")
        self.planted("exports", changes, "libweft.so.0.1:", "exports weft_secret", compiled=True)

    def test_foreign_export(self):
        changes = added("runtime/base/zero.c", "int stray_name(void) { return 1; }\n")
        self.planted("exports", changes, "libweft.so.0.1:", "is not weft_*", compiled=True)

    def test_missing_function(self):
        changes = added("include/weft/base.h", "WEFT_API const char *weft_lost(int,\n    void (*f)(int));\n")
        self.planted("exports", changes, "include/weft/base.h:8:", "weft_lost is declared", compiled=True)

    def test_missing_variable(self):
        changes = added("include/weft/base.h", "extern WEFT_API int weft_gone;\n")
        self.planted("exports", changes, "include/weft/base.h:8:", "weft_gone is declared", compiled=True)

    def test_global_without_prefix(self):
        changes = added("runtime/base/zero.c", "int helper(void) { return 1; }\n")
        self.planted("exports", changes, "runtime/base/zero.c:1:", "global symbol helper", compiled=True)

    def test_macro_without_prefix(self):
        changes = added("include/weft/base.h", "#  define LIKELY(x) (x)\n")
        self.planted("exports", changes, "include/weft/base.h:8:", "macro LIKELY", compiled=True)

    def test_no_library_is_no_pass(self):
        status, text = self.run_lint("exports", {}, False)
        self.assertEqual(status, 1)
        self.assertIn("cannot check", text)


class Spdx(Lints):
    def test_clean(self):
        self.clean("spdx")

    def test_source_without_licence(self):
        self.planted("spdx", {"runtime/os/bare.c": "int x;\n"}, "runtime/os/bare.c:1:", "has no SPDX")

    def test_all_kinds_of_sources(self):
        for name in ("a.h", "a.hpp", "a.cpp", "a.py", "a.sh", "docs/meson.build", "include/weft/a.h.in"):
            self.planted("spdx", {name: "\n"}, f"{name}:1:", "has no SPDX")

    def test_script_without_a_suffix(self):
        self.planted("spdx", {"tests/go": "#!/bin/sh\ntrue\n"}, "tests/go:1:", "has no SPDX")

    def test_licence_too_far_down(self):
        self.planted("spdx", {"a.c": "\n\n\n" + SPDX}, "a.c:1:", "has no SPDX")

    def test_text_needs_no_licence(self):
        self.clean("spdx", {"README.md": "text\n"})

    def test_machine_path(self):
        for place in ("work", "root", "home", "tmp"):
            changes = {"README.md": f"see\nin /{place}/somewhere\n"}
            self.planted("spdx", changes, "README.md:2:", "names a machine's path")

    def test_temporary_files_and_longer_paths(self):
        self.clean("spdx", {"README.md": "`mktemp -d /tmp/x.XXX` and src/work/it and https://a.b/home/c\n"})

    def test_nothing(self):
        self.nothing_to_see("spdx")


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
class Format(Lints):
    def test_clean(self):
        self.clean("format")

    def test_bad_line(self):
        changes = {"tests/unit/test_cell.c": SPDX + "int main( void ){return 0;}\n"}
        self.planted("format", changes, "tests/unit/test_cell.c:2:", "clang-format")

    def test_cpp(self):
        self.planted("format", {"docs/a.cpp": SPDX + "int  x;\n"}, "docs/a.cpp:2:", "clang-format")

    def test_builds_are_left_alone(self):
        self.clean("format", {"build/a.c": "int  x;\n", "out/a.c": "int  x;\n", "out/meson-private/x": ""})

    def test_nothing(self):
        self.nothing_to_see("format")


class Headers(Lints):
    def test_clean(self):
        self.clean("headers")

    def test_not_self_contained(self):
        changes = added("include/weft/base.h", "WEFT_API size_t weft_size(void);\n")
        self.planted("headers", changes, "include/weft/base.h:8:", "size_t")

    def test_warning_in_c(self):
        changes = added("include/weft/base.h", "static inline char weft_low(long x) { return x; }\n")
        self.planted("headers", changes, "include/weft/base.h:8:", "-std=c11")

    def test_warning_in_cpp(self):
        text = "static inline int *weft_new(void *x) { return x; }\n"
        self.planted("headers", added("include/weft/base.h", text), "include/weft/base.h:8:", "-std=c++17")

    def test_headers_of_cpp(self):
        name, text = "include/weft/a.hpp", SPDX + "#include <weft/base.h>\n\n"
        self.clean("headers", {name: text + "namespace weft\n{\nclass a;\n}\n"})
        self.planted("headers", {name: text + "inline int low(long x) { return x; }\n"}, f"{name}:4:", "-std=c++17")
        text += "#include <typeinfo>\n#if __cplusplus > 201703L\ninline const char *a(int x) { return typeid(x).name(); }\n#endif\n"
        self.planted("headers", {name: text}, f"{name}:6:", "-std=c++20")

    def test_detail_headers_too(self):
        self.planted("headers", {"include/weft/detail/a.h": "int x\n"}, "include/weft/detail/a.h:", "gcc")

    def test_nothing(self):
        self.nothing_to_see("headers")


if __name__ == "__main__":
    os.environ.pop("MESON_BUILD_ROOT", None)
    lintlib.run_unittests(Layers, Stems, OrderPairs, Exports, Spdx, Format, Headers)
