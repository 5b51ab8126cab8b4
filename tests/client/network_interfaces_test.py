# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests on networks of libvirt's, whose own daemon tells the bridges where the host runs it."""

import os

import libvirt
import pytest
from libvirt_daemon import LibvirtDaemon, can_run
from refusals import refused

NAME = f"virtlight-nics-{os.getpid()}"
NETWORK = f"<network><name>{NAME}</name><forward mode='bridge'/><bridge name='br7'/></network>"
MAC = "00:16:3e:5f:48:e4"
NIC = f"<interface type='network'><mac address='{MAC}'/><source network='{NAME}'/></interface>"

LIVE, INACTIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_XML_INACTIVE

pytestmark = [pytest.mark.simulated, can_run]


@pytest.fixture
def networks(own_host, tmp_path_factory):
    with LibvirtDaemon(own_host.libvirt_sockets, tmp_path_factory.mktemp("networks"), "network", "virtnetworkd") as daemon:
        yield daemon


@pytest.fixture
def conn(own_host):
    with own_host.connect() as connection:
        yield connection


@pytest.fixture
def network(networks, conn):
    """One that is defined and not active."""
    made = conn.networkDefineXML(NETWORK)
    yield made
    if made.isActive():
        made.destroy()
    made.undefine()


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
        with refused(libvirt.VIR_ERR_NO_SUPPORT, f"network '{NAME}'", "network_socket"):
            domain.create()
    finally:
        networks.start()
