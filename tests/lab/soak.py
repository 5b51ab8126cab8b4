# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that never rest, and somebody behind our back; afterwards nothing may be left of it in the daemon."""

import argparse
import collections
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

import libvirt

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "client"))

from clients import quiet_libvirt
from hosts import LabHost, SimulatedHost, wait_until

GROWTH_KIB = 8 * 1024  # what the allocator may keep of a heap that was once needed


class Tally:
    """How often each thing was done; and whether it is time to stop, as somebody failed or the time is over."""

    def __init__(self, minutes):
        self.end = time.monotonic() + 60 * minutes
        self.done = collections.Counter()
        self.failures = []
        self.lock = threading.Lock()

    def goes_on(self):
        return time.monotonic() < self.end and not self.failures

    def count(self, what):
        with self.lock:
            self.done[what] += 1

    def fail(self, who, error):
        with self.lock:
            self.failures.append(f"{who}: {error}")


def start_and_destroy(host, domain):
    del host
    domain.destroy()
    domain.create()


def pause_and_resume(host, domain):
    domain.suspend()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_PAUSED)
    domain.resume()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_RUNNING)


def domid(domain):
    """As it is now; the object remembers the one that it was made with."""
    return domain.connect().lookupByUUID(domain.UUID()).ID()


def reboot(host, domain):
    host.wait_until_it_listens(domain)
    before = domid(domain)
    domain.reboot()
    wait_until(lambda: domid(domain) not in (-1, before), host.patience, f"{domain.name()} comes back")


# Saving and restoring belong here as soon as a client can ask for them.
DEEDS = (start_and_destroy, pause_and_resume, reboot)


def client(host, kind, seed, tally):
    """One client with one guest of its own."""
    name = f"soak-{kind}-{seed}"
    dice = random.Random(seed)
    try:
        with host.connect() as conn:
            domain = conn.defineXML(host.guest(name, kind))
            domain.create()
            while tally.goes_on():
                deed = dice.choice(DEEDS)
                deed(host, domain)
                tally.count(f"{deed.__name__} {kind}")
            domain.destroy()
            domain.undefine()
    except (libvirt.libvirtError, AssertionError) as error:
        tally.fail(name, error)


def behind_our_back(host, act, tally):
    """A guest that somebody else pauses, unpauses and destroys; the daemon has to notice each time."""
    try:
        with host.connect() as conn:
            domain = conn.defineXML(host.guest("soak-victim"))
            while tally.goes_on():
                domain.create()
                for verb, state in (("pause", libvirt.VIR_DOMAIN_PAUSED), ("unpause", libvirt.VIR_DOMAIN_RUNNING),
                                    ("destroy", libvirt.VIR_DOMAIN_SHUTOFF)):
                    act(verb, "soak-victim")
                    host.wait_for_state(domain, state)
                    tally.count(f"xl {verb}")
            domain.undefine()
    except (libvirt.libvirtError, AssertionError) as error:
        tally.fail("behind our back", error)


def by_xl(host):
    return lambda verb, name: host.dom0(f"xl {verb} {name}")


def by_another_client(host):
    """The simulated hypervisor has no xl: a connection of its own takes its place."""
    verbs = {"pause": "suspend", "unpause": "resume", "destroy": "destroy"}
    return lambda verb, name: host.virsh(verbs[verb], name)


def measure(host, shell):
    """What the daemon holds: descriptors, threads, memory; and the domains there are."""
    proc = "/proc/$(pidof -s virtlightd)" if isinstance(host, LabHost) else f"/proc/{host.process.pid}"
    words = shell(f"ls {proc}/fd | wc -l; ls {proc}/task | wc -l; awk '/^VmRSS/ {{print $2}}' {proc}/status").split()
    with host.connect() as conn:
        domains = len(conn.listAllDomains())
    return dict(zip(("descriptors", "threads", "resident KiB"), map(int, words)), domains=domains)


def local_shell(command):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


def run_for(host, act, minutes, clients_each):
    tally = Tally(minutes)
    threads = [threading.Thread(target=behind_our_back, args=(host, act, tally))]
    for kind in ("pv", "pvh", "hvm"):
        threads += [threading.Thread(target=client, args=(host, kind, seed, tally)) for seed in range(clients_each)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def leaks(before, after):
    """What grew, in words."""
    allowed = {"resident KiB": GROWTH_KIB}
    return [f"{after[what] - before[what]} more {what}" for what in before
            if after[what] > before[what] + allowed.get(what, 0)]


def soak(host, act, shell, minutes, clients_each):
    # What is made once and kept (contexts, threads) is made in the first round.
    tally = run_for(host, act, min(minutes, 0.2), clients_each)
    before = after = measure(host, shell)
    if not tally.failures:
        tally = run_for(host, act, minutes, clients_each)
    for _ in range(50):
        after = measure(host, shell)
        if not leaks(before, after):
            break
        time.sleep(0.2)
    for what, count in sorted(tally.done.items()):
        print(f"{count:8} {what}")
    for what in before:
        print(f"{before[what]:8} -> {after[what]} {what}")
    problems = tally.failures + leaks(before, after)
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{sum(tally.done.values())} passed, {len(problems)} failed")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--clients", type=int, default=2, help="of each type of guest")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--lab", default="default", help="a lab that is up")
    where.add_argument("--simulated", action="store_true", help="without Xen")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    quiet_libvirt()
    if not options.simulated:
        with LabHost(options.lab) as host:
            return soak(host, by_xl(host), host.dom0, options.minutes, options.clients)
    with tempfile.TemporaryDirectory() as folder, SimulatedHost(options.bin, pathlib.Path(folder)) as host:
        return soak(host, by_another_client(host), local_shell, options.minutes, options.clients)


if __name__ == "__main__":
    sys.exit(main())
