# SPDX-License-Identifier: LGPL-2.1-or-later
"""clang-tidy has nothing to say about the sources."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_clang_tidy_finds_nothing():
    command = ["run-clang-tidy-19", "-quiet", "-p", "build/debug", "-j", str(os.cpu_count()), f"{ROOT}/src/.*"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    findings = [line for line in answer.stdout.splitlines() if "warning:" in line or "error:" in line]
    assert answer.returncode == 0 and not findings, "\n".join(findings) or answer.stderr[-4000:]
