# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client learns about the host before it touches a domain."""

import os
import re
import subprocess
import xml.etree.ElementTree as ET

import libvirt
import pytest
from clients import Wire
from refusals import refused

SCHEMAS = "/usr/share/libvirt/schemas"


def test_the_connection_says_what_it_is(conn):
    assert conn.getType() == "Xen"
    assert conn.getURI().startswith("xen")
    assert conn.getVersion() >= 4_000_000
    assert conn.getHostname()
    assert conn.isAlive()


def test_the_host_is_described(conn):
    model, memory_mib, cpus, _mhz, nodes, sockets, cores, threads = conn.getInfo()
    assert model == "x86_64"
    assert memory_mib > 512
    assert 0 < cpus <= nodes * sockets * cores * threads
    assert conn.getFreeMemory() > 0
    assert conn.getMaxVcpus(None) == conn.getMaxVcpus("xen") == 512


def test_capabilities_are_what_libvirts_schema_allows(conn, tmp_path):
    xml = conn.getCapabilities()
    guests = {guest.findtext("os_type") for guest in ET.fromstring(xml).findall("guest")}
    assert {"xen", "xenpvh", "hvm"} <= guests
    # The schema of libvirt 9.0 forgets xenpvh, which its own driver says: the rest must hold.
    xml = re.sub(r"<guest>\s*<os_type>xenpvh.*?</guest>", "", xml, flags=re.DOTALL)
    (tmp_path / "capabilities.xml").write_text(xml)
    subprocess.run(
        ["xmllint", "--noout", "--relaxng", f"{SCHEMAS}/capability.rng", tmp_path / "capabilities.xml"],
        check=True, capture_output=True,
    )


def test_a_guest_that_is_emulated_is_to_have_acpi(conn):
    """virt-install and virt-manager ask for what is on by default, and Windows does not start without it."""
    for guest in ET.fromstring(conn.getCapabilities()).findall("guest"):
        for feature in ("acpi", "apic"):
            found = guest.find(f"features/{feature}")
            assert (found is not None) == (guest.findtext("os_type") == "hvm")
            assert found is None or (found.get("default"), found.get("toggle")) == ("on", "yes")


def test_capabilities_describe_the_processors_and_where_they_are(conn):
    host = ET.fromstring(conn.getCapabilities()).find("host")
    assert host.findtext("cpu/vendor")
    assert {"fpu", "lm"} <= {feature.get("name") for feature in host.findall("cpu/feature")}
    cells = host.findall("topology/cells/cell")
    assert len(cells) == conn.getInfo()[4]
    assert sum(len(cell.findall("cpus/cpu")) for cell in cells) == conn.getInfo()[2]


def test_the_hosts_smbios_is_told_where_there_is_one(host, conn):
    if host.remote and not host.shell("cat /sys/class/dmi/id/sys_vendor 2>/dev/null || true"):
        with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "SMBIOS information is not available"):
            conn.getSysinfo()
        return
    root = ET.fromstring(host.virsh("sysinfo"))
    assert (root.tag, root.get("type")) == ("sysinfo", "smbios")
    assert root.findtext("system/entry[@name='manufacturer']")


@pytest.mark.parametrize("machine", ["xenpv", "xenpvh", "xenfv"])
def test_domain_capabilities_are_what_libvirts_schema_allows(conn, tmp_path, machine):
    xml = conn.getDomainCapabilities(None, "x86_64", machine, "xen")
    assert ET.fromstring(xml).findtext("machine") == machine
    (tmp_path / "caps.xml").write_text(xml)
    subprocess.run(
        ["xmllint", "--noout", "--relaxng", f"{SCHEMAS}/domaincaps.rng", tmp_path / "caps.xml"],
        check=True, capture_output=True,
    )


def test_listings_of_what_the_daemon_does_not_manage_are_empty(host, conn):
    assert conn.listAllStoragePools() == []
    assert conn.listAllNetworks() == []
    assert conn.listAllInterfaces() == []
    assert conn.listAllSecrets() == []
    assert conn.listAllNWFilters() == []
    for listing in ("pool-list", "net-list", "iface-list", "secret-list", "nwfilter-list"):
        assert host.virsh("-q", listing) == ""


UUID = "12345678-1234-1234-1234-123456789abc"


