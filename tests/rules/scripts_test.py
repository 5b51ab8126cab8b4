# SPDX-License-Identifier: LGPL-2.1-or-later
"""What scripts do with words that are no wish to begin."""

import json
import os
import shutil
import subprocess

from conftest import ROOT


def run(folder, script, *words):
    """Where it finds no command with which it could install or build anything."""
    if not (folder / "dirname").exists():
        os.symlink(shutil.which("dirname"), folder / "dirname")
    return subprocess.run(["/bin/bash", ROOT / "scripts" / script, *words], env={"PATH": str(folder)}, capture_output=True,
                          text=True, timeout=60)


def test_the_demo_tells_what_it_does_without_doing_it(tmp_path):
    told = run(tmp_path, "demo", "--help")
    assert told.returncode == 0 and told.stdout.startswith("usage: scripts/demo\n") and not told.stderr


def test_the_demo_refuses_words_that_it_does_not_have(tmp_path):
    refused = run(tmp_path, "demo", "--fast")
    assert refused.returncode == 1 and refused.stderr == "demo: takes no words, and '--fast' is one\n" and not refused.stdout


def presets():
    told = json.loads((ROOT / "CMakePresets.json").read_text())["buildPresets"]
    return " ".join(preset["name"] for preset in told)


def test_a_build_tells_what_it_does_without_doing_it(tmp_path):
    told = run(tmp_path, "build", "--help")
    assert told.returncode == 0 and told.stdout.startswith("usage: scripts/build ") and presets() in told.stdout


def test_a_target_in_the_place_of_a_preset_is_refused_before_anything_is_installed(tmp_path):
    refused = run(tmp_path, "build", "virtlightd")
    assert refused.returncode == 1 and not refused.stdout
    assert refused.stderr == f"build: no preset 'virtlightd' ({presets()}); targets come behind one\n"
