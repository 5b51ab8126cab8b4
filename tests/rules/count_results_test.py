# SPDX-License-Identifier: LGPL-2.1-or-later
"""The closing line of scripts/test."""

import subprocess
import sys

from conftest import ROOT

PASSED = "<testcase classname='c' name='passed'/>"
FAILED = "<testcase classname='c' name='wrong'><failure/></testcase>"
SKIPPED = "<testcase classname='c' name='left'><skipped/></testcase>"


def closing(folder, *broken, **files):
    for name, cases in files.items():
        (folder / f"{name.replace('_', '.')}.xml").write_text(f"<testsuite>{cases}</testsuite>")
    answer = subprocess.run([sys.executable, ROOT / "tests/count_results.py", folder, *broken], capture_output=True, text=True)
    return answer.stdout.splitlines(), answer.returncode


def test_all_cases_are_counted(tmp_path):
    assert closing(tmp_path, client=PASSED + SKIPPED, pure=PASSED) == (["2 passed, 0 failed, 1 skipped"], 0)


def test_a_stage_that_broke_by_a_test_counts_once(tmp_path):
    lines, status = closing(tmp_path, "asan", asan=PASSED, asan_clients=FAILED)
    assert lines == ["FAILED asan.clients: c.wrong", "1 passed, 1 failed"] and status == 1


def test_a_stage_that_broke_otherwise_is_named_whatever_became_of_the_others(tmp_path):
    lines, status = closing(tmp_path, "lab", "xen", lab=FAILED, xen=PASSED)
    assert "FAILED xen: it broke without a test that failed" in lines and lines[-1] == "1 passed, 2 failed" and status == 1
