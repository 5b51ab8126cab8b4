# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that are never left alone, for a short while; scripts/soak does it for long."""

import pytest
from soak import KINDS, soak

MINUTES = 1  # once everything that a type of guest knows has been done to one


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_of_what_a_client_does_to_a_guest_while_xl_acts_behind_our_back(host, kind):
    tally, problems = soak(host, MINUTES, kinds=(kind,))
    assert not problems
    assert sum(tally.done.values()) > 0
