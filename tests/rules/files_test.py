# SPDX-License-Identifier: LGPL-2.1-or-later
"""How files look, wherever they stand."""

import re
import subprocess

from conftest import ROOT, tracked

CODE = ("*.cpp", "*.hpp")
LINES_OF_A_FILE = 600


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def test_code_is_formatted_as_the_project_formats_it():
    command = ["clang-format-19", "--dry-run", "--Werror", *map(str, tracked(*CODE))]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[:4000]


def test_every_source_file_names_its_licence_first():
    wrong = [path for path in tracked(*CODE, "*.cmake", "tests/*.py") if "SPDX-License-Identifier: LGPL-2.1-or-later" not in path.open().readline()]
    assert names(wrong) == []


def test_headers_guard_themselves():
    assert names(path for path in tracked("*.hpp") if "#pragma once" not in path.read_text()) == []


def test_shell_scripts_pass_shellcheck():
    scripts = [path for path in tracked("scripts", "lab", ".ci") if re.match(r"#!.*\b(ba)?sh\b", path.open(errors="replace").readline())]  # with what they source
    scripts += tracked("*.bash")
    answer = subprocess.run(["shellcheck", "-x", *map(str, scripts)], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout[:4000]


def test_a_file_can_be_read_in_one_sitting():
    long = [path for path in tracked("src/**/*.cpp", "src/**/*.hpp") if len(path.read_text().splitlines()) > LINES_OF_A_FILE]
    assert names(long) == []


def test_nothing_is_left_for_later_in_the_code():
    wrong = [path for path in tracked("src", "tests", "scripts", "lab", "bench", "fuzz") if re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text(errors="replace")) and path.name != "files_test.py"]
    assert names(wrong) == []
