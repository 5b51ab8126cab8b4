# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that never rest, and somebody behind our back; afterwards nothing may be left of it in the daemon."""

import argparse
import collections
import contextlib
import gc
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

import images
from clients import quiet_libvirt
from hosts import LabHost, SimulatedHost, wait_until

KINDS = ("pv", "pvh", "hvm")
FAILURES = (libvirt.libvirtError, AssertionError, subprocess.TimeoutExpired)
GROWTH_KIB = 8 * 1024  # what the allocator may keep of a heap that was once needed
PROGRESS_SECONDS = 60  # between two lines of it
# A guest that the emulator has broken may stand still so long before it meets the triple fault that tells of it.
FAULT_SECONDS = 480
SETTLING_SECONDS = 90  # a thread for storage rests for 60 before it ends
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
KIB_PER_MIB = 1024

DISK = "<disk type='file' device='{device}'><driver type='raw'/>{source}<target dev='{target}'/></disk>"
NIC = "<interface type='bridge'><mac address='00:16:3e:5f:{kind:02x}:{seed:02x}'/><source bridge='xenbr0'/></interface>"


class Tally:
    """How often each thing was done, who failed, and whether it is time to stop."""

    def __init__(self, kinds, minutes=0, cycles=0):
        self.kinds = kinds
        self.end = time.monotonic() + 60 * minutes
        self.cycles = cycles
        self.done = collections.Counter()
        self.failures = []
        self.lock = threading.Lock()
        self.told_at = time.monotonic()

    def cycles_of(self, kind):
        """How often a guest of this type was saved and restored, one way or another."""
        return sum(self.done[f"{deed.__name__} {kind}"] for deed in CYCLES)

    def cycles_told(self):
        return "saved and restored: " + ", ".join(f"{kind} {self.cycles_of(kind)}" for kind in self.kinds)

    def has_time(self):
        """Somebody's failure ends it for all."""
        return time.monotonic() < self.end and not self.failures

    def needs_cycles_of(self, kind):
        return self.cycles_of(kind) < self.cycles and not self.failures

    def goes_on(self):
        return self.has_time() or any(self.needs_cycles_of(kind) for kind in self.kinds)

    def count(self, what):
        with self.lock:
            self.done[what] += 1
            if time.monotonic() > self.told_at + PROGRESS_SECONDS:
                self.told_at = time.monotonic()
                print(f"  {sum(self.done.values())} done; {self.cycles_told()}", file=sys.stderr, flush=True)

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


def ask_for_figures(host, domain):
    del host
    assert domain.info()[3] > 0 and domain.name() in domain.XMLDesc()
    told = domain.connect().getAllDomainStats()
    assert domain.UUID() in [each.UUID() for each, _ in told]


def other_name(name):
    return f"{name}-renamed"


def rename_and_back(host, domain):
    del host
    for name in (other_name(domain.name()), domain.name()):
        domain.rename(name)
        assert domain.connect().lookupByName(name).UUID() == domain.UUID()


def reset(host, domain):
    host.wait_until_it_listens(domain)
    forget_what_it_said(host, domain)
    before = domid(domain)
    domain.reset()
    assert domid(domain) not in (-1, before), f"{domain.name()} is reset"


def wait_for_memory(host, domain, kib):
    wait_until(lambda: abs(domain.info()[2] - kib) < 16 * KIB_PER_MIB, host.patience, f"{kib} KiB of {domain.name()}")


def set_memory(host, domain):
    host.wait_until_it_listens(domain)
    for kib in (160 * KIB_PER_MIB, 128 * KIB_PER_MIB):
        domain.setMemoryFlags(kib, LIVE)
        wait_for_memory(host, domain, kib)


def set_vcpus(host, domain):
    """A guest without udev does not start to use a second one by itself."""
    host.wait_until_it_listens(domain)
    domain.setVcpusFlags(2, LIVE)
    domain.setVcpusFlags(1, LIVE)
    wait_until(lambda: domain.vcpusFlags(LIVE) == 1, host.patience, f"one vCPU of {domain.name()}")


def plug_and_unplug(domain, device, mark):
    """A device by which its mark comes into the description of the guest, and goes again."""
    domain.attachDeviceFlags(device, LIVE)
    assert mark in domain.XMLDesc()
    domain.detachDeviceFlags(device, LIVE)
    assert mark not in domain.XMLDesc()


