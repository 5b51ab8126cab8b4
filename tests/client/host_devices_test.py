# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests have of the host to themselves (PCI and USB devices), their channels and shared folders."""

import re
import subprocess

import libvirt
import pytest
from clients import devices_told, told_of
from hosts import wait_until
from refusals import refused

SCHEMAS = "/usr/share/libvirt/schemas"
LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE
AGENT = "org.example.agent.0"


def with_devices(xml, *devices):
    return xml.replace("</devices>", "".join(devices) + "</devices>")


def pci(bus="0x07", more=""):
    return f"<hostdev mode='subsystem' type='pci'{more}><source><address bus='{bus}' slot='0x00'/></source></hostdev>"


def usb(device=4):
    return f"<hostdev mode='subsystem' type='usb'><source><address bus='1' device='{device}'/></source></hostdev>"


def channel(name=AGENT):
    return f"<channel type='pty'><target type='xen' name='{name}'/></channel>"


# The lab has no PCI device to give away; a simulated host has two, 07:00.0 with a driver of dom0's and 08:00.0 without.
@pytest.mark.simulated
def test_a_pci_device_serves_one_guest_and_comes_and_goes(host, conn):
    first = conn.defineXML(with_devices(host.guest("first"), pci("0x08")))
    first.create()
    assert "<alias name='pci-0000-08-00-0'/>" in first.XMLDesc()
    second = conn.defineXML(host.guest("second"))
    second.create()
    host.wait_until_it_listens(first)
    host.wait_until_it_listens(second)
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "PCI device 0000:08:00.0 is in use by domain 'first'"):
        second.attachDeviceFlags(pci("0x08"), LIVE)
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "0000:07:00.0 is not assignable"):
        second.attachDeviceFlags(pci(), LIVE)
    with refused(libvirt.VIR_ERR_NO_NODE_DEVICE, "the host has no PCI device 0000:09:00.0"):
        second.attachDeviceFlags(pci("0x09"), LIVE)
    first.detachDeviceAlias("pci-0000-08-00-0", LIVE)
    assert "<hostdev" not in first.XMLDesc() and "<hostdev" in first.XMLDesc(INACTIVE)
    second.attachDeviceFlags(pci("0x08"), LIVE | CONFIG)
    assert "<hostdev" in second.XMLDesc() and "<hostdev" in second.XMLDesc(INACTIVE)
    second.attachDeviceFlags(pci(more=" managed='yes'"), LIVE)
    assert second.XMLDesc().count("<hostdev") == 2
    card = conn.nodeDeviceLookupByName("pci_0000_07_00_0")
    assert "<name>pciback</name>" in card.XMLDesc()
    second.destroy()
    assert "<name>e1000e</name>" in card.XMLDesc(), "a managed device goes back to its driver"


@pytest.mark.simulated
def test_a_network_card_is_an_interface_of_its_guest(host, conn):
    mac = "52:54:00:6d:90:02"
    interface = (f"<interface type='hostdev' managed='yes'><mac address='{mac}'/><source>"
                 "<address type='pci' domain='0' bus='0x07' slot='0x00' function='0'/></source></interface>")
    domain = conn.defineXML(with_devices(host.guest("carded"), interface))
    card = conn.nodeDeviceLookupByName("pci_0000_07_00_0")
    for _ in range(2):
        domain.create()
        assert "<name>pciback</name>" in card.XMLDesc()
        for flags in (0, INACTIVE):
            assert "<interface type='hostdev' managed='yes'>" in domain.XMLDesc(flags) and mac in domain.XMLDesc(flags)
        with refused(libvirt.VIR_ERR_OPERATION_FAILED, "in use by domain 'carded'"):
            card.reAttach()
        domain.destroy()
        assert "<name>e1000e</name>" in card.XMLDesc(), "it goes back to its driver"
    domain.create()
    host.wait_until_it_listens(domain)
    assert host.virsh("-q", "domiflist", "carded").split()[1] == "hostdev"
    domain.detachDeviceFlags(interface, LIVE | CONFIG)
    assert "hostdev" not in domain.XMLDesc() and "hostdev" not in domain.XMLDesc(INACTIVE)
    domain.attachDeviceFlags(interface, LIVE | CONFIG)
    assert mac in domain.XMLDesc() and mac in domain.XMLDesc(INACTIVE)


