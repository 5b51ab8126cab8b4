# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon killed in the middle of everything, again and again: no guest, image or definition may be lost by it."""

import argparse
import collections
import contextlib
import dataclasses
import pathlib
import random
import sys
import threading
import time

import libvirt

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "client"))

from clients import quiet_libvirt
from hosts import LabHost, wait_until

KINDS = ("pv", "pvh", "pv", "hvm")
LOAD_SECONDS = (1, 20)  # the load lasts so long before the kill, at least and at most
SETTLING_SECONDS = 120  # until a new daemon has finished or undone what it found, on an emulated machine
SETTLING_LOOKS = 6  # in that time, whether the emulator has broken a guest: that one is not waited for


@dataclasses.dataclass(frozen=True)
class State:
    """Where a guest is: nowhere, off, in an image of ours or in a file of the client's, or running in a domid."""

    where: str
    domid: int | None = None  # None: any

    def __str__(self):
        return self.where if self.domid is None else f"{self.where} as {self.domid}"


ABSENT, OFF, IMAGED, SAVED, RUNNING = map(State, ("absent", "off", "imaged", "saved", "running"))


class Keeper:
    """A client with a guest of its own: what it has been told is so has to be so after a kill, too."""

    def __init__(self, host, number, kind):
        self.host = host
        self.kind = kind
        self.name = f"kept-{number}-{kind}"
        self.file = f"/var/tmp/{self.name}.save"
        self.dice = random.Random(number)
        self.conn = None
        self.killed = threading.Event()
        self.state = ABSENT
        self.possible = {ABSENT}
        self.deed = "nothing"
        self.failure = None
        self.broken = host.broken_by_the_emulator(self.name)

    def deeds(self):
        """What can be done now, each with the state that it leads to."""
        off = [(self.start, RUNNING)] * 3 + [(self.undefine, ABSENT)]
        running = [(self.destroy, OFF), (self.pause_and_resume, self.state)]
        running += [(self.save, SAVED), (self.save_managed, IMAGED)] * 2
        return {"absent": [(self.define, OFF)], "off": off, "running": running, "imaged": [(self.start, RUNNING)],
                "saved": [(self.restore, RUNNING)]}[self.state.where]

    def work(self, killed, done):
        """One deed after the other until the daemon is killed."""
        self.killed = killed
        try:
            with self.host.connect() as self.conn:
                while not killed.is_set():
                    deed, after = self.dice.choice(self.deeds())
                    self.deed = deed.__name__
                    self.possible = {self.state, after}
                    deed()
                    self.state = self.seen() if after == RUNNING else after
                    self.possible = {self.state}
                    done[f"{self.deed} {self.kind}"] += 1
                    self.deed = "nothing"
        except (libvirt.libvirtError, AssertionError) as error:
            if not killed.is_set():
                self.failure = f"{self.name}: {self.deed}: {error}"

    @property
    def domain(self):
        return self.conn.lookupByName(self.name)

    def define(self):
        self.conn.defineXML(self.host.guest(self.name, self.kind))

    def undefine(self):
        self.domain.undefine()

    def start(self):
        if self.state == OFF:  # what it says when it has booted
            self.host.dom0(f"rm -f /var/log/xen/console/guest-{self.name}.log")
        self.domain.create()

    def destroy(self):
        self.domain.destroy()

    def pause_and_resume(self):
        self.domain.suspend()
        self.domain.resume()

    def save(self):
        self.wait_until_it_listens()
        self.host.dom0(f"rm -f {self.file}")
        self.domain.save(self.file)

    def save_managed(self):
        self.wait_until_it_listens()
        self.domain.managedSave()

    def restore(self):
        self.conn.restore(self.file)

    def wait_until_it_listens(self):
        """As the host's, which does not know of the kill. It waits in dom0, too, to take no time from the guests."""
        said = f"grep -qs 'name={self.name} ' /var/log/xen/console/guest-{self.name}.log"
        goes_on = f"[ -d /proc/$daemon ] && [ $SECONDS -lt {self.host.patience} ]"
        self.host.dom0(
            f"SECONDS=0; read -r daemon </run/lab-virtlightd.pid; until {said}; do {goes_on} && sleep 1 || exit 1; done"
        )

    def seen(self):
        """The state as the daemon tells it."""
        try:
            domain = self.domain
        except libvirt.libvirtError as error:
            assert error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN, error
            return ABSENT
        if domain.isActive():
            return State("running", domain.ID())
        if domain.hasManagedSaveImage():
            return IMAGED
        saved = SAVED in self.possible and self.host.dom0(f"test -s {self.file} && echo yes || true")
        return SAVED if saved else OFF

    def is_settled(self):
        """A guest that is still paused is one that the daemon has to destroy, or was about to be resumed."""
        self.state = self.seen()
        if self.state.where != "running":
            return self.state in self.possible
        if self.domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED and self.deed == "pause_and_resume":
            self.domain.resume()
        runs = self.domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
        return runs and (self.state in self.possible or RUNNING in self.possible)

    def find_again(self, conn):
        """After a kill: it is as it was, or as it was to be."""
        self.conn = conn
        unsettled = broken = None
        for _ in range(SETTLING_LOOKS):
            unsettled = self.settle(SETTLING_SECONDS / SETTLING_LOOKS)
            broken = unsettled and self.is_the_emulators_fault()
            if broken or not unsettled:
                break
        self.failure = unsettled or self.failure
        self.possible = {self.state}
        if broken or self.failure and self.is_the_emulators_fault():
            self.start_over()

    def settle(self, seconds):
        """In words, what it is if it does not settle."""
        possible = " or ".join(map(str, self.possible))
        try:
            wait_until(self.is_settled, seconds, possible)
        except AssertionError as error:
            return f"{self.name}: killed during {self.deed}: it is {self.state}: {error}"
        return None

    def is_the_emulators_fault(self):
        """Since it was last asked."""
        before, self.broken = self.broken, self.host.broken_by_the_emulator(self.name)
        return not self.broken <= before

    def start_over(self):
        with contextlib.suppress(libvirt.libvirtError):
            self.domain.destroy()
        with contextlib.suppress(libvirt.libvirtError):
            self.domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
        self.state = ABSENT
        self.possible = {ABSENT}
        self.failure = None


