#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest that answers nothing costs the others: bench/frozen_guest.py --lab NAME [--rounds N]

On a lab that is up and otherwise idle: `virsh list` and `dominfo` of another domain while the shutdown of a frozen guest is
pending, against the same of the same frozen guest before anything is asked of it, as virsh asks once more for each guest that
it lists; and the destroying of such a guest with the shutdown still pending, against `xl destroy` of it. Prints medians in
milliseconds and ratios.
"""

import json
import statistics
import subprocess
import time

from labs import GUESTS, ROOT, forget_what_pv_said, in_dom0, lab, options, virsh, wait_for_pv

READS_EACH_ROUND = 10


def make_frozen(name, uri):
    """A guest that is paused behind the daemon's back."""
    forget_what_pv_said(name)
    virsh(uri, "create", ROOT / "lab/guest/pv.xml")
    wait_for_pv(name)
    lab(name, "ssh", "xl pause pv")


def ask_to_shut_down(name, uri):
    """A shutdown of it that is under way: also virsh has begun, which would take from what is measured."""
    asking = subprocess.Popen(["virsh", "-q", "-c", uri, "shutdown", "pv"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    while not json.loads(lab(name, "ssh", "virtlight jobs --json")):
        assert asking.poll() is None, "the shutdown has ended"
        time.sleep(0.2)
    return asking


def reads(uri):
    taken = {"list": [], "dominfo": []}
    for _ in range(READS_EACH_ROUND):
        taken["list"].append(virsh(uri, "list"))
        taken["dominfo"].append(virsh(uri, "dominfo", "Domain-0"))
    return taken


def xl_destroy(name):
    lab(name, "ssh", f"xl create -q {GUESTS}/pv.cfg; sleep 3; xl pause pv")
    return in_dom0(name, "xl destroy pv")


def show(what, ours, theirs):
    a, b = statistics.median(ours) * 1000, statistics.median(theirs) * 1000
    print(f"{what:24} {a:7.1f} ms  {b:7.1f} ms   {a / b:5.2f}")


def main():
    chosen = options(__doc__)
    uri = lab(chosen.lab, "socket")
    idle = {"list": [], "dominfo": []}
    pending = {"list": [], "dominfo": []}
    ours, theirs = [], []
    for _ in range(chosen.rounds):
        make_frozen(chosen.lab, uri)
        for what, taken in reads(uri).items():
            idle[what] += taken
        shutdown = ask_to_shut_down(chosen.lab, uri)
        for what, taken in reads(uri).items():
            pending[what] += taken
        ours.append(virsh(uri, "destroy", "pv"))
        shutdown.wait()
        theirs.append(xl_destroy(chosen.lab))
    print("                          pending       idle   ratio")
    for what in idle:
        show(f"virsh {what}", pending[what], idle[what])
    print("                            virsh         xl   ratio")
    show("destroy of a frozen guest", ours, theirs)


if __name__ == "__main__":
    main()