def plug_disk(host, domain):
    host.wait_until_it_listens(domain)
    image = images.raw(host, f"{domain.name()}.img")
    plug_and_unplug(domain, DISK.format(device="disk", source=f"<source file='{image}'/>", target="xvdb"), image)
    host.place(f"{domain.name()}.img")


def plug_nic(host, domain):
    host.wait_until_it_listens(domain)
    _, kind, seed = domain.name().split("-")
    plug_and_unplug(domain, NIC.format(kind=KINDS.index(kind), seed=int(seed)), "<interface ")


def change_medium(host, domain):
    host.wait_until_it_listens(domain)
    image = images.raw(host, f"{domain.name()}.iso")
    domain.updateDeviceFlags(cd_drive(f"<source file='{image}'/>"), LIVE)
    assert image in domain.XMLDesc()
    domain.updateDeviceFlags(cd_drive(), LIVE)
    assert image not in domain.XMLDesc()
    host.place(f"{domain.name()}.iso")


def dump_core(host, domain):
    host.wait_until_it_listens(domain)
    core = host.place(f"{domain.name()}.core")
    domain.coreDump(core)
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_RUNNING)
    assert host.shell(f"test -s {core} && echo yes || true") == "yes", f"the core of {domain.name()}"
    host.place(f"{domain.name()}.core")


def sleep_and_wake(host, domain):
    host.wait_until_it_listens(domain)
    domain.pMSuspendForDuration(libvirt.VIR_NODE_SUSPEND_TARGET_MEM, 0)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED
    domain.pMWakeup()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_RUNNING)


def inject_nmi(host, domain):
    host.wait_until_it_listens(domain)
    domain.injectNMI()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_RUNNING)


def press_enter(host, domain):
    host.wait_until_it_listens(domain)
    domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 0, [28], 1, 0)


def job_goes_on(domain):
    """For a while already, in milliseconds."""
    with contextlib.suppress(libvirt.libvirtError):
        return domain.jobInfo()[1] > 100
    return False


def aborted(host, domain, call):
    """Whether a call came to nothing that was aborted in its middle; it may have been done by then."""
    errors = []

    def run():
        try:
            call()
        except libvirt.libvirtError as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    wait_until(lambda: job_goes_on(domain) or not thread.is_alive(), host.patience, f"a job of {domain.name()}")
    with contextlib.suppress(libvirt.libvirtError):
        domain.abortJob()
    thread.join()
    # None: Python's collector has taken the error (tests/client/conftest.py).
    assert not errors or errors[0].get_error_code() in (libvirt.VIR_ERR_OPERATION_ABORTED, None), errors[0]
    return bool(errors)


def abort_a_save(host, domain):
    host.wait_until_it_listens(domain)
    image = host.place(f"{domain.name()}.save")
    if aborted(host, domain, lambda: domain.save(image)):
        assert host.shell(f"ls {image}* 2>/dev/null || true") == "", "an image that was given up"
    else:
        domain.connect().restore(image)
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_RUNNING)
    host.place(f"{domain.name()}.save")


def abort_a_shutdown(host, domain):
    """Which a paused guest cannot obey, nor follow later."""
    host.wait_until_it_listens(domain)
    domain.suspend()
    assert aborted(host, domain, domain.shutdown), f"{domain.name()} shuts down though it is paused"
    domain.resume()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_RUNNING)


CYCLES = (save_and_restore, save_managed_and_start)
DEEDS = (*CYCLES, start_and_destroy, pause_and_resume, look_at_console, ask_for_figures, rename_and_back, reboot, reset,
         abort_a_save)
# What one type has alone, or what takes a quarter of an hour on emulated hardware with the others (a core).
DEEDS_OF = {
    "pv": (*DEEDS, set_memory, set_vcpus, plug_disk, plug_nic, dump_core, sleep_and_wake, abort_a_shutdown),
    "pvh": (*DEEDS, plug_disk, plug_nic, inject_nmi, sleep_and_wake, abort_a_shutdown),
    "hvm": (*DEEDS, change_medium, press_enter),
}


