# SPDX-License-Identifier: LGPL-2.1-or-later
"""Consoles beside Xen's own tools: xenconsoled, which serves the ttys, and xl console, which would read them too."""

import pytest
from consoles import Stream

XENCONSOLED = "/usr/lib/xen-4.17/bin/xenconsoled --log=guest --timestamp=guest --pid-file /run/xenconsoled.pid"


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
        host.dom0(f"kill -9 $(cat /run/xenconsoled.pid); {XENCONSOLED}")
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
