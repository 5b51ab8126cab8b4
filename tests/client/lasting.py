# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A pytest plugin: guests that several tests look at, so that not each has to boot one.

They last from a test that has passed to the one after it, if that asks for lasting guests too. So tests that share one stand
together, and others do not see it.
"""

import pytest


@pytest.fixture
def lasting(host, conn):
    """Gives the running guest of a definition, which has booted: that of the test before, if it has left it as it was."""
    return lambda xml, booted=True: host.lasting_guest(conn, xml, booted)


def forget_guests_of(item):
    if "host" in getattr(item, "funcargs", {}):
        item.funcargs["host"].lasting_guests.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    if outcome.get_result().failed:
        forget_guests_of(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    if nextitem is None or nextitem.path != item.path or "lasting" not in nextitem.fixturenames:
        forget_guests_of(item)
