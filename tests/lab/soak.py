# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that never rest, and somebody behind our back; afterwards nothing may be left of it in the daemon."""

import argparse
import collections
import contextlib
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

KINDS = ("pv", "pvh", "hvm")
FAILURES = (libvirt.libvirtError, AssertionError, subprocess.TimeoutExpired)
GROWTH_KIB = 8 * 1024  # what the allocator may keep of a heap that was once needed


class Tally:
    """How often each thing was done, who failed, and whether it is time to stop."""

    def __init__(self, minutes=0, cycles=0):
        self.end = time.monotonic() + 60 * minutes
        self.cycles = cycles
        self.done = collections.Counter()
        self.failures = []
        self.lock = threading.Lock()

    def cycles_of(self, kind):
        """How often a guest of this type was saved and restored, one way or another."""
        return sum(self.done[f"{deed.__name__} {kind}"] for deed in CYCLES)

    def has_time(self):
        """Somebody's failure ends it for all."""
        return time.monotonic() < self.end and not self.failures

    def needs_cycles_of(self, kind):
        return self.cycles_of(kind) < self.cycles and not self.failures

    def goes_on(self):
        return self.has_time() or any(self.needs_cycles_of(kind) for kind in KINDS)

    def count(self, what):
        with self.lock:
            self.done[what] += 1

    def fail(self, who, error):
        with self.lock:
            self.failures.append(f"{who}: {error}")


def forget_what_it_said(host, domain):
    """Before a boot: then it listens when it has said something."""
    host.shell(f"rm -f /var/log/xen/console/guest-{domain.name()}.log")


def start_and_destroy(host, domain):
    domain.destroy()
    forget_what_it_said(host, domain)
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
    forget_what_it_said(host, domain)
    before = domid(domain)
    domain.reboot()
    wait_until(lambda: domid(domain) not in (-1, before), host.patience, f"{domain.name()} comes back")


def save_and_restore(host, domain):
    host.wait_until_it_listens(domain)
    image = host.place(f"{domain.name()}.save")
    domain.save(image)
    domain.connect().restore(image)
    host.place(f"{domain.name()}.save")


def save_managed_and_start(host, domain):
    host.wait_until_it_listens(domain)
    domain.managedSave()
    domain.create()


def look_at_console(host, domain):
    del host
    stream = domain.connect().newStream()
    domain.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
    stream.send(b"\n")
    stream.abort()


CYCLES = (save_and_restore, save_managed_and_start)
DEEDS = (start_and_destroy, pause_and_resume, look_at_console, reboot, *CYCLES)


def start_anew(host, conn, name, kind):
    """Whatever may be there of it."""
    with contextlib.suppress(libvirt.libvirtError):
        conn.lookupByName(name).destroy()
    with contextlib.suppress(libvirt.libvirtError):
        conn.lookupByName(name).undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    domain = conn.defineXML(host.guest(name, kind))
    forget_what_it_said(host, domain)
    domain.create()
    return domain


def client(host, kind, seed, tally, deeds):
    """One client with one guest of its own, to which it does these deeds. One that the emulator breaks is replaced."""
    name = f"soak-{kind}-{seed}"
    broken = host.broken_by_the_emulator(name)
    try:
        with host.connect() as conn:
            domain = start_anew(host, conn, name, kind)
            for deed in deeds:
                try:
                    deed(host, domain)
                    tally.count(f"{deed.__name__} {kind}")
                except FAILURES:
                    before, broken = broken, host.broken_by_the_emulator(name)
                    if broken <= before:
                        raise
                    tally.count(f"broken by the emulator {kind}")
                    domain = start_anew(host, conn, name, kind)
            domain.destroy()
            domain.undefine()
    except FAILURES as error:
        tally.fail(name, error)


def at_random(kind, seed, tally):
    """Anything while there is time, then only what is still wanted."""
    dice = random.Random(seed)
    while tally.has_time():
        yield dice.choice(DEEDS)
    while tally.needs_cycles_of(kind):
        yield dice.choice(CYCLES)


