# SPDX-License-Identifier: LGPL-2.1-or-later
"""What scripts do with words that are no wish to begin."""

import os
import shutil
import subprocess

from conftest import ROOT


def demo(folder, *words):
    """Where it finds no command with which it could install or build anything."""
    if not (folder / "dirname").exists():
        os.symlink(shutil.which("dirname"), folder / "dirname")
    return subprocess.run(["/bin/bash", ROOT / "scripts/demo", *words], env={"PATH": str(folder)}, capture_output=True,
                          text=True, timeout=60)


def test_the_demo_tells_what_it_does_without_doing_it(tmp_path):
    told = demo(tmp_path, "--help")
    assert told.returncode == 0 and told.stdout.startswith("usage: scripts/demo\n") and not told.stderr


def test_the_demo_refuses_words_that_it_does_not_have(tmp_path):
    refused = demo(tmp_path, "--fast")
    assert refused.returncode == 1 and refused.stderr == "demo: takes no words, and '--fast' is one\n" and not refused.stdout
