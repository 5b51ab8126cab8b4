#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Statistics of many domains: bench/domain_stats.py [--bin DIR] [--libvirtd PROGRAM]

What one call for the statistics of 1,000 guests takes on the simulated hypervisor, each with two vCPUs, a disk and a network
interface, with all groups filled; beside the same call to libvirt's test driver: served by libvirtd, where there is one (Debian's
libvirt-daemon), and in this process, with no daemon and no socket between. It knows the state of a domain and its iothreads, of
which it gets as many as make for the same number of figures.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import time

import libvirt
from daemons import PATIENCE, ROOT, Daemon, root_folder

RUNNING, ROUNDS = 1_000, 50
IOTHREADS = 9  # of three figures each
GROUPS = {"state.", "cpu.", "balloon.", "vcpu.0.", "net.0.", "block.0."}


def xml(number, image):
    return f"""<domain type='xen'><name>guest-{number}</name><memory unit='MiB'>1</memory><vcpu>2</vcpu>
      <os><type>linux</type><kernel>/proc/self/exe</kernel></os>
      <devices><disk type='file' device='disk'><source file='{image}'/><target dev='xvda'/><readonly/></disk>
        <interface type='bridge'><source bridge='xenbr0'/></interface></devices></domain>"""


def test_xml(number):
    return f"""<domain type='test'><name>guest-{number}</name><memory unit='MiB'>1</memory><vcpu>2</vcpu>
      <os><type>hvm</type></os></domain>"""


def times(connections):
    """For all groups and for the state alone, of each connection; they take turns, as the machine has other things to do."""
    taken = {name: ([], []) for name in connections}
    for _ in range(ROUNDS):
        for name, connection in connections.items():
            for groups, kept in zip((0, libvirt.VIR_DOMAIN_STATS_STATE), taken[name], strict=True):
                begin = time.monotonic()
                answer = connection.getAllDomainStats(groups)
                kept.append((time.monotonic() - begin) * 1e3)
                assert len(answer) >= RUNNING
    return taken


def show(name, taken):
    print(f"{name:39} {statistics.median(taken):7.2f} ms  {statistics.quantiles(taken, n=100)[98]:7.2f} ms")


@contextlib.contextmanager
def libvirtd(program, folder):
    """The test driver behind a daemon and a socket of its own, and no other driver: those of Debian want users and programs."""
    settings = folder / "libvirtd.conf"
    settings.write_text(f'unix_sock_dir = "{folder}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n')
    command = [program, "-f", settings, "-p", folder / "libvirtd.pid"]
    environment = os.environ | {"LIBVIRT_DRIVER_DIR": str(folder)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        began = time.monotonic()
        while not (folder / "libvirt-sock").exists():
            assert time.monotonic() - began < PATIENCE, "libvirtd does not answer"
            time.sleep(0.01)
        yield libvirt.open(f"test+unix:///default?socket={folder}/libvirt-sock")
    finally:
        process.terminate()
        process.wait()


def fill(peer):
    for number in range(RUNNING):
        domain = peer.createXML(test_xml(number))
        for thread in range(IOTHREADS):
            domain.addIOThread(thread + 1)
    return peer


def figures(connection):
    return connection.getAllDomainStats()[-1][1]


def report(connections):
    taken = times(connections)
    ours = taken["virtlightd"]
    print(f"statistics of {RUNNING} domains               median       p99")
    for name, (every, state) in taken.items():
        show(f"{name}, {len(figures(connections[name]))} figures each", every)
        show(f"{name}, the state alone", state)
        if name == "virtlightd":
            continue
        ratios = [statistics.median(our) / statistics.median(their) for our, their in zip(ours, (every, state), strict=True)]
        print(f"    ratio: {ratios[0]:.2f} for all groups, {ratios[1]:.2f} for the state alone")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--libvirtd", default=shutil.which("libvirtd"))
    options = parser.parse_args()
    libvirt.registerErrorHandler(lambda *_: None, None)
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(root_folder())
        daemon = stack.enter_context(Daemon(options.bin, root))
        connections = {"virtlightd": daemon.connect()}
        image = root / "disk"
        image.touch()
        daemon.create([xml(number, image) for number in range(RUNNING)])
        params = figures(connections["virtlightd"])
        assert all(any(name.startswith(group) for name in params) for group in GROUPS), params
        if options.libvirtd:
            folder = stack.enter_context(root_folder())
            connections["libvirtd"] = fill(stack.enter_context(libvirtd(options.libvirtd, folder)))
        connections["the driver alone"] = fill(libvirt.open("test:///default"))
        report(connections)
        print(f"longest step of our daemon's core: {daemon.end():.1f} ms")


if __name__ == "__main__":
    main()
