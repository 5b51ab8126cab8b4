# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benchmarks on a lab share: commands there and here, and how long they took."""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
GUESTS = "/var/lib/virtlight-lab"


def options(description, **more):
    """The words of a benchmark: --lab, --rounds and what else it takes with its default."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--lab", default="default", help="a lab that is up and otherwise idle")
    parser.add_argument("--rounds", type=int, default=5)
    for name, default in more.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser.parse_args()


def lab(name, *words):
    command = [ROOT / "scripts/lab", words[0], "--name", name, *words[1:]]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def forget_what_pv_said(name):
    lab(name, "ssh", "rm -f /var/log/xen/console/guest-pv.log")


def wait_for_pv(name):
    """Until the guest of lab/guest/pv.xml has said who it is."""
    lab(name, "ssh", "for _ in $(seq 240); do grep -qs 'name=pv ' /var/log/xen/console/guest-pv.log && break; sleep 0.5; done")


def in_dom0(name, command):
    """Seconds that a command took in dom0, without the way there."""
    taken = lab(name, "ssh", f"s=$(date +%s%N); {command} >&2; echo $(($(date +%s%N) - s))")
    return int(taken.splitlines()[-1]) / 1e9


def virsh(uri, *words):
    """Seconds that virsh took on this machine, over the carried socket."""
    begin = time.monotonic()
    subprocess.run(["virsh", "-q", "-c", uri, *words], check=True, capture_output=True)
    return time.monotonic() - begin


def virsh_alone(uri, times=9):
    """What virsh and its way to the daemon take whatever is asked: seconds of a question that is answered at once."""
    return statistics.median(virsh(uri, "uri") for _ in range(times))


def xl_alone(name, times=9):
    """The same of xl."""
    return statistics.median(in_dom0(name, "xl domname 0") for _ in range(times))


def has_virsh(name):
    """Whether virsh is installed in dom0, where xl is measured."""
    return lab(name, "ssh", "command -v virsh || true") != ""


def virsh_in_dom0(name, *words):
    """Seconds that virsh took in dom0."""
    return in_dom0(name, f"virsh -q -c 'xen+unix:///system?socket=/run/virtlightd.sock' {' '.join(words)}")


def own_time(name, domain, operation):
    """Seconds that the daemon took for the last such job on a domain, by its own timeline."""
    lines = lab(name, "ssh", f"tail -n 50 /var/log/virtlight/timeline/{domain}.jsonl").splitlines()
    ends = [line for line in map(json.loads, lines) if line["type"] == "end" and line["operation"] == operation]
    return ends[-1]["took_ms"] / 1e3
