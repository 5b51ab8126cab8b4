# SPDX-License-Identifier: LGPL-2.1-or-later
"""A pytest plugin for labs: a test that failed because the emulator broke its guest or its host runs again.

QEMU without KVM has two faults that no flag mends, the more often the busier the machine:
- while a PVH or HVM guest boots (its kernel patches itself then), the guest triple-faults, often at an address of Xen's own
  text; Xen reports it and takes it for a reboot. No guest of the tests does so by itself;
- an interrupt is lost, and the whole machine stands still. No program in dom0 can do that.
Only a failure that comes with one of these is repeated, and the summary tells of it.
"""

import functools
import subprocess
import threading
import time

import pytest
from _pytest.runner import runtestprotocol
from hosts import ROOT, LabHost

ATTEMPTS = 4
TEST_DEADLINE = 600  # seconds
HEARTBEAT = 20  # seconds between two looks whether the host still answers
STANDSTILL = 60  # seconds without an answer; a busy host takes some
FAULT = "Triple fault"

again = []


def lab_command(lab, word):
    subprocess.run([ROOT / "scripts" / "lab", word, "--name", lab], check=True, capture_output=True, timeout=600)


class Watchdog:
    """Takes a host down that stands still, or a test too long: whoever waits for it then fails."""

    def __init__(self, lab):
        self.lab = lab
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def answers(self):
        try:
            subprocess.run([ROOT / "scripts" / "lab", "ssh", "--name", self.lab, "true"], check=True,
                           capture_output=True, timeout=STANDSTILL)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
            return False
        return True

    def watch(self):
        end = time.monotonic() + TEST_DEADLINE
        while not self.over.wait(HEARTBEAT):
            if time.monotonic() > end or not self.answers():
                lab_command(self.lab, "down")
                return

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


@functools.cache
def host_of(lab):
    return LabHost(lab)


def faults(lab):
    """How many guests the emulator broke since the host booted; nothing if the host does not answer."""
    try:
        return host_of(lab).dom0("xl dmesg").count(FAULT)
    except AssertionError:
        return None


def faults_of_a_live_host(lab):
    count = faults(lab)
    if count is None:
        lab_command(lab, "down")
        lab_command(lab, "up")
        count = 0
    return count


def run(item, nextitem, last):
    """The reports of one run, or nothing if it is to be repeated."""
    lab = item.config.getoption("--lab")
    before = faults_of_a_live_host(lab)
    with Watchdog(lab):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if last or not any(report.failed for report in reports) or faults(lab) == before:
        return reports
    again.append(item.nodeid)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    if not item.config.getoption("--lab"):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = None
    for attempt in range(1, ATTEMPTS + 1):
        reports = reports or run(item, nextitem, last=attempt == ATTEMPTS)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter, config):
    for nodeid in again:
        terminalreporter.write_line(f"ran again after a fault of the emulator: {nodeid}")
    if config.getoption("--lab"):
        terminalreporter.write_line(host_of(config.getoption("--lab")).stalls() or "no step of the daemon was long")