@pytest.mark.simulated
def test_the_hosts_pci_devices_are_listed_and_made_ready_for_guests(host, conn):
    assert host.virsh("-q", "nodedev-list", "--cap", "pci").split() == ["pci_0000_07_00_0", "pci_0000_08_00_0"]
    assert conn.listDevices("pci") == ["pci_0000_07_00_0", "pci_0000_08_00_0"] and conn.listDevices("drm") == []
    card = conn.nodeDeviceLookupByName("pci_0000_07_00_0")
    assert card.listCaps() == ["pci"] and card.parent() == "computer"
    assert "<bus>7</bus>" in card.XMLDesc() and "<name>e1000e</name>" in card.XMLDesc()
    assert "<vendor id='0x8086'>Intel Corporation</vendor>" in card.XMLDesc()
    host.virsh("nodedev-detach", card.name())
    assert "<name>pciback</name>" in card.XMLDesc()
    host.virsh("nodedev-reset", card.name())
    domain = conn.createXML(with_devices(host.guest("has-it"), pci()))
    for refuse in (card.reAttach, card.reset, card.dettach):
        with refused(libvirt.VIR_ERR_OPERATION_FAILED, "in use by domain 'has-it'"):
            refuse()
    domain.destroy()
    host.virsh("nodedev-reattach", card.name())
    assert "<name>e1000e</name>" in card.XMLDesc()
    for name in ("pci_0000_09_00_0", "pci_7", "laptop"):
        with refused(libvirt.VIR_ERR_NO_NODE_DEVICE, f"no node device with matching name '{name}'"):
            conn.nodeDeviceLookupByName(name)
    with refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "'vfio'; allowed here: xen"):
        card.detachFlags("vfio", 0)


def test_each_device_of_the_host_is_described_and_hangs_on_another(host, conn, tmp_path):
    names = {device.name() for device in conn.listAllDevices()}
    assert "computer" in names
    for number, device in enumerate(conn.listAllDevices()):
        assert (device.parent() is None) == (device.name() == "computer") and (device.parent() or "computer") in names
        (tmp_path / f"{number}.xml").write_text(device.XMLDesc())
        assert f"<name>{device.name()}</name>" in device.XMLDesc()
        assert f"<capability type='{device.listCaps()[0]}'>" in device.XMLDesc()
    validated = subprocess.run(
        ["xmllint", "--noout", "--relaxng", f"{SCHEMAS}/nodedev.rng", *sorted(tmp_path.glob("*.xml"))],
        capture_output=True, text=True,
    )
    assert validated.returncode == 0, validated.stderr
    tree = host.virsh("nodedev-list", "--tree").split()
    assert tree[0] == "computer" and names <= set(tree)


def test_devices_are_listed_by_what_they_are(host, conn):
    kinds = {
        "system": libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM,
        "pci": libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV,
        "usb_device": libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV,
        "net": libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET,
        "scsi": libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI,
        "storage": libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE,
    }
    of_each = {kind: sorted(device.name() for device in conn.listAllDevices(flag)) for kind, flag in kinds.items()}
    for kind, names in of_each.items():
        assert sorted(conn.listDevices(kind)) == names and len(names) == conn.numOfDevices(kind)
    assert of_each["system"] == ["computer"] and of_each["net"]
    assert sum(map(len, of_each.values())) == len(conn.listAllDevices())
    with refused(libvirt.VIR_ERR_INVALID_ARG, "computer is not a PCI device"):
        conn.nodeDeviceLookupByName("computer").dettach()


@pytest.mark.simulated
def test_what_a_simulated_host_has_hangs_together(host, conn):
    parents = {device.name(): device.parent() for device in conn.listAllDevices()}
    assert parents["net_eth0_00_16_3e_00_00_01"] == "pci_0000_07_00_0"
    assert parents["usb_1_4"] == "usb_usb1" and parents["usb_usb1"] == "computer"
    assert parents["block_sda"] == "scsi_2_0_0_0"
    disk = conn.nodeDeviceLookupByName("block_sda").XMLDesc()
    assert "<block>/dev/sda</block>" in disk and "<serial>4711</serial>" in disk
    assert "<product>simulated host</product>" in conn.nodeDeviceLookupByName("computer").XMLDesc()


