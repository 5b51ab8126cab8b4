# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests on networks of libvirt's, whose own daemon tells the bridges where the host runs it."""

import os
import pathlib
import subprocess

import libvirt
import pytest
from hosts import wait_until
from refusals import refused

LIBVIRTD = pathlib.Path("/usr/sbin/libvirtd")
DRIVER = "usr/lib/*/libvirt/connection-driver/libvirt_driver_network.so"
NAME = f"virtlight-nics-{os.getpid()}"
NETWORK = f"<network><name>{NAME}</name><forward mode='bridge'/><bridge name='br7'/></network>"
MAC = "00:16:3e:5f:48:e4"
NIC = f"<interface type='network'><mac address='{MAC}'/><source network='{NAME}'/></interface>"

LIVE, INACTIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_XML_INACTIVE

# libvirt keeps what it knows of networks in one place of the host, and starts some of its own.
another = pathlib.Path("/run/libvirtd.pid").exists() or any(pathlib.Path("/etc/libvirt/qemu/networks/autostart").glob("*"))
there = LIBVIRTD.exists() and any(pathlib.Path("/").glob(DRIVER))
pytestmark = [
    pytest.mark.simulated,
    pytest.mark.skipif(
        not there or os.geteuid() != 0 or another, reason="needs root and a libvirtd that does not run, nor starts networks"
    ),
]


class NetworkDaemon:
    """libvirt's daemon with its network driver alone."""

    def __init__(self, folder, listening):
        self.socket = listening / "virtnetworkd-sock"
        listening.mkdir(parents=True)
        self.words = ["-f", folder / "libvirtd.conf", "-p", folder / "libvirtd.pid"]
        drivers = folder / "drivers"
        drivers.mkdir()
        for driver in pathlib.Path("/").glob(DRIVER):
            (drivers / driver.name).symlink_to(driver)
        self.environment = {**os.environ, "LIBVIRT_DRIVER_DIR": str(drivers)}
        self.log = folder / "libvirtd.log"
        (folder / "libvirtd.conf").write_text(
            f'unix_sock_dir = "{listening}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "2:file:{self.log}"\n'
        )
        self.socket.symlink_to("libvirt-sock")
        self.process = None

    def start(self):
        self.process = subprocess.Popen([LIBVIRTD, *self.words], env=self.environment, stdin=subprocess.DEVNULL)
        wait_until(self.answers, 20, "the network daemon's first answer")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        return self.socket.is_socket()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.socket.resolve().unlink(missing_ok=True)

    def open(self):
        """A connection of its own, past the daemon that is tested."""
        return libvirt.open(f"network+unix:///system?socket={self.socket.resolve()}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


@pytest.fixture
def networks(own_host, tmp_path_factory):
    with NetworkDaemon(tmp_path_factory.mktemp("networks"), own_host.root / "run" / "libvirt") as daemon:
        yield daemon


@pytest.fixture
def network(networks):
    """One that is defined and not active."""
    conn = networks.open()
    made = conn.networkDefineXML(NETWORK)
    yield made
    if made.isActive():
        made.destroy()
    made.undefine()
    conn.close()


@pytest.fixture
def conn(own_host):
    with own_host.connect() as connection:
        yield connection


def guest_on_network(host, name):
    return host.guest(name).replace("<devices>", f"<devices>{NIC}")


def test_a_guest_starts_on_the_bridge_of_its_network(own_host, network, conn):
    network.create()
    domain = conn.defineXML(guest_on_network(own_host, "web"))
    assert f"<source network='{NAME}'/>" in domain.XMLDesc()
    domain.create()
    assert f"<source network='{NAME}' bridge='br7'/>" in domain.XMLDesc()
    assert f"<source network='{NAME}'/>" in domain.XMLDesc(INACTIVE)
    [line] = own_host.virsh("domiflist", "web").splitlines()[2:]
    assert line.split()[1] == "network" and MAC in line


def test_a_guest_gets_an_interface_on_a_network_while_it_runs(own_host, network, conn):
    network.create()
    domain = conn.defineXML(own_host.guest("plain"))
    domain.create()
    domain.attachDeviceFlags(NIC, LIVE)
    assert f"<source network='{NAME}' bridge='br7'/>" in domain.XMLDesc()
    assert NAME not in domain.XMLDesc(INACTIVE)
    domain.detachDeviceFlags(NIC, LIVE)
    assert NAME not in domain.XMLDesc()


def test_a_guest_is_not_started_while_its_network_is_not(own_host, network, conn):
    domain = conn.defineXML(guest_on_network(own_host, "early"))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "'early'", f"network '{NAME}' is not active: `virsh net-start {NAME}`"):
        domain.create()
    network.create()
    domain.create()


def test_a_guest_on_a_network_that_is_not_there_is_told_so(own_host, networks, conn):
    domain = conn.defineXML(guest_on_network(own_host, "nowhere"))
    with refused(libvirt.VIR_ERR_NO_NETWORK, f"'{NAME}'"):
        domain.create()


def test_a_guest_starts_anew_on_its_bridge_while_the_network_daemon_is_away(own_host, network, networks, conn):
    network.create()
    domain = conn.defineXML(guest_on_network(own_host, "lasting"))
    domain.create()
    networks.stop()
    try:
        domain.reset()
        assert f"<source network='{NAME}' bridge='br7'/>" in domain.XMLDesc()
        domain.destroy()
        with refused(libvirt.VIR_ERR_SYSTEM_ERROR, f"network '{NAME}'", "network_socket"):
            domain.create()
    finally:
        networks.start()
