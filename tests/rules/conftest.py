# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the project that a compiler does not check."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked(*patterns):
    """The files of the project that match, as git has them (new ones too)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted({ROOT / line for line in lines if (ROOT / line).is_file()})


@pytest.fixture(scope="session")
def root():
    return ROOT
