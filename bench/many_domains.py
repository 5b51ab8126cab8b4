#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many domains on the simulated hypervisor: bench/many_domains.py [--bin DIR]

1,000 guests of which 100 hang in a shutdown: how long the daemon takes to answer with the list of them, from a call's bytes
to those of its reply, and how long libvirt's client takes to have it, beside the same list by libvirt's test driver in this
process, which has no daemon and no socket between. Then 10,000 definitions: memory of the daemon for each, and the
time from a kill -9 until the next daemon has answered a first client with the whole list.
"""

import argparse
import contextlib
import pathlib
import re
import statistics
import struct
import sys
import threading
import time

import libvirt
from daemons import ROOT, Daemon, root_folder

sys.path.insert(0, str(ROOT / "tests" / "client"))

from clients import Wire

LIST_ALL_DOMAINS = 273

ROUNDS = 500
RUNNING, HANGING, DEFINED = 1_000, 100, 10_000


def xml(number, words="", kind="xen"):
    return f"""<domain type='{kind}'><name>guest-{number}</name><memory unit='MiB'>1</memory>
      <os><type>{"hvm" if kind == "test" else "linux"}</type><kernel>/proc/self/exe</kernel><cmdline>{words}</cmdline></os></domain>"""


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def times_of(act):
    """Median and 99th percentile in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.monotonic()
        act()
        times.append((time.monotonic() - begin) * 1e3)
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def list_times(connection):
    return times_of(connection.listAllDomains)


def answer_times(root):
    with Wire(root / "run" / "virtlightd.sock") as wire:
        wire.open()
        return times_of(lambda: wire.call(LIST_ALL_DOMAINS, struct.pack(">iI", 1, 0)))


def hang(uri, name):
    # It ends with the daemon.
    with contextlib.suppress(libvirt.libvirtError):
        libvirt.open(uri).lookupByName(name).shutdown()


def measure_list(programs):
    with root_folder() as root, Daemon(programs, root) as daemon:
        connection = daemon.connect()
        daemon.create([xml(number, "sim:frozen" if number < HANGING else "") for number in range(RUNNING)])
        idle = answer_times(root), list_times(connection)
        hanging = [threading.Thread(target=hang, args=(daemon.uri, f"guest-{n}")) for n in range(HANGING)]
        for thread in hanging:
            thread.start()
        time.sleep(2)
        assert all(thread.is_alive() for thread in hanging)
        busy = answer_times(root), list_times(connection)
        daemon.kill()
        for thread in hanging:
            thread.join()
    peer = libvirt.open("test:///default")
    for number in range(RUNNING):
        peer.createXML(xml(number, kind="test"))
    rows = {
        "the daemon's answer, idle": idle[0],
        f"... while {HANGING} hang in a shutdown": busy[0],
        "libvirt's client, idle": idle[1],
        f"... and while {HANGING} hang": busy[1],
        "libvirt's test driver": list_times(peer),
    }
    print(f"{f'list of {RUNNING} domains':35}     median         p99")
    for name, (median, p99) in rows.items():
        print(f"{name:35} {median:7.2f} ms  {p99:7.2f} ms")


def measure_restart(programs):
    with root_folder() as root:
        with Daemon(programs, root) as daemon:
            daemon.connect()
            before = resident_kib(daemon.process.pid)
            daemon.define([xml(number) for number in range(DEFINED)])
            each = (resident_kib(daemon.process.pid) - before) / DEFINED
        with Daemon(programs, root) as daemon:
            assert len(daemon.connect().listAllDomains()) > DEFINED
            served = time.monotonic() - daemon.began
    print(f"{DEFINED} definitions: {each:.1f} KiB each; served {served:.2f} s after the start of a daemon")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    libvirt.registerErrorHandler(lambda *_: None, None)
    measure_list(options.bin)
    measure_restart(options.bin)


if __name__ == "__main__":
    main()