def test_a_device_of_the_host_is_there_and_nothing_has_defined_it(host, conn):
    for device in (conn.nodeDeviceLookupByName("computer"), *conn.listAllDevices()[:3]):
        is_the_host = device.name() == "computer"
        assert device.isActive() and bool(device.isPersistent()) == bool(device.autostart()) == is_the_host
    told = host.virsh("nodedev-info", "computer")
    for line in (r"Active: +yes", r"Persistent: +yes", r"Autostart: +yes"):
        assert re.search(line, told), told


def test_the_hosts_devices_are_for_those_who_may_change_it(host, conn):
    with host.connect_read_only() as reader:
        for device in reader.listAllDevices()[:1]:
            assert device.name() in device.XMLDesc()
            with refused(libvirt.VIR_ERR_OPERATION_DENIED):
                device.dettach()


@pytest.mark.simulated
def test_a_usb_device_hangs_on_a_controller(host, conn):
    domain = conn.defineXML(host.guest("usb"))
    domain.create()
    host.wait_until_it_listens(domain)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "add a controller first"):
        domain.attachDeviceFlags(usb(), LIVE)
    controller = "<controller type='usb' index='0' model='qusb2'/>"
    domain.attachDeviceFlags(controller, LIVE)
    domain.attachDeviceFlags(usb(), LIVE)
    assert "<address type='usb' bus='0' port='1'/>" in domain.XMLDesc()
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "USB device 1.4 hangs on USB controller 0"):
        domain.detachDeviceFlags(controller, LIVE)
    domain.detachDeviceFlags(usb(), LIVE)
    domain.detachDeviceFlags(controller, LIVE)
    assert "type='usb'" not in domain.XMLDesc()


def usb_by_id(vendor, product, more=""):
    return (f"<hostdev mode='subsystem' type='usb'><source><vendor id='{vendor}'/><product id='{product}'/>{more}"
            "</source></hostdev>")


# A simulated host has a stick at 1.4, and two devices of one kind at 1.5 and 2.3.
@pytest.mark.simulated
def test_a_usb_device_is_found_by_its_vendor_and_product(host, conn):
    domain = conn.defineXML(with_devices(host.guest("finds"), usb_by_id("0x0951", "0x1666")))
    assert "<vendor id='0x0951'/>" in domain.XMLDesc() and "device='4'" not in domain.XMLDesc()
    domain.create()
    assert "<address bus='1' device='4'/>" in domain.XMLDesc() and "<vendor id='0x0951'/>" in domain.XMLDesc()
    assert "device='4'" not in domain.XMLDesc(INACTIVE)
    other = conn.defineXML(with_devices(host.guest("wants-it"), usb_by_id("0x0951", "0x1666")))
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "USB device 1.4 is in use by domain 'finds'"):
        other.create()
    host.wait_until_it_listens(domain)
    two = usb_by_id("0x0781", "0x5567")
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "the host has 2 USB devices 0781:5567, 1.5 and 2.3"):
        domain.attachDeviceFlags(two, LIVE)
    with refused(libvirt.VIR_ERR_NO_NODE_DEVICE, "the host has no USB device 0781:0001"):
        domain.attachDeviceFlags(usb_by_id("0x0781", "1"), LIVE)
    one = usb_by_id("0x0781", "0x5567", "<address bus='2' device='3'/>")
    domain.attachDeviceFlags(one, LIVE)
    domain.detachDeviceFlags(one, LIVE)
    domain.detachDeviceFlags(usb_by_id("0x0951", "0x1666"), LIVE)
    domain.attachDeviceFlags(usb_by_id("0x0951", "0x1666"), LIVE)
    domain.destroy()
    other.create()


def test_a_usb_device_that_is_not_there_is_named_at_the_start(host, conn):
    domain = conn.defineXML(with_devices(host.guest("lacks"), usb_by_id("0x0abc", "0xbeef")))
    with refused(libvirt.VIR_ERR_NO_NODE_DEVICE, "the host has no USB device 0abc:beef"):
        domain.create()