def all_save_at_once(clients):
    """A deed by which each of so many saves while the others do: what each of them needs is made."""
    barrier = threading.Barrier(clients)

    def save_with_the_others(host, domain):
        host.wait_until_it_listens(domain)
        with contextlib.suppress(threading.BrokenBarrierError):  # one whose guest the emulator broke does not come
            barrier.wait(host.patience)
        save_managed_and_start(host, domain)

    return save_with_the_others


def cd_drive(source=""):
    return DISK.format(device="cdrom", source=source, target="hdc")


def described(host, name, kind):
    """A guest to which all that its type knows can be done."""
    if kind == "hvm":
        return host.guest(name, kind).replace("</devices>", f"{cd_drive()}</devices>")
    if kind == "pvh":
        return host.guest(name, kind)
    part = "<currentMemory unit='MiB'>128</currentMemory><vcpu current='1'>2</vcpu>"
    return host.guest(name, kind, memory_mib=192).replace("<vcpu>1</vcpu>", part)


def start_anew(host, conn, name, kind):
    """Whatever may be there of it."""
    for each in (name, other_name(name)):
        with contextlib.suppress(libvirt.libvirtError):
            conn.lookupByName(each).destroy()
        with contextlib.suppress(libvirt.libvirtError):
            conn.lookupByName(each).undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    domain = conn.defineXML(described(host, name, kind))
    forget_what_it_said(host, domain)
    domain.create()
    return domain


def faults_of(host, name, before, error):
    """By which the emulator has broken the guest of this name until now; with one that does not answer this waits for another."""
    end = time.monotonic() + (FAULT_SECONDS if host.remote and "no answer" in str(error) else 0)
    while (faults := host.broken_by_the_emulator(name)) <= before and time.monotonic() < end:
        time.sleep(5)
    return faults


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
                except FAILURES as error:
                    before, broken = broken, faults_of(host, name, broken, error)
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
        yield dice.choice(DEEDS_OF[kind])
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
    """
    What the daemon holds: descriptors, threads, children, memory; the domains that it has, and that Xen has; and watches, where
    xenstored tells.
    """
    gc.collect()  # what an error has kept of a client that has gone holds its connection
    # The oldest: a child that libxl has forked has its name.
    proc = "/proc/$(pgrep -ox virtlightd)" if isinstance(host, LabHost) else f"/proc/{host.process.pid}"
    told = host.shell(
        f"echo $(ls {proc}/fd | wc -l) descriptors; echo $(ls {proc}/task | wc -l) threads; "
        f"echo $(cat {proc}/task/*/children 2>/dev/null | wc -w) children; awk '/^VmRSS/ {{print $2, \"resident KiB\"}}' {proc}/status; "
        "command -v xl >/dev/null && echo $(xl list | tail -n +2 | wc -l) domains of Xen; "
        # oxenstored says that it did, and writes nothing.
        "xenstore-control memreport /run/soak.memory >/dev/null 2>&1 && [ -e /run/soak.memory ] && "
        "echo $(grep -c 'struct watch ' /run/soak.memory) watches in xenstored || true"
    )
    held = {what: int(count) for count, what in (line.split(" ", 1) for line in told.splitlines())}
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
    end = time.monotonic() + SETTLING_SECONDS
    while leaks(before, after := measure(host)) and time.monotonic() < end:
        time.sleep(0.2)
    return after


def soak(host, minutes, clients_each=1, cycles=0, kinds=KINDS):
    """Prints what was done, and what the daemon held before and after. What went wrong, in words."""
    act = by_xl(host) if isinstance(host, LabHost) else by_another_client(host)
    if host.remote:
        host.shell("ip link add xenbr0 type bridge 2>/dev/null; ip link set xenbr0 up")
    everyone = [(kind, seed) for kind in kinds for seed in range(clients_each)]
    # What is made once and kept (contexts, threads) is made when everything has been done once.
    saves = all_save_at_once(len(everyone))
    tally = run(host, act, Tally(kinds), [(kind, seed, (saves, *DEEDS_OF[kind])) for kind, seed in everyone])
    before = after = measure(host)
    if not tally.failures:
        tally = Tally(kinds, minutes, cycles)
        run(host, act, tally, [(kind, seed, at_random(kind, seed, tally)) for kind, seed in everyone])
        after = settled(host, before)
    for what, count in sorted(tally.done.items()):
        print(f"{count:8} {what}")
    for what in before:
        print(f"{before[what]:8} -> {after[what]} {what}")
    print(tally.cycles_told())
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
