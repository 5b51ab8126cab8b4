# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks, interfaces of the host, secrets and network filters: libvirt's own daemons' where the host runs them."""

import os

import libvirt
import pytest
from hosts import wait_until
from libvirt_daemon import LibvirtDaemon, can_run
from refusals import refused

NAME = f"virtlight-{os.getpid()}"
# What libvirt makes nothing on the host for.
NETWORK = f"<network><name>{NAME}</name><forward mode='bridge'/><bridge name='br0'/></network>"
# Kept in the daemon's memory alone.
SECRET = f"<secret ephemeral='yes' private='no'><usage type='ceph'><name>{NAME}</name></usage></secret>"
FILTER = f"<filter name='{NAME}' chain='root'/>"

pytestmark = [pytest.mark.simulated, can_run]


@pytest.fixture
def networks(own_host, tmp_path_factory):
    with LibvirtDaemon(own_host.libvirt_sockets, tmp_path_factory.mktemp("networks"), "network", "virtnetworkd") as daemon:
        yield daemon
        with own_host.connect() as conn:
            for left in conn.listAllNetworks():
                if left.name() == NAME:
                    if left.isActive():
                        left.destroy()
                    left.undefine()


@pytest.fixture
def secrets(own_host, tmp_path_factory):
    with LibvirtDaemon(own_host.libvirt_sockets, tmp_path_factory.mktemp("secrets"), "secret", "virtsecretd") as daemon:
        yield daemon


@pytest.fixture
def interfaces(own_host, tmp_path_factory):
    with LibvirtDaemon(own_host.libvirt_sockets, tmp_path_factory.mktemp("interfaces"), "interface", "virtinterfaced") as daemon:
        yield daemon


@pytest.fixture
def filters(own_host, tmp_path_factory):
    daemon = LibvirtDaemon(own_host.libvirt_sockets, tmp_path_factory.mktemp("filters"), "nwfilter", "virtnwfilterd")
    try:
        daemon.start()
    except AssertionError as error:
        if daemon.process.poll() is None:
            daemon.stop()
        pytest.skip(f"libvirt's network filters need more of a host than this one has: {error}")
    yield daemon
    daemon.stop()


def test_networks_are_what_libvirts_daemon_says(own_host, networks, tmp_path):
    definition = tmp_path / "network.xml"
    definition.write_text(NETWORK)
    own_host.virsh("net-define", definition)
    assert NAME in own_host.virsh("net-list", "--all")
    assert "<bridge name='br0'/>" in own_host.virsh("net-dumpxml", NAME)
    assert "br0" in own_host.virsh("net-info", NAME)
    own_host.virsh("net-start", NAME)
    with own_host.connect() as conn:
        network = conn.networkLookupByName(NAME)
        assert network.isActive() and network.isPersistent()
        assert network.bridgeName() == "br0"
        assert conn.networkLookupByUUID(network.UUID()).name() == NAME
    own_host.virsh("net-destroy", NAME)
    own_host.virsh("net-undefine", NAME)
    assert NAME not in own_host.virsh("net-list", "--all")


def test_what_the_network_daemon_refuses_is_told_in_its_words(own_host, networks):
    with own_host.connect() as conn:
        with refused(libvirt.VIR_ERR_NO_NETWORK, "'nowhere'"):
            conn.networkLookupByName("nowhere")
        conn.networkDefineXML(NETWORK).create()
        with refused(libvirt.VIR_ERR_OPERATION_INVALID, "already active"):
            conn.networkLookupByName(NAME).create()


def test_a_part_of_a_network_is_changed(own_host, networks):
    with own_host.connect() as conn:
        network = conn.networkDefineXML(NETWORK)
        group = f"<portgroup name='{NAME}-ports'/>"
        own_host.virsh("net-update", NAME, "add-last", "portgroup", group, "--config")
        assert f"{NAME}-ports" in network.XMLDesc()
        own_host.virsh("net-update", NAME, "delete", "portgroup", group, "--config")
        assert f"{NAME}-ports" not in network.XMLDesc()


def test_who_may_only_look_changes_no_network(own_host, networks):
    with own_host.connect() as conn, own_host.connect_read_only() as reader:
        conn.networkDefineXML(NETWORK)
        network = reader.networkLookupByName(NAME)
        assert not network.isActive()
        for change in (network.create, network.undefine):
            with refused(libvirt.VIR_ERR_OPERATION_DENIED):
                change()


