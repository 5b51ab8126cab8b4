#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`virsh start` against `xl create` of the same guests, in one run: bench/start_guest.py --lab NAME [--rounds N]

Both take turns on a lab that is up and otherwise idle. virsh runs on this machine, over the carried socket; xl's time is
taken in dom0, without the way there. Prints the medians in seconds and their ratio.
"""

import argparse
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
GUESTS = "/var/lib/virtlight-lab"


def lab(name, *words):
    command = [ROOT / "scripts/lab", words[0], "--name", name, *words[1:]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def virsh(uri, *words):
    begin = time.monotonic()
    subprocess.run(["virsh", "-q", "-c", uri, *words], check=True, capture_output=True)
    return time.monotonic() - begin


def xl_create(name, kind):
    taken = lab(name, "ssh", f"s=$(date +%s%N); xl create -q {GUESTS}/{kind}.cfg >&2; echo $(($(date +%s%N) - s))")
    lab(name, "ssh", f"xl destroy {kind}")
    return int(taken) / 1e9


def virsh_start(uri, kind):
    taken = virsh(uri, "start", kind)
    virsh(uri, "destroy", kind)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default="default")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    uri = lab(options.lab, "socket")
    print("guest   virsh start   xl create   ratio")
    for kind in ("pv", "pvh", "hvm"):
        ours, theirs = [], []
        for _ in range(options.rounds):
            theirs.append(xl_create(options.lab, kind))
            # The definition is not there while xl works: both may not have the name.
            virsh(uri, "define", ROOT / f"lab/guest/{kind}.xml")
            ours.append(virsh_start(uri, kind))
            virsh(uri, "undefine", kind)
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{kind:5}   {a:9.2f} s   {b:7.2f} s   {a / b:5.2f}")


if __name__ == "__main__":
    main()