@pytest.mark.simulated
def test_devices_of_the_host_that_come_and_go_are_told(host, conn):
    domain = conn.defineXML(host.guest("told"))
    domain.create()
    told = devices_told(conn, domain)
    domain.attachDeviceFlags(pci("0x08"), LIVE)
    domain.attachDeviceFlags("<controller type='usb' index='0' model='qusb2'/>", LIVE)
    domain.attachDeviceFlags(usb(), LIVE)
    aliases = [alias for _, alias in told_of(told, 3)]
    assert [f"<alias name='{alias}'/>" in domain.XMLDesc() for alias in aliases] == [True] * 3
    for alias in reversed(aliases):
        domain.detachDeviceAlias(alias, LIVE)
    assert told_of(told, 6)[3:] == [("removed", alias) for alias in reversed(aliases)]
    assert "<hostdev" not in domain.XMLDesc()


@pytest.mark.simulated
def test_devices_of_the_host_that_a_guest_keeps_are_told(host, conn):
    domain = conn.defineXML(with_devices(host.guest("clings", words="frozen"), pci("0x08")))
    domain.create()
    told = devices_told(conn, domain)
    with refused(libvirt.VIR_ERR_OPERATION_TIMEOUT, "has not let go of it"):
        domain.detachDeviceAlias("pci-0000-08-00-0", LIVE)
    assert told_of(told, 1) == [("kept", "pci-0000-08-00-0")]


def test_what_cannot_come_while_a_guest_runs_is_refused_by_name(host, conn):
    domain = conn.defineXML(host.guest("plain"))
    domain.create()
    for device in (channel(), "<filesystem><source dir='/srv'/><target dir='t'/></filesystem>",
                   "<graphics type='vnc' passwd='other'/>", "<redirdev bus='usb' type='spicevmc'/>", "<tpm/>",
                   "<input type='mouse' bus='xen'/>"):
        name = device[1:].split(" ")[0].split(">")[0].rstrip("/")
        with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, f"device <{name}> cannot be added"):
            domain.attachDeviceFlags(device, LIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "emulated by another domain", "'vtpm'"):
        domain.attachDeviceFlags("<tpm model='tpm-crb'/>", LIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "libxl has no call that gives one to a guest that runs"):
        domain.attachDeviceFlags("<filesystem><source dir='/srv'/><target dir='t'/></filesystem>", LIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "libxl has no call that gives one to a guest that runs"):
        domain.attachDeviceFlags(channel(), LIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "come and go with <graphics>"):
        domain.detachDeviceFlags("<input type='mouse' bus='xen'/>", LIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "neither Linux nor QEMU has a backend"):
        domain.attachDeviceFlags("<sound model='ac97'/>", LIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "another domain serves", "'vdispl'"):
        domain.attachDeviceFlags("<video><model type='xen'/></video>", LIVE)


def test_a_channel_is_a_stream_for_one_client(host, conn):
    domain = conn.defineXML(with_devices(host.guest("talks"), channel()))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "not running"):
        domain.openChannel(AGENT, conn.newStream(0), 0)
    domain.create()
    stream = conn.newStream(0)
    wait_until(lambda: opened(domain, stream), 20, "the channel")
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "Active channel stream exists"):
        domain.openChannel(AGENT, conn.newStream(0), 0)
    other = conn.newStream(0)
    domain.openChannel(None, other, libvirt.VIR_DOMAIN_CHANNEL_FORCE)
    other.send(b"hello\n")
    other.abort()
    with refused(libvirt.VIR_ERR_INVALID_ARG, "has no channel 'other'"):
        domain.openChannel("other", conn.newStream(0), 0)


def opened(domain, stream):
    try:
        domain.openChannel(AGENT, stream, 0)
    except libvirt.libvirtError as error:
        assert "has no tty yet" in str(error), error
        return False
    return True


@pytest.mark.simulated
def test_a_channel_carries_bytes_both_ways_as_they_are(host, conn):
    domain = conn.defineXML(with_devices(host.guest("echoes"), channel()))
    domain.create()
    stream = conn.newStream(0)
    wait_until(lambda: opened(domain, stream), 20, "the channel")
    stream.send(b"ping\r")
    seen = b""
    while b"ping" not in seen:
        seen += stream.recv(1024)
    stream.abort()


def test_a_guest_starts_with_what_it_shares(host, conn):
    path = host.place("share")
    host.shell(f"mkdir -p {path}")
    folder = f"<filesystem accessmode='squash'><source dir='{path}'/><target dir='share'/></filesystem>"
    domain = conn.defineXML(with_devices(host.guest("shares"), folder))
    domain.create()
    assert "<target dir='share'/>" in domain.XMLDesc()
