#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Save and restore by virsh against xl's, of the same 128 MiB guest: bench/save_guest.py --lab NAME [--rounds N]

Both take turns on a lab that is up and otherwise idle, and both are waited for until the image is on the disk: virsh ends
then, xl leaves it to the page cache and is measured with a sync of it. Prints medians in seconds and ratios to xl's:

  virsh    as a user of this machine sees it. It connects, and each of its calls goes through a connection of ssh's that an
           emulated dom0 deciphers; xl starts in dom0.
  net      the fair comparison, of work with work: virsh less what `virsh uri` takes by the same way, against xl less what
           `xl domname` takes. What either costs whatever it is asked is printed below.
  daemon   the daemon's own time, by its timeline: from the job's turn to its end. Of a restore, not the first look at the
           image.
  in dom0  virsh in dom0, as xl, where it is installed; nothing is taken off either.
"""

import statistics

from labs import (GUESTS, ROOT, forget_what_pv_said, has_virsh, in_dom0, lab, options, own_time, virsh, virsh_alone,
                  virsh_in_dom0, wait_for_pv, xl_alone)

IMAGE = "/var/tmp/bench.image"


def begin(name):
    forget_what_pv_said(name)
    lab(name, "ssh", f"rm -f {IMAGE}")


def with_xl(name):
    begin(name)
    lab(name, "ssh", f"xl create -q {GUESTS}/pv.cfg")
    wait_for_pv(name)
    save = in_dom0(name, f"xl save pv {IMAGE} && sync {IMAGE}")
    restore = in_dom0(name, f"xl restore {IMAGE}")
    lab(name, "ssh", "xl destroy pv")
    return save, restore


def with_virsh(name, uri, ask):
    """What `ask` says that a save and a restore took, and what the daemon says."""
    begin(name)
    virsh(uri, "create", ROOT / "lab/guest/pv.xml")
    wait_for_pv(name)
    asked = ask("save", "pv", IMAGE), ask("restore", IMAGE)
    own = own_time(name, "pv", "save"), own_time(name, "pv", "restore")
    virsh(uri, "destroy", "pv")
    return asked, own


def medians(rounds):
    """Of the saves, of the restores, and of both together."""
    return [statistics.median(each) for each in (*zip(*rounds), map(sum, rounds))]


def less(times, fixed):
    save, restore, together = times
    return [save - fixed, restore - fixed, together - 2 * fixed]


def show(how, ours, theirs):
    ratios = "".join(f"{a:8.2f} s {b:7.2f} s {a / b:6.2f}" for a, b in zip(ours, theirs))
    print(f"{how:8}{ratios}", flush=True)


def main():
    chosen = options(__doc__)
    uri = lab(chosen.lab, "socket")
    fixed, xl_fixed = virsh_alone(uri), xl_alone(chosen.lab)
    theirs, ours, own, there = [], [], [], []
    for _ in range(chosen.rounds):
        theirs.append(with_xl(chosen.lab))
        asked, alone = with_virsh(chosen.lab, uri, lambda *words: virsh(uri, *words))
        ours.append(asked)
        own.append(alone)
        if has_virsh(chosen.lab):
            there.append(with_virsh(chosen.lab, uri, lambda *words: virsh_in_dom0(chosen.lab, *words))[0])
    xl = medians(theirs)
    print(" " * 8 + "".join(f"{what:>10} {'xl':>9} {'ratio':>6}" for what in ("save", "restore", "together")))
    show("virsh", medians(ours), xl)
    show("net", less(medians(ours), fixed), less(xl, xl_fixed))
    show("daemon", medians(own), xl)
    if there:
        show("in dom0", medians(there), xl)
    print(f"alone    virsh {fixed:.2f} s, xl {xl_fixed:.2f} s")


if __name__ == "__main__":
    main()