def network_events(conn, network=None):
    """The list to which what is told of it, or of all, is added."""
    told = []
    conn.networkEventRegisterAny(
        network, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, lambda _conn, of, event, *_: told.append((of.name(), event)), None
    )
    return told


def test_who_has_registered_is_told_of_networks(own_host, networks):
    with own_host.connect() as conn, own_host.connect_read_only() as reader:
        told, told_reader = network_events(conn), network_events(reader)
        network = conn.networkDefineXML(NETWORK)
        first = [(NAME, libvirt.VIR_NETWORK_EVENT_DEFINED)]
        wait_until(lambda: told == first, 10, f"{first}, told: {told}")
        told_of_one = network_events(conn, network)
        network.create()
        network.destroy()
        network.undefine()
        rest = [
            (NAME, libvirt.VIR_NETWORK_EVENT_STARTED),
            (NAME, libvirt.VIR_NETWORK_EVENT_STOPPED),
            (NAME, libvirt.VIR_NETWORK_EVENT_UNDEFINED),
        ]
        for seen, expected in ((told, first + rest), (told_reader, first + rest), (told_of_one, rest)):
            wait_until(lambda seen=seen, expected=expected: seen == expected, 10, f"{expected}, told: {seen}")


def test_a_network_daemon_that_comes_back_tells_of_networks_again(own_host, networks):
    with own_host.connect() as conn:
        told = network_events(conn)
        networks.stop()
        assert conn.listAllNetworks() == []
        with refused(libvirt.VIR_ERR_NO_SUPPORT, "libvirt's network daemon does not run", "network_socket"):
            conn.networkDefineXML(NETWORK)
        networks.start()

        def told_again():
            conn.networkDefineXML(NETWORK).undefine()
            return told

        wait_until(told_again, 20, "an event of a network that is defined")


def test_who_registers_before_the_daemon_runs_is_told_when_it_does(own_host, networks):
    networks.stop()
    with own_host.connect() as conn:
        told = network_events(conn)
        networks.start()

        def told_at_last():
            conn.networkDefineXML(NETWORK).undefine()
            return told

        wait_until(told_at_last, 20, "an event of a network that is defined")


def test_secrets_are_kept_by_libvirts_daemon(own_host, secrets, tmp_path):
    definition = tmp_path / "secret.xml"
    definition.write_text(SECRET)
    own_host.virsh("secret-define", definition)
    with own_host.connect() as conn, own_host.connect_read_only() as reader:
        secret = conn.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_CEPH, NAME)
        uuid = secret.UUIDString()
        assert uuid in own_host.virsh("secret-list")
        changed = []
        conn.secretEventRegisterAny(
            secret, libvirt.VIR_SECRET_EVENT_ID_VALUE_CHANGED, lambda _conn, of, _opaque: changed.append(of.UUIDString()), None
        )
        secret.setValue(b"open, sesame", 0)
        assert secret.value() == b"open, sesame"
        wait_until(lambda: changed == [uuid], 10, "one event of a changed value")
        assert NAME in reader.secretLookupByUUID(secret.UUID()).XMLDesc()
        with refused(libvirt.VIR_ERR_OPERATION_DENIED):
            reader.secretLookupByUUID(secret.UUID()).value()
    own_host.virsh("secret-undefine", uuid)


def test_interfaces_of_the_host_are_what_libvirts_daemon_says(own_host, interfaces):
    with own_host.connect() as conn:
        names = {interface.name() for interface in conn.listAllInterfaces()}
        assert "lo" in names and names >= {*conn.listInterfaces(), *conn.listDefinedInterfaces()}
        with refused(libvirt.VIR_ERR_NO_INTERFACE, "couldn't find interface named 'nowhere'"):
            conn.interfaceLookupByName("nowhere")


def test_network_filters_are_what_libvirts_daemon_says(own_host, filters):
    with own_host.connect() as conn:
        made = conn.nwfilterDefineXML(FILTER)
        assert NAME in own_host.virsh("nwfilter-list")
        assert conn.nwfilterLookupByUUID(made.UUID()).name() == NAME
        made.undefine()
        with refused(libvirt.VIR_ERR_NO_NWFILTER):
            conn.nwfilterLookupByName(NAME)
