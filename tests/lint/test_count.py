#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/count.py counts what ran, and nothing else as passed."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

COUNT = pathlib.Path(__file__).resolve().parents[1] / "count.py"
SYNTHESIS = "[====] Synthesis: Tested: {} | Passing: {} | Failing: {} | Crashing: {} \n"


def entry(result="OK", code=0, stdout="", stderr="", name="weft:unit / it"):
    return {"name": name, "result": result, "returncode": code, "stdout": stdout, "stderr": stderr}


class Counting(unittest.TestCase):
    def count(self, *tests, options=()):
        """(last line, exit status, all lines) for a log with these tests."""
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "testlog.json"
            log.write_text("".join(json.dumps(t) + "\n" for t in tests))
            command = [sys.executable, str(COUNT), *options, f"release={log}"]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        lines = done.stdout.splitlines()
        return lines[-1], done.returncode, lines

    def assert_count(self, passed, failed, skipped, *tests, options=()):
        line, status, _ = self.count(*tests, options=options)
        self.assertEqual(line, f"{passed} passed, {failed} failed, {skipped} skipped")
        self.assertEqual(status, 1 if failed or not passed else 0)

    def test_closing_line(self):
        self.assert_count(7, 0, 0, entry(stdout="fine\n7 passed, 0 failed\n"))
        self.assert_count(7, 0, 2, entry(stdout="7 passed, 0 failed, 2 skipped\n"))
        self.assert_count(5, 2, 0, entry("FAIL", 1, stdout="5 passed, 2 failed\n"))

    def test_last_closing_line_counts(self):
        self.assert_count(3, 0, 0, entry(stdout="1 passed, 0 failed\n3 passed, 0 failed\n"))

    def test_closing_line_must_stand_alone(self):
        self.assert_count(1, 0, 0, entry(stdout="of 9 passed, 0 failed hands\n"))

    def test_criterion(self):
        self.assert_count(4, 0, 0, entry(stderr=SYNTHESIS.format(4, 4, 0, 0)))
        self.assert_count(1, 3, 0, entry("FAIL", 1, stderr=SYNTHESIS.format(4, 1, 3, 1)))

    def test_criterion_in_colour(self):
        text = "[\x1b[0;34m====\x1b[0m] " + SYNTHESIS.format("\x1b[0;34m2\x1b[0m", 2, 0, 0)[7:]
        self.assert_count(2, 0, 0, entry(stderr=text))

    def test_criterion_skips_are_not_passes(self):
        skip = "[SKIP] pool::wide: needs 2 workers\n"
        self.assert_count(1, 0, 1, entry(stderr=skip + SYNTHESIS.format(1, 1, 0, 0)))
        self.assert_count(0, 0, 1, entry(stderr=skip + SYNTHESIS.format(0, 0, 0, 0)))

    def test_program_without_a_count(self):
        self.assert_count(1, 0, 0, entry(stdout="all good\n"))
        self.assert_count(0, 1, 0, entry("FAIL", 1))

    def test_crash_is_a_failure(self):
        self.assert_count(0, 1, 0, entry("FAIL", -11))
        self.assert_count(0, 1, 0, entry("FAIL", -6, stdout="9 passed, 0 failed\n"))
        self.assert_count(0, 1, 0, entry("FAIL", 139, stdout="9 passed, 0 failed\n"))

    def test_timeout_is_a_failure(self):
        self.assert_count(0, 1, 0, entry("TIMEOUT", -15))
        self.assert_count(0, 1, 0, entry("TIMEOUT", 0, stdout="9 passed, 0 failed\n"))

    def test_unknown_results_are_failures(self):
        for result in ("ERROR", "INTERRUPT", "UNEXPECTEDPASS", "something new"):
            self.assert_count(0, 1, 0, entry(result, 0, stdout="9 passed, 0 failed\n"))

    def test_failure_that_says_nothing_failed(self):
        self.assert_count(9, 1, 0, entry("FAIL", 1, stdout="9 passed, 0 failed\n"))

    def test_zero_tests_are_a_failure(self):
        self.assert_count(0, 1, 0, entry(stdout="0 passed, 0 failed\n"))
        self.assert_count(0, 1, 0, entry(stderr=SYNTHESIS.format(0, 0, 0, 0)))

    def test_skipped_program(self):
        self.assert_count(0, 0, 1, entry("SKIP", 77, stdout="skipped: no hwloc\n"))
        self.assert_count(2, 0, 1, entry("SKIP", 77), entry(stdout="2 passed, 0 failed\n"))
        self.assert_count(0, 0, 2, entry("SKIP", 77, stdout="0 passed, 0 failed, 2 skipped\n"))

    def test_skip_has_its_reason(self):
        _, _, lines = self.count(entry("SKIP", 77, stdout="skipped: no second compiler\n"))
        self.assertIn("no second compiler", lines[0])

    def test_failed_programs_have_the_last_word(self):
        broken = entry("FAIL", 1, stdout="1 passed, 1 failed\n", stderr="expected 2, found 3\n", name="weft:unit / broken")
        _, _, lines = self.count(broken, entry(stdout="fine\n2 passed, 0 failed\n"))
        self.assertEqual(sum("weft:unit / broken" in line for line in lines), 2)
        self.assertTrue(lines[-2].endswith("expected 2, found 3"), lines)
        self.assertNotIn("fine", "\n".join(lines))

    def test_only_the_end_of_what_failed_is_shown(self):
        _, _, lines = self.count(entry("TIMEOUT", -15, stdout="".join(f"word {i}\n" for i in range(1000))))
        self.assertTrue(lines[-2].endswith("word 999"), lines)
        self.assertLess(len(lines), 100)

    def test_no_test_at_all(self):
        self.assert_count(0, 1, 0)

    def test_missing_log(self):
        command = [sys.executable, str(COUNT), "release=nowhere/testlog.json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines()[-1], "0 passed, 1 failed, 0 skipped")

    def test_nothing_given(self):
        done = subprocess.run([sys.executable, str(COUNT)], stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)

    def test_broken_build_counts(self):
        ran = entry(stdout="3 passed, 0 failed\n")
        self.assert_count(3, 1, 0, ran, options=("--failed", "tsan: the build failed"))

    def test_sum_over_programs(self):
        self.assert_count(5, 0, 0, entry(stdout="3 passed, 0 failed\n"), entry(stderr=SYNTHESIS.format(2, 2, 0, 0)))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    import lintlib

    lintlib.run_unittests(Counting)
