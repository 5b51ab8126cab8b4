# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon on the simulated hypervisor and its guests, for the benches that need many."""

import concurrent.futures
import contextlib
import pathlib
import re
import subprocess
import tempfile
import time

import libvirt

ROOT = pathlib.Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds until a daemon serves, or ends
STARTERS = 8  # clients that start guests at the same time: most of a start is waiting for the disk
MEMORY = pathlib.Path("/dev/shm")


@contextlib.contextmanager
def root_folder():
    """In memory where that can be had: what is measured is no disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as root:
        yield pathlib.Path(root)


class Daemon:
    def __init__(self, programs, root):
        self.uri = f"xen+unix:///system?socket={root}/run/virtlightd.sock"
        self.log = pathlib.Path(root) / "log"
        command = [programs / "virtlightd", "--hypervisor", "simulated", "--root", root]
        self.began = time.monotonic()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def connect(self):
        while True:
            try:
                return libvirt.open(self.uri)
            except libvirt.libvirtError:
                assert time.monotonic() - self.began < PATIENCE, "the daemon does not answer"
                time.sleep(0.001)

    def each(self, act, items):
        """What `act` does with a connection and an item, for all items, several at a time."""
        with concurrent.futures.ThreadPoolExecutor(STARTERS) as pool:
            connections = [self.connect() for _ in range(STARTERS)]
            list(pool.map(act, (connections[i % STARTERS] for i in range(len(items))), items))

    def create(self, definitions):
        self.each(lambda connection, xml: connection.createXML(xml), definitions)

    def define(self, definitions):
        self.each(lambda connection, xml: connection.defineXML(xml), definitions)

    def end(self):
        """Milliseconds of the core's longest step."""
        self.process.terminate()
        self.process.wait(PATIENCE)
        return float(re.search(r"longest step of the core took ([\d.]+) ms", self.log.read_text())[1])

    def kill(self):
        self.process.kill()
        self.process.wait()
