# SPDX-License-Identifier: LGPL-2.1-or-later
"""A pytest plugin for labs: a test that failed because the emulator broke its guest runs again.

Now and then QEMU leaves a PVH or HVM guest twice, and the guest goes on with Xen's own registers. Xen then reports a triple
fault in the guest at an address of Xen's text, which nothing but the emulator can bring about; such a guest reboots.
Only a failure that comes with this report is repeated, and the summary tells of it.
"""

import re

import pytest
from _pytest.runner import runtestprotocol
from hosts import LabHost

ATTEMPTS = 3
FAULT = re.compile(r"Triple fault.*\n(?:.*\n){3}.*RIP: +e008:\[<ffff82d")

again = []


def faults(lab):
    return len(FAULT.findall(LabHost(lab).dom0("xl dmesg")))


def run(item, nextitem, last):
    """The reports of one run, or nothing if it is to be repeated."""
    lab = item.config.getoption("--lab")
    before = faults(lab)
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


def pytest_terminal_summary(terminalreporter):
    for nodeid in again:
        terminalreporter.write_line(f"ran again after a fault of the emulator: {nodeid}")
