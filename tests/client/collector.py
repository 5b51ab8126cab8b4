# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A pytest plugin: nothing is collected in the middle of a test.

What the collector frees of libvirt's binding clears the thread's last error: between a call that fails and its exception, that
would take the exception's code.
"""

import gc

import pytest


@pytest.fixture(autouse=True)
def nothing_is_collected_in_the_middle():
    gc.disable()
    yield
    gc.enable()
    gc.collect()
