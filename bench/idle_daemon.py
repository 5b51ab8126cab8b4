#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An idle daemon: memory, processor time, and how soon it serves after its start: bench/idle_daemon.py [--bin DIR]

Takes the simulated hypervisor. "Served" is the end of a first client's `virsh uri`-like exchange, by python3-libvirt.
"""

import argparse
import os
import pathlib
import re
import subprocess
import tempfile
import time

import libvirt

ROOT = pathlib.Path(__file__).resolve().parents[1]
PATIENCE = 10  # seconds until the first client is served
IDLE = 10  # seconds without a client


def served(uri):
    try:
        libvirt.open(uri).close()
        return True
    except libvirt.libvirtError:
        return False


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    libvirt.registerErrorHandler(lambda *_: None, None)
    with tempfile.TemporaryDirectory() as root:
        uri = f"xen+unix:///system?socket={root}/run/virtlightd.sock"
        begin = time.monotonic()
        daemon = subprocess.Popen(
            [options.bin / "virtlightd", "--hypervisor", "simulated", "--root", root], stderr=subprocess.DEVNULL
        )
        try:
            while not served(uri):
                assert time.monotonic() - begin < PATIENCE, "the daemon does not answer"
                time.sleep(0.001)
            print(f"start until the first client is served: {time.monotonic() - begin:.3f} s")
            before = processor_seconds(daemon.pid)
            time.sleep(IDLE)
            print(f"resident when idle: {resident_mib(daemon.pid):.1f} MiB")
            print(f"processor time in {IDLE} s of idleness: {processor_seconds(daemon.pid) - before:.2f} s")
        finally:
            daemon.terminate()
            daemon.wait()


if __name__ == "__main__":
    main()
