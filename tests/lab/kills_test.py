# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kill -9 is a normal exit."""

import pytest
from kills import kill_often

KILLS = 5  # at a time: should the emulator break a guest, they are done again


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_when_the_daemon_is_killed_in_the_middle_of_a_mixed_load(host, seed):
    kills, lost = kill_often(host, KILLS, seed)
    assert not lost
    assert kills == KILLS
