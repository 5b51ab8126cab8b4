#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Statistics of many domains: bench/domain_stats.py [--bin DIR]

What one call for the statistics of 1,000 guests takes on the simulated hypervisor, each with two vCPUs, a disk and a network
interface, with all groups filled; beside the same call to libvirt's test driver in this process, which knows the state of a
domain and nothing else, and has no daemon and no socket between. What our daemon takes for as little is told, too.
"""

import argparse
import pathlib
import statistics
import tempfile
import time

import libvirt
from many_domains import ROOT, Daemon

RUNNING, ROUNDS = 1_000, 50
GROUPS = {"state.", "cpu.", "balloon.", "vcpu.0.", "net.0.", "block.0."}


def xml(number, image):
    return f"""<domain type='xen'><name>guest-{number}</name><memory unit='MiB'>1</memory><vcpu>2</vcpu>
      <os><type>linux</type><kernel>/proc/self/exe</kernel></os>
      <devices><disk type='file' device='disk'><source file='{image}'/><target dev='xvda'/></disk>
        <interface type='bridge'><source bridge='xenbr0'/></interface></devices></domain>"""


def test_xml(number):
    return f"""<domain type='test'><name>guest-{number}</name><memory unit='MiB'>1</memory><vcpu>2</vcpu>
      <os><type>hvm</type></os></domain>"""


def times(connection, groups):
    taken = []
    for _ in range(ROUNDS):
        begin = time.monotonic()
        answer = connection.getAllDomainStats(groups)
        taken.append((time.monotonic() - begin) * 1e3)
        assert len(answer) >= RUNNING
    return taken, answer


def show(name, taken):
    print(f"{name:35} {statistics.median(taken):7.2f} ms  {statistics.quantiles(taken, n=100)[98]:7.2f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    libvirt.registerErrorHandler(lambda *_: None, None)
    with tempfile.TemporaryDirectory() as root:
        daemon = Daemon(options.bin, root)
        connection = daemon.connect()
        for number in range(RUNNING):
            image = pathlib.Path(root) / f"disk-{number}"
            image.touch()
            connection.createXML(xml(number, image))
        all_groups, answer = times(connection, 0)
        params = answer[-1][1]
        assert all(any(name.startswith(group) for name in params) for group in GROUPS), params
        state, _ = times(connection, libvirt.VIR_DOMAIN_STATS_STATE)
        daemon.kill()
    peer = libvirt.open("test:///default")
    for number in range(RUNNING):
        peer.createXML(test_xml(number))
    theirs, answer = times(peer, 0)
    print(f"statistics of {RUNNING} domains           median       p99")
    show(f"all groups, {len(params)} figures each", all_groups)
    show("the state alone", state)
    show(f"libvirt's test driver, {len(answer[-1][1])} figures each", theirs)
    print(f"ratio: {statistics.median(all_groups) / statistics.median(theirs):.2f} for all groups, ", end="")
    print(f"{statistics.median(state) / statistics.median(theirs):.2f} for the state alone")


if __name__ == "__main__":
    main()
