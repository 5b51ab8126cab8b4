# SPDX-License-Identifier: LGPL-2.1-or-later
"""Consoles beside Xen's own tools: xenconsoled, which serves the ttys, and xl console, which would read them too."""

import shlex

import pytest
from consoles import Stream
from hosts import wait_until

# As it runs, with the words that it was started with.
KILL_AND_START_AGAIN = (
    "pid=$(cat /run/xenconsoled.pid); program=$(readlink /proc/$pid/exe); mapfile -d '' words </proc/$pid/cmdline; "
    'kill -9 $pid; "$program" "${words[@]:1}"'
)


LOGS = "/var/log/virtlight/consoles"
LOG_RETRY = 60  # seconds: the daemon tries a full disk again every five


# Until the guest has told its uptime once more, or xl is refused; then until nothing of it is left.
XL_CONSOLE = (
    r"sed '/uptime=\|Could not lock/q' < <(sleep 20 | timeout 20 xl console talks 2>&1); "
    "while pkill -f 'xenconsole.*--num'; do sleep 0.1; done"
)


@pytest.fixture
def talking(host, lasting):
    return lasting(host.guest("talks"))


def log_of(host, name):
    return host.dom0(f"cat {LOGS}/{name}/console0.log 2>/dev/null || true")


def xl_console(host):
    """What xl console shows."""
    return host.dom0(XL_CONSOLE)


def test_xl_console_is_kept_out_until_the_console_is_released(host, talking):
    assert "Could not lock" in xl_console(host)
    host.dom0("virtlight release talks")
    assert "uptime=" in xl_console(host)
    host.dom0("virtlight retake talks")
    with Stream(talking) as viewer:
        viewer.type("echo ours-$((40 + 3))\r")
        viewer.until("ours-43")


def test_an_xl_console_that_was_first_keeps_the_console_until_it_leaves(host, talking):
    host.dom0("virtlight release talks")
    # In a session of its own, so that it outlives the connection that started it.
    host.dom0("setsid sh -c 'sleep 600 | xl console talks' >/dev/null 2>&1 & sleep 3")
    assert "lock" in host.dom0("virtlight retake talks 2>&1 || true")
    host.dom0("pkill -f xenconsole.*--num")
    host.dom0("virtlight retake talks")
    with Stream(talking) as viewer:
        viewer.type("echo ours-$((40 + 5))\r")
        viewer.until("ours-45")


def test_a_console_goes_on_when_xenconsoled_was_killed(host, talking):
    with Stream(talking) as viewer:
        viewer.until("# ")
        host.dom0(f"bash -c {shlex.quote(KILL_AND_START_AGAIN)}")
        viewer.type("echo back-$((40 + 2))\r")
        viewer.until("back-42")


def test_what_a_guest_said_before_and_after_the_daemon_was_killed_is_in_its_log(host):
    with host.connect() as conn:
        domain = conn.defineXML(host.guest("talks"))
        domain.create()
        with Stream(domain) as viewer:
            viewer.until("# ")
            viewer.type("echo before-$((40 + 6))\r")
            viewer.until("before-46")
    wait_until(lambda: "before-46" in log_of(host, "talks"), host.patience, "the log")
    host.daemon("kill")
    host.daemon("start")
    with host.connect() as conn, Stream(conn.lookupByName("talks")) as viewer:
        viewer.type("echo after-$((40 + 7))\r")
        viewer.until("after-47")
    wait_until(lambda: "after-47" in log_of(host, "talks"), host.patience, "the log")
    log = log_of(host, "talks")
    this_life = log[log.rindex("name=talks ") :]
    assert this_life.index("before-46") < this_life.index("after-47")


@pytest.fixture
def full_disk(host):
    """Under the logs of consoles; the file that fills it."""
    filler = f"{LOGS}/filler"
    host.dom0(f"mkdir -p {LOGS} && mount -t tmpfs -o size=1m tmpfs {LOGS} && ! dd if=/dev/zero of={filler} 2>/dev/null")
    yield filler
    host.dom0(f"umount -l {LOGS}")


def test_a_full_disk_under_the_log_delays_nobody_and_is_written_when_it_has_room(host, conn, full_disk):
    with Stream(conn.createXML(host.guest("talks"))) as viewer:
        viewer.until("# ")
        viewer.type("echo still-$((40 + 4))\r")
        viewer.until("still-44")
    assert "still-44" not in log_of(host, "talks")
    host.dom0(f"rm {full_disk}")
    wait_until(lambda: "still-44" in log_of(host, "talks"), LOG_RETRY, "the log")