@pytest.mark.parametrize(("look_up", "names", "code", "words"), [
    ("networkLookupByName", ["default"], libvirt.VIR_ERR_NO_NETWORK, "Network not found: no network"),
    ("networkLookupByUUIDString", [UUID], libvirt.VIR_ERR_NO_NETWORK, UUID),
    ("storagePoolLookupByName", ["default"], libvirt.VIR_ERR_NO_STORAGE_POOL, "Storage pool not found: no "),
    ("storagePoolLookupByUUIDString", [UUID], libvirt.VIR_ERR_NO_STORAGE_POOL, UUID),
    ("storagePoolLookupByTargetPath", ["/srv"], libvirt.VIR_ERR_NO_STORAGE_POOL, "'/srv'"),
    ("storageVolLookupByKey", ["key"], libvirt.VIR_ERR_NO_STORAGE_VOL, "'key'"),
    ("storageVolLookupByPath", ["/srv/web.img"], libvirt.VIR_ERR_NO_STORAGE_VOL,
     "Storage volume not found: no storage vol with matching path '/srv/web.img'"),
    ("interfaceLookupByName", ["eth0"], libvirt.VIR_ERR_NO_INTERFACE, "not found: no interface"),
    ("interfaceLookupByMACString", ["00:16:3e:00:00:01"], libvirt.VIR_ERR_NO_INTERFACE, "'00:16:3e:00:00:01'"),
    ("secretLookupByUUIDString", [UUID], libvirt.VIR_ERR_NO_SECRET, UUID),
    ("secretLookupByUsage", [libvirt.VIR_SECRET_USAGE_TYPE_CEPH, "rbd"], libvirt.VIR_ERR_NO_SECRET,
     "Secret not found: no secret"),
    ("nwfilterLookupByName", ["clean-traffic"], libvirt.VIR_ERR_NO_NWFILTER, "not found: no nwfilter"),
    ("nwfilterLookupByUUIDString", [UUID], libvirt.VIR_ERR_NO_NWFILTER, UUID),
    ("nwfilterBindingLookupByPortDev", ["vif1.0"], libvirt.VIR_ERR_NO_NWFILTER_BINDING, "'vif1.0'"),
])
def test_what_the_daemon_does_not_manage_is_not_found(host, conn, look_up, names, code, words):
    with refused(code, words):
        getattr(conn, look_up)(*names)
    with host.connect_read_only() as reader, refused(code, words):
        getattr(reader, look_up)(*names)


def test_virsh_prints_version_node_and_uri(host):
    assert "Running hypervisor: Xen" in host.virsh("version")
    assert "CPU model:" in host.virsh("nodeinfo")
    assert host.virsh("uri").startswith("xen")
    assert host.virsh("hostname")


def test_domain_0_is_listed_as_a_running_domain(conn):
    domain = conn.lookupByID(0)
    assert domain.name() == "Domain-0"
    assert domain.UUIDString() == "00000000-0000-0000-0000-000000000000"
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert domain.isActive() and 0 in conn.listDomainsID()


@pytest.mark.parametrize("act", ["destroy", "shutdown", "suspend", "reboot"])
def test_domain_0_cannot_be_stopped(conn, act):
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "Domain-0"):
        getattr(conn.lookupByID(0), act)()


def test_a_read_only_connection_reads_and_changes_nothing(host, conn):
    domain = conn.defineXML(host.guest("kept"))
    with host.connect_read_only() as reader:
        assert reader.lookupByName("kept").UUIDString() == domain.UUIDString()
        for change in (lambda: reader.defineXML(host.guest("new")), reader.lookupByName("kept").create):
            with refused(libvirt.VIR_ERR_OPERATION_DENIED):
                change()


def test_what_is_not_there_yet_is_said_as_libvirt_says_it(conn, host):
    domain = conn.defineXML(host.guest("plain"))
    with refused(libvirt.VIR_ERR_NO_SUPPORT, "virDomainGetHostname: no agent in the guest is asked"):
        domain.hostname()
    with refused(libvirt.VIR_ERR_NO_SUPPORT, "there are no storage pools here", "name files and block devices"):
        conn.storagePoolDefineXML("<pool type='dir'><name>images</name><target><path>/srv</path></target></pool>")
    with refused(libvirt.VIR_ERR_NO_SUPPORT, "there are no networks here", "network_socket", "name a bridge"):
        conn.networkDefineXML("<network><name>default</name></network>")
    assert "use those of the guest's storage" in host.virsh("snapshot-create", "plain", ok=False)


# In a /run of its own, as the one of this machine may be used.
BY_PLAIN_NAME = """
mount -t tmpfs none /run && mkdir /run/libvirt
ln -s "$1" /run/libvirt/virtxend-sock && ln -s "$1" /run/libvirt/virtxend-sock-ro
virsh -c xen:///system list --name && virsh -r -c xen:///system uri
"""


@pytest.mark.simulated
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a /run of its own")
def test_links_in_libvirts_place_serve_clients_that_can_say_xen_system_only(own_host):
    answer = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", BY_PLAIN_NAME, "sh", own_host.socket],
        capture_output=True, text=True, timeout=60,
    )
    if "unshare:" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip("no file system of its own is to be had here")
    assert answer.stdout.split() == ["Domain-0", "xen:///system"], answer.stderr


@pytest.mark.simulated
def test_a_client_whose_true_is_not_one_is_served(host):
    """As digitalocean/go-libvirt opens its connections, and so Terraform's provider."""
    with Wire(host.socket) as wire:
        wire.open(named=1 << 24)
        assert wire.call(59)[3] == Wire.OK


def test_many_connections_are_served_side_by_side(host):
    opened = [libvirt.open(host.uri) for _ in range(20)]
    try:
        assert {conn.getType() for conn in opened} == {"Xen"}
    finally:
        for conn in opened:
            conn.close()
