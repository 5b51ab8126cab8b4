#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`virsh start` against `xl create` of the same guests, in one run: bench/start_guest.py --lab NAME [--rounds N]

Both take turns on a lab that is up and otherwise idle. virsh runs on this machine, over the carried socket; xl's time is
taken in dom0, without the way there. Prints the medians in seconds and their ratio.
"""

import statistics

from labs import GUESTS, ROOT, in_dom0, lab, options, virsh


def xl_create(name, kind):
    taken = in_dom0(name, f"xl create -q {GUESTS}/{kind}.cfg")
    lab(name, "ssh", f"xl destroy {kind}")
    return taken


def virsh_start(uri, kind):
    taken = virsh(uri, "start", kind)
    virsh(uri, "destroy", kind)
    return taken


def main():
    chosen = options(__doc__)
    uri = lab(chosen.lab, "socket")
    print("guest   virsh start   xl create   ratio")
    for kind in ("pv", "pvh", "hvm"):
        ours, theirs = [], []
        for _ in range(chosen.rounds):
            theirs.append(xl_create(chosen.lab, kind))
            # The definition is not there while xl works: both may not have the name.
            virsh(uri, "define", ROOT / f"lab/guest/{kind}.xml")
            ours.append(virsh_start(uri, kind))
            virsh(uri, "undefine", kind)
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{kind:5}   {a:9.2f} s   {b:7.2f} s   {a / b:5.2f}")


if __name__ == "__main__":
    main()
