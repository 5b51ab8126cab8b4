#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Save and restore by virsh against xl's, of the same 128 MiB guest: bench/save_guest.py --lab NAME [--rounds N]

Both take turns on a lab that is up and otherwise idle. virsh runs on this machine, over the carried socket, and waits until
the image is on the disk; xl, whose time is taken in dom0, leaves it to the page cache, and is measured with a sync of it as
well. Prints medians in seconds and ratios.
"""

import statistics

from labs import GUESTS, ROOT, forget_what_pv_said, in_dom0, lab, options, virsh, wait_for_pv

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


def with_virsh(name, uri):
    begin(name)
    virsh(uri, "create", ROOT / "lab/guest/pv.xml")
    wait_for_pv(name)
    save, restore = virsh(uri, "save", "pv", IMAGE), virsh(uri, "restore", IMAGE)
    virsh(uri, "destroy", "pv")
    return save, restore


def main():
    chosen = options(__doc__)
    uri = lab(chosen.lab, "socket")
    theirs, ours = [], []
    for _ in range(chosen.rounds):
        theirs.append(with_xl(chosen.lab))
        ours.append(with_virsh(chosen.lab, uri))
    print("            virsh        xl   ratio")
    for what, a, b in zip(("save", "restore"), zip(*ours), zip(*theirs)):
        print(f"{what:8} {statistics.median(a):6.2f} s  {statistics.median(b):6.2f} s   "
              f"{statistics.median(a) / statistics.median(b):5.2f}")
    a, b = (statistics.median(sum(pair) for pair in side) for side in (ours, theirs))
    print(f"together {a:6.2f} s  {b:6.2f} s   {a / b:5.2f}")


if __name__ == "__main__":
    main()
