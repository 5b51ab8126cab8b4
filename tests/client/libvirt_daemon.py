# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's own daemons, which the daemon under test asks for what is outside its guests."""

import fcntl
import os
import pathlib
import subprocess
import tempfile

import pytest
from hosts import wait_until

LIBVIRTD = pathlib.Path("/usr/sbin/libvirtd")
DRIVERS = "usr/lib/*/libvirt/connection-driver/libvirt_driver_{}.so"

# libvirt keeps what it knows of pools, networks and so on in one place of the host.
another = pathlib.Path("/run/libvirtd.pid").exists()
can_run = pytest.mark.skipif(
    not LIBVIRTD.exists() or os.geteuid() != 0 or another, reason="needs root and a libvirtd that does not run"
)


class LibvirtDaemon:
    """libvirt's daemon with one driver alone, of the machine of this test. It listens in the folder `listening` as `name`."""

    def __init__(self, listening, folder, driver, name):
        found = list(pathlib.Path("/").glob(DRIVERS.format(driver)))
        if not found:
            pytest.skip(f"libvirt's driver {driver} is not installed")
        own = folder / "sockets"
        drivers = folder / "drivers"
        for made in (listening, own, drivers):
            made.mkdir(parents=True, exist_ok=True)
        for one in found:
            (drivers / one.name).symlink_to(one)
        self.socket = listening / f"{name}-sock"
        self.socket.symlink_to(own / "libvirt-sock")
        self.words = ["-f", folder / "libvirtd.conf", "-p", folder / "libvirtd.pid"]
        self.environment = {**os.environ, "LIBVIRT_DRIVER_DIR": str(drivers)}
        self.log = folder / "libvirtd.log"
        (folder / "libvirtd.conf").write_text(
            f'unix_sock_dir = "{own}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "2:file:{self.log}"\n'
        )
        # Only one daemon of a host has a driver.
        self.turn = open(pathlib.Path(tempfile.gettempdir()) / f"virtlight-test-libvirt-{driver}", "wb")
        self.process = None

    def start(self):
        fcntl.flock(self.turn, fcntl.LOCK_EX)
        self.process = subprocess.Popen([LIBVIRTD, *self.words], env=self.environment, stdin=subprocess.DEVNULL)
        wait_until(self.answers, 20, f"the first answer at {self.socket}")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        return self.socket.is_socket()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.socket.resolve().unlink(missing_ok=True)
        fcntl.flock(self.turn, fcntl.LOCK_UN)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
