# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command `virtlight`."""

import subprocess


def virtlight(host, daemon_folder, *words, status=0, typed=""):
    """What our own command printed, with `typed` as its input; of one that failed, what it complained of."""
    answer = subprocess.run([daemon_folder / "virtlight", "--connect", host.uri, *words],
                            capture_output=True, text=True, timeout=60, input=typed)
    assert answer.returncode == status, answer.stdout + answer.stderr
    return answer.stdout if status == 0 else answer.stderr
