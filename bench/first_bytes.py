#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is the first byte of each boot in the console's history? bench/first_bytes.py --lab NAME [--starts N]

Starts guests of each type on a lab that is up, and looks whether what is kept of their consoles begins with the
first words of the kernel, or of the BIOS. Prints how many of the starts were whole.
"""

import argparse
import pathlib
import subprocess
import time
import xml.etree.ElementTree as ET

import libvirt

ROOT = pathlib.Path(__file__).resolve().parents[1]
KERNEL = "[    0.000000] Linux version "
# What clears the screen, and then the BIOS.
FIRST_WORDS = {"pv": KERNEL, "pvh": KERNEL, "hvm": "\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version "}
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lab", default="default")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("kinds", nargs="*", default=["pv", "pvh", "hvm"])
    options = parser.parse_args()
    uri = subprocess.run([ROOT / "scripts/lab", "socket", "--name", options.lab],
                         check=True, capture_output=True, text=True).stdout.strip()
    conn = libvirt.open(uri)
    for kind in options.kinds:
        whole = sum(is_whole(conn, uri, kind) for _ in range(options.starts))
        print(f"{kind:4} {whole} of {options.starts}", flush=True)


if __name__ == "__main__":
    main()