def behind_our_back(host, act, tally):
    """A guest that somebody else pauses, unpauses and destroys; the daemon has to notice each time."""
    try:
        with host.connect() as conn:
            domain = conn.defineXML(host.guest("soak-victim"))
            while True:
                domain.create()
                for verb, state in (("pause", libvirt.VIR_DOMAIN_PAUSED), ("unpause", libvirt.VIR_DOMAIN_RUNNING),
                                    ("destroy", libvirt.VIR_DOMAIN_SHUTOFF)):
                    act(verb, "soak-victim")
                    host.wait_for_state(domain, state)
                    tally.count(f"xl {verb}")
                if not tally.goes_on():
                    break
            domain.undefine()
    except FAILURES as error:
        tally.fail("behind our back", error)


def by_xl(host):
    return lambda verb, name: host.dom0(f"xl {verb} {name}")


def by_another_client(host):
    """The simulated hypervisor has no xl: a connection of its own takes its place."""
    verbs = {"pause": "suspend", "unpause": "resume", "destroy": "destroy"}
    return lambda verb, name: host.virsh(verbs[verb], name)


def measure(host):
    """What the daemon holds: descriptors, threads, memory; the domains there are; and watches, where xenstored tells."""
    proc = "/proc/$(pidof -s virtlightd)" if isinstance(host, LabHost) else f"/proc/{host.process.pid}"
    words = host.shell(
        f"ls {proc}/fd | wc -l; ls {proc}/task | wc -l; awk '/^VmRSS/ {{print $2}}' {proc}/status; "
        "xenstore-control memreport /run/soak.memory >/dev/null 2>&1 && grep -c 'struct watch ' /run/soak.memory || true"
    ).split()
    held = dict(zip(("descriptors", "threads", "resident KiB", "watches in xenstored"), map(int, words)))
    with host.connect() as conn:
        held["domains"] = len(conn.listAllDomains())
    return held


def run(host, act, tally, clients):
    """These clients, and somebody behind our back as long as they have the time."""
    threads = [threading.Thread(target=behind_our_back, args=(host, act, tally))]
    threads += [threading.Thread(target=client, args=(host, kind, seed, tally, deeds)) for kind, seed, deeds in clients]
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


def settled(host, before):
    """What is held once nothing grows any more, or does so to the last."""
    for _ in range(50):
        after = measure(host)
        if not leaks(before, after):
            break
        time.sleep(0.2)
    return after


def soak(host, minutes, clients_each=1, cycles=0):
    """Prints what was done, and what the daemon held before and after. What went wrong, in words."""
    act = by_xl(host) if isinstance(host, LabHost) else by_another_client(host)
    everyone = [(kind, seed) for kind in KINDS for seed in range(clients_each)]
    # What is made once and kept (contexts, threads) is made when everything has been done once.
    tally = run(host, act, Tally(), [(kind, seed, DEEDS) for kind, seed in everyone])
    before = after = measure(host)
    if not tally.failures:
        tally = Tally(minutes, cycles)
        run(host, act, tally, [(kind, seed, at_random(kind, seed, tally)) for kind, seed in everyone])
        after = settled(host, before)
    for what, count in sorted(tally.done.items()):
        print(f"{count:8} {what}")
    for what in before:
        print(f"{before[what]:8} -> {after[what]} {what}")
    print("saved and restored:", ", ".join(f"{kind} {tally.cycles_of(kind)}" for kind in KINDS))
    return tally, tally.failures + leaks(before, after)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--clients", type=int, default=2, help="of each type of guest")
    parser.add_argument("--cycles", type=int, default=0,
                        help="go on until each type of guest was saved and restored so often")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--lab", default="default", help="a lab that is up")
    where.add_argument("--simulated", action="store_true", help="without Xen")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    quiet_libvirt()
    with contextlib.ExitStack() as stack:
        if options.simulated:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            host = stack.enter_context(SimulatedHost(options.bin, folder))
        else:
            host = stack.enter_context(LabHost(options.lab))
        tally, problems = soak(host, options.minutes, options.clients, options.cycles)
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{sum(tally.done.values())} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
