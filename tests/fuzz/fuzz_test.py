# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every fuzzer runs for a while and finds nothing. For long runs start the program by hand."""

import subprocess

from conftest import ROOT

LIMITS = ["-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]


def test_the_fuzzer_finds_no_input_that_breaks_the_parser(fuzzer, request, tmp_path):
    seconds = request.config.getoption("--seconds")
    kept = ROOT / "fuzz" / "corpus" / fuzzer.name.removesuffix("_fuzz")
    corpora = [tmp_path / "found", *([kept] if kept.is_dir() else [])]
    corpora[0].mkdir()
    command = [fuzzer, *LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={tmp_path}/", *corpora]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    assert answer.returncode == 0, answer.stderr[-4000:]
