# SPDX-License-Identifier: LGPL-2.1-or-later
"""Consoles beside Xen's own tools: xenconsoled, which serves the ttys, and xl console, which would read them too."""

import shlex

import pytest
from consoles import Stream

# As it runs, with the words that it was started with.
KILL_AND_START_AGAIN = (
    "pid=$(cat /run/xenconsoled.pid); program=$(readlink /proc/$pid/exe); mapfile -d '' words </proc/$pid/cmdline; "
    'kill -9 $pid; "$program" "${words[@]:1}"'
)


@pytest.fixture
def talking(host, conn):
    domain = conn.createXML(host.guest("talks"))
    host.wait_until_it_listens(domain)
    return domain


def xl_console(host):
    """What xl console shows until the guest has told its uptime once more."""
    return host.dom0("sleep 15 | timeout 13 xl console talks 2>&1 || true")


def test_a_console_goes_on_when_xenconsoled_was_killed(host, talking):
    with Stream(talking) as viewer:
        viewer.until("# ")
        host.dom0(f"bash -c {shlex.quote(KILL_AND_START_AGAIN)}")
        viewer.type("echo back-$((40 + 2))\r")
        viewer.until("back-42")


def test_xl_console_is_kept_out_until_the_console_is_released(host, talking):
    assert "Could not lock" in xl_console(host)
    host.dom0("virtlight release talks")
    assert "uptime=" in xl_console(host)
    host.dom0("virtlight retake talks")
    with Stream(talking) as viewer:
        viewer.type("echo ours-$((40 + 3))\r")
        viewer.until("ours-43")
