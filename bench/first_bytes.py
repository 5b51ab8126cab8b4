#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is the first byte of each boot in the console's history? bench/first_bytes.py --lab NAME [--rounds N] [--kinds pv,pvh,hvm]

Starts guests of each type on a lab that is up, and looks whether what is kept of their consoles begins with the
first words of the kernel, or of the BIOS. Prints how many of the starts were whole.
"""

import subprocess
import time
import xml.etree.ElementTree as ET

import libvirt

from labs import ROOT, lab, options

KERNEL = "[    0.000000] Linux version "
# What clears the screen, and then the BIOS.
FIRST_WORDS = {"pv": KERNEL, "pvh": KERNEL, "hvm": "\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS"}
PATIENCE = 240  # seconds until a guest has said so much


def definition(kind):
    tree = ET.parse(ROOT / f"lab/guest/{kind}.xml")
    tree.find("name").text = f"first-{kind}"
    words = tree.find("os/cmdline")
    words.text = words.text.replace("loglevel=1", "loglevel=6")  # 6: the kernel says its version
    return ET.tostring(tree.getroot(), encoding="unicode")


def history(uri, name):
    command = [ROOT / "build/release/bin/virtlight", "--connect", uri, "logs", name]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode(errors="replace")


def is_whole(conn, uri, kind):
    """Whether the history of one start begins where the guest began."""
    domain = conn.createXML(definition(kind))
    try:
        end = time.monotonic() + PATIENCE
        while len(text := history(uri, domain.name())) < len(FIRST_WORDS[kind]):
            if time.monotonic() > end:
                print(f"{kind}: it has said only {text!r}")
                return False
            time.sleep(0.5)
    finally:
        domain.destroy()
    if not text.startswith(FIRST_WORDS[kind]):
        print(f"{kind}: begins with {text[:80]!r}")
    return text.startswith(FIRST_WORDS[kind])


def main():
    chosen = options(__doc__, kinds="pv,pvh,hvm")
    uri = lab(chosen.lab, "socket")
    conn = libvirt.open(uri)
    for kind in chosen.kinds.split(","):
        whole = sum(is_whole(conn, uri, kind) for _ in range(chosen.rounds))
        print(f"{kind:4} {whole} of {chosen.rounds}", flush=True)


if __name__ == "__main__":
    main()
