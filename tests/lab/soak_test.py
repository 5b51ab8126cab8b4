# SPDX-License-Identifier: LGPL-2.1-or-later
"""A short run of scripts/soak: nothing that many clients do at once fails, or leaves anything behind."""

import soak

ENOUGH_CYCLES = 1  # of saving and restoring, for each type of guest


def test_many_clients_and_xl_at_once_leave_nothing_behind(host, capsys):
    with capsys.disabled():
        print()
        _, problems = soak.soak(host, minutes=1, cycles=ENOUGH_CYCLES)
    assert not problems
