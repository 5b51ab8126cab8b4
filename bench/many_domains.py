#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many domains on the simulated hypervisor: bench/many_domains.py [--bin DIR]

1,000 guests of which 100 hang in a shutdown: how long listing them takes, beside the same list by libvirt's test driver in
this process, which has no daemon and no socket between. Then 10,000 definitions: memory of the daemon for each, and the
time from a kill -9 until the next daemon has answered a first client with the whole list.
"""

import argparse
import contextlib
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time

import libvirt

ROOT = pathlib.Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds until a daemon serves
ROUNDS = 500
RUNNING, HANGING, DEFINED = 1_000, 100, 10_000


def xml(number, words="", kind="xen"):
    return f"""<domain type='{kind}'><name>guest-{number}</name><memory unit='MiB'>1</memory>
      <os><type>{"hvm" if kind == "test" else "linux"}</type><kernel>/proc/self/exe</kernel><cmdline>{words}</cmdline></os></domain>"""


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


class Daemon:
    def __init__(self, programs, root):
        self.uri = f"xen+unix:///system?socket={root}/run/virtlightd.sock"
        command = [programs / "virtlightd", "--hypervisor", "simulated", "--root", root]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def connect(self):
        while True:
            try:
                return libvirt.open(self.uri)
            except libvirt.libvirtError:
                assert time.monotonic() - self.began < PATIENCE, "the daemon does not answer"
                time.sleep(0.001)

    def kill(self):
        self.process.kill()
        self.process.wait()


def list_times(connection, domains):
    times = []
    for _ in range(ROUNDS):
        begin = time.monotonic()
        assert len(connection.listAllDomains()) >= domains
        times.append((time.monotonic() - begin) * 1e3)
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def hang(uri, name):
    # It ends with the daemon.
    with contextlib.suppress(libvirt.libvirtError):
        libvirt.open(uri).lookupByName(name).shutdown()


def measure_list(programs):
    with tempfile.TemporaryDirectory() as root:
        daemon = Daemon(programs, root)
        connection = daemon.connect()
        for number in range(RUNNING):
            connection.createXML(xml(number, "sim:frozen" if number < HANGING else ""))
        idle = list_times(connection, RUNNING)
        hanging = [threading.Thread(target=hang, args=(daemon.uri, f"guest-{n}")) for n in range(HANGING)]
        for thread in hanging:
            thread.start()
        time.sleep(2)
        assert all(thread.is_alive() for thread in hanging)
        busy = list_times(connection, RUNNING)
        daemon.kill()
        for thread in hanging:
            thread.join()
    peer = libvirt.open("test:///default")
    for number in range(RUNNING):
        peer.createXML(xml(number, kind="test"))
    theirs = list_times(peer, RUNNING)
    print(f"list of {RUNNING} domains          median      p99")
    for name, (median, p99) in (("idle", idle), (f"{HANGING} hang in a shutdown", busy), ("libvirt's test driver", theirs)):
        print(f"{name:25}   {median:7.2f} ms  {p99:7.2f} ms")


def measure_restart(programs):
    with tempfile.TemporaryDirectory() as root:
        daemon = Daemon(programs, root)
        connection = daemon.connect()
        before = resident_kib(daemon.process.pid)
        for number in range(DEFINED):
            connection.defineXML(xml(number))
        each = (resident_kib(daemon.process.pid) - before) / DEFINED
        daemon.kill()
        daemon = Daemon(programs, root)
        assert len(daemon.connect().listAllDomains()) > DEFINED
        served = time.monotonic() - daemon.began
        daemon.kill()
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