def domains_of_xen(host):
    """What runs, by domid, as xl tells it."""
    rows = [line.split() for line in host.dom0("xl list").splitlines()[1:]]
    return {int(row[1]): row[0] for row in rows}


def differences(host, conn):
    """Where the daemon's list of what runs is not Xen's, in words."""
    ours = {domain.ID(): domain.name() for domain in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)}
    xens = domains_of_xen(host)
    return [] if ours == xens else [f"the daemon knows of {ours}, and Xen of {xens}"]


def kill_once(host, keepers, dice, done):
    """A load, a kill in its middle, and a new daemon. What was lost, in words."""
    killed = threading.Event()
    threads = [threading.Thread(target=keeper.work, args=(killed, done)) for keeper in keepers]
    for thread in threads:
        thread.start()
    time.sleep(dice.uniform(*LOAD_SECONDS))
    killed.set()
    host.daemon("kill")
    for thread in threads:
        thread.join()
    host.daemon("start")
    with host.connect() as conn:
        for keeper in keepers:
            keeper.find_again(conn)
        lost = [keeper.failure for keeper in keepers if keeper.failure]
        return lost or differences(host, conn)


def kill_often(host, count, seed=None):
    """Kills so often, or until something is lost: what was done, and what was lost."""
    dice = random.Random(seed)
    keepers = [Keeper(host, number, kind) for number, kind in enumerate(KINDS)]
    done = collections.Counter()
    during = collections.Counter()
    for number in range(1, count + 1):
        lost = kill_once(host, keepers, dice, done)
        during.update(keeper.deed for keeper in keepers)
        print(f"kill {number}:", ", ".join(f"{keeper.name} {keeper.deed}" for keeper in keepers), flush=True)
        if lost:
            break
    for what, times in sorted(done.items()):
        print(f"{times:8} {what}")
    for what, times in sorted(during.items()):
        print(f"{times:8} killed during {what}")
    host.dom0("rm -f /var/tmp/kept-*.save")
    return sum(during.values()) // len(keepers), lost


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--lab", default="default", help="a lab that is up")
    options = parser.parse_args()
    quiet_libvirt()
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(LabHost(options.lab))
        kills, lost = kill_often(host, options.kills)
        host.clear()
    for what in lost:
        print(f"FAILED: {what}")
    print(f"{kills - bool(lost)} passed, {int(bool(lost))} failed")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
