# SPDX-License-Identifier: LGPL-2.1-or-later
"""Network interfaces and screens, as virsh and the libvirt binding see them."""

import re

import libvirt
import pytest
from clients import devices_told, host_devices_told, told_of
from hosts import wait_until
from refusals import refused

SECURE = libvirt.VIR_DOMAIN_XML_SECURE
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE
LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
MAC = "00:16:3e:5f:48:e4"


def nic(mac=MAC, more=""):
    return f"<interface type='bridge'><mac address='{mac}'/><source bridge='xenbr0'/>{more}</interface>"


def guest_with(host, name, devices, kind="pv"):
    return host.guest(name, kind).replace("<devices>", f"<devices>{devices}")


@pytest.fixture
def bridge(host):
    """xenbr0, which a simulated host does not need."""
    if host.remote:
        host.shell("ip link add xenbr0 type bridge; ip link set xenbr0 up")


def test_a_guest_has_the_interfaces_that_virsh_lists(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "routes", nic() + nic("00:16:3e:5f:48:e5")))
    first = [line.split() for line in host.virsh("domiflist", "routes").splitlines()[2:]]
    assert first == [["-", "bridge", "xenbr0", "-", MAC], ["-", "bridge", "xenbr0", "-", "00:16:3e:5f:48:e5"]]
    domain.create()
    running = [line.split()[0] for line in host.virsh("domiflist", "routes").splitlines()[2:]]
    assert running == [f"vif{domain.ID()}.0", f"vif{domain.ID()}.1"]
    assert "<alias name='net1'/>" in domain.XMLDesc()
    assert "vif" not in domain.XMLDesc(INACTIVE)


def test_an_interface_of_a_guest_is_a_device_of_the_host_that_comes_and_goes(host, conn, bridge):
    told = host_devices_told(conn)
    domain = conn.createXML(guest_with(host, "shown", nic()))
    name = f"net_vif{domain.ID()}_0_fe_ff_ff_ff_ff_ff"
    wait_until(lambda: ("created", name) in told, host.patience, f"{name} comes, seen: {told}")
    assert name in conn.listDevices("net")
    one = host_devices_told(conn, conn.nodeDeviceLookupByName(name))
    domain.destroy()
    wait_until(lambda: ("deleted", name) in told, host.patience, f"{name} goes, seen: {told}")
    wait_until(lambda: ("deleted", name) in one, host.patience, f"{name} goes, seen: {one}")
    assert name not in conn.listDevices("net") and {device for _, device in one} == {name}


@pytest.mark.ours
def test_an_interface_gets_a_mac_when_it_is_defined_and_keeps_it(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "new", "<interface type='bridge'><source bridge='xenbr0'/></interface>"))
    mac = re.search(r"<mac address='(00:16:3e:[0-9a-f:]{8})'/>", domain.XMLDesc())[1]
    domain.create()
    assert mac in domain.XMLDesc() and mac in domain.XMLDesc(INACTIVE)
    domain.destroy()
    assert mac in conn.defineXML(domain.XMLDesc()).XMLDesc()


def test_the_addresses_of_a_running_guest_are_those_of_its_definition(host, conn, bridge):
    addresses = "<ip address='10.0.0.7' family='ipv4'/><ip address='fe80::7' family='ipv6'/>"
    domain = conn.defineXML(guest_with(host, "addressed", nic(more=addresses)))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "not running"):
        domain.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE)
    domain.create()
    seen = host.virsh("domifaddr", "addressed")
    assert f"vif{domain.ID()}.0" in seen and MAC in seen and "10.0.0.7/32" in seen and "fe80::7/128" in seen
    with refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "agent"):
        domain.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)


def test_the_addresses_of_a_running_guest_are_those_that_it_has_answered_for(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "answers", nic(more="<ip address='10.0.0.7' family='ipv4'/>")))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "not running"):
        domain.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP)
    domain.create()
    if host.remote:  # the guest has not been heard of yet; a simulated one has
        assert MAC not in host.virsh("domifaddr", "answers", "--source", "arp")
        host.shell(f"ip neigh replace 10.0.0.7 lladdr {MAC} dev xenbr0")
    seen = host.virsh("domifaddr", "answers", "--source", "arp")
    assert f"vif{domain.ID()}.0" in seen and MAC in seen and "10.0.0.7/32" in seen
    host.shell("ip neigh del 10.0.0.7 dev xenbr0 2>/dev/null || true")


@pytest.mark.ours
def test_a_mac_that_another_running_guest_has_is_refused_at_the_start(host, conn, bridge):
    conn.defineXML(guest_with(host, "has-it", nic())).create()
    copy = conn.defineXML(guest_with(host, "wants-it", nic()))
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, MAC, "in use by domain 'has-it'"):
        copy.create()
    conn.lookupByName("has-it").destroy()
    copy.create()


def test_an_interface_comes_and_goes_while_the_guest_runs(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "plugged", nic()))
    domain.create()
    host.wait_until_it_listens(domain)
    other = "00:16:3e:5f:48:e5"
    host.virsh("attach-interface", "plugged", "bridge", "xenbr0", "--mac", other, "--live", "--config")
    assert f"vif{domain.ID()}.1" in host.virsh("domiflist", "plugged")
    assert other in domain.XMLDesc(INACTIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "the same MAC address"):
        domain.attachDeviceFlags(nic(), LIVE)
    host.virsh("detach-interface", "plugged", "bridge", "--mac", MAC, "--live", timeout=host.patience)
    assert MAC not in domain.XMLDesc() and MAC in domain.XMLDesc(INACTIVE)
    assert f"vif{domain.ID()}.1" in host.virsh("domiflist", "plugged"), "the other one keeps its name"
    domain.detachDeviceAlias("net1", LIVE | CONFIG)
    assert "<interface" not in domain.XMLDesc()
    with refused(libvirt.VIR_ERR_DEVICE_MISSING, MAC):
        domain.detachDeviceFlags(nic(), LIVE)


@pytest.mark.ours
def test_interfaces_that_come_and_go_are_told(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "heard", nic()))
    domain.create()
    host.wait_until_it_listens(domain)
    told = devices_told(conn, domain)
    domain.attachDeviceFlags(nic("00:16:3e:5f:48:e5"), LIVE | CONFIG)
    assert told_of(told, 1) == [("added", "net1")]
    domain.updateDeviceFlags(nic("00:16:3e:5f:48:e5", "<link state='down'/>"), LIVE)
    domain.detachDeviceFlags(nic("00:16:3e:5f:48:e5"), LIVE)
    domain.detachDeviceAlias("net0", LIVE)
    assert told_of(told, 3)[1:] == [("removed", "net1"), ("removed", "net0")]


@pytest.mark.simulated
def test_an_interface_that_the_guest_keeps_is_told(host, conn):
    domain = conn.createXML(host.guest("clings", words="frozen").replace("<devices>", f"<devices>{nic()}"))
    told = devices_told(conn, domain)
    with refused(libvirt.VIR_ERR_OPERATION_TIMEOUT, "has not let go of it"):
        domain.detachDeviceFlags(nic(), LIVE)
    assert told_of(told, 1) == [("kept", "net0")] and MAC in domain.XMLDesc()


def test_of_a_running_guests_interface_the_bandwidth_can_be_changed(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "limited", nic()))
    domain.create()
    domain.updateDeviceFlags(nic(more="<bandwidth><outbound average='1000'/></bandwidth>"), LIVE | CONFIG)
    assert "<outbound average='1000'/>" in domain.XMLDesc() and "average='1000'" in domain.XMLDesc(INACTIVE)
    domain.updateDeviceFlags(nic(), LIVE)
    assert "<outbound" not in domain.XMLDesc()
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "only the bandwidth"):
        domain.updateDeviceFlags(nic().replace("xenbr0", "xenbr1"), LIVE)
    domain.updateDeviceFlags(nic().replace("xenbr0", "xenbr1"), CONFIG)
    assert "xenbr1" in domain.XMLDesc(INACTIVE)


def flags_in_dom0(host, interface):
    """Of Linux's interface, as `ip link` shows them: UP among them, or not. A simulated host has none."""
    return host.shell(f"ip -o link show dev {interface}").split("<")[1].split(">")[0].split(",")


def is_down(host, domain, number=0, suffix=""):
    """Whether nothing passes there: on real Xen as dom0's kernel has it."""
    state = host.virsh("domif-getlink", domain.name(), MAC)
    if host.remote:
        up = "UP" in flags_in_dom0(host, f"vif{domain.ID()}.{number}{suffix}")
        assert state.endswith("up" if up else "down"), state
    return state.endswith("down")


def test_a_link_goes_down_and_up_while_the_guest_runs(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "linked", nic()))
    domain.create()
    assert not is_down(host, domain)
    host.virsh("domif-setlink", "linked", MAC, "down")
    assert is_down(host, domain)
    assert "<link state='down'/>" in domain.XMLDesc() and "<link" not in domain.XMLDesc(INACTIVE)
    host.virsh("domiftune", "linked", MAC, "--outbound", "700", "--live")
    assert is_down(host, domain), "another bandwidth changes no link"
    host.virsh("domif-setlink", "linked", f"vif{domain.ID()}.0", "up")
    assert not is_down(host, domain) and "<link" not in domain.XMLDesc()
    assert "average='700'" in domain.XMLDesc()


def test_a_link_that_is_down_in_the_definition_is_down_from_the_start_on(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "unplugged", nic()))
    host.virsh("domif-setlink", "unplugged", MAC, "down", "--config")
    assert host.virsh("domif-getlink", "unplugged", MAC, "--config").endswith("down")
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    assert is_down(host, domain)
    domain.resume()
    host.wait_until_it_listens(domain)
    assert is_down(host, domain)
    domain.managedSave()
    domain.create()
    assert is_down(host, domain), "an image holds it"
    domain.destroy()
    domain.create()
    assert is_down(host, domain)


def test_an_interface_comes_with_its_link_down(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "late", ""))
    domain.create()
    domain.attachDeviceFlags(nic(more="<link state='down'/>"), LIVE)
    assert is_down(host, domain)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "its link cannot be down", "netvm"):
        domain.attachDeviceFlags(nic("00:16:3e:5f:48:e5", "<link state='down'/><backenddomain name='netvm'/>"), LIVE)


def test_the_card_of_an_hvm_guest_loses_its_link_too(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "card", nic(more="<model type='e1000'/><link state='down'/>"), "hvm"))
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    assert is_down(host, domain) and is_down(host, domain, suffix="-emu")
    host.virsh("domif-setlink", "card", MAC, "up")
    assert not is_down(host, domain) and not is_down(host, domain, suffix="-emu")


def test_a_guest_that_is_reset_keeps_the_links_that_its_start_gave_it(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "again", nic(more="<link state='down'/>")))
    domain.create()
    before = domain.ID()
    domain.reset()
    again = conn.lookupByName("again")
    assert again.ID() != before and is_down(host, again)


@pytest.mark.ours
def test_the_bandwidth_can_be_given_by_number(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "tuned", nic()))
    assert set(domain.interfaceParameters(MAC).values()) == {0}
    host.virsh("domiftune", "tuned", MAC, "--outbound", "500", "--config")
    assert "<outbound average='500'/>" in domain.XMLDesc(INACTIVE)
    domain.create()
    host.wait_until_it_listens(domain)
    host.virsh("domiftune", "tuned", f"vif{domain.ID()}.0", "--outbound", "800", "--live")
    assert domain.interfaceParameters(MAC, LIVE)["outbound.average"] == 800
    assert domain.interfaceParameters(MAC, CONFIG)["outbound.average"] == 500
    domain.updateDeviceFlags(nic().replace("xenbr0", "xenbr1"), CONFIG)
    host.virsh("domiftune", "tuned", MAC, "--outbound", "900", "--live", "--config")
    assert "xenbr1" in domain.XMLDesc(INACTIVE) and "average='900'" in domain.XMLDesc(INACTIVE)
    assert "xenbr0" in domain.XMLDesc() and "average='900'" in domain.XMLDesc()
    host.virsh("domiftune", "tuned", MAC, "--inbound", "0", "--live", "--config")
    assert domain.interfaceParameters(MAC, LIVE)["outbound.average"] == 900
    with refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "'inbound.average' not supported"):
        domain.setInterfaceParameters(MAC, {"inbound.average": 1})
    with refused(libvirt.VIR_ERR_INVALID_ARG, "no network interface 'vif9.9'"):
        domain.setInterfaceParameters("vif9.9", {"outbound.average": 1})


@pytest.mark.ours
def test_the_numbers_of_interfaces_are_given_anew_when_they_are_free(host, conn, bridge):
    domain = conn.defineXML(guest_with(host, "kept", nic() + nic("00:16:3e:5f:48:e5")))
    domain.create()
    host.wait_until_it_listens(domain)
    domain.detachDeviceAlias("net0", LIVE)
    domain.attachDeviceFlags(nic("00:16:3e:5f:48:e6"), LIVE)
    seen = re.findall(r"mac address='[^']*(..)'.*?alias name='(net\d)'", domain.XMLDesc(), re.S)
    assert seen == [("e5", "net1"), ("e6", "net0")]


def networked(source):
    return f"<interface type='network'><mac address='{MAC}'/><source {source}/></interface>"


@pytest.mark.ours
def test_an_interface_on_a_network_is_defined_wherever_the_network_may_be(host, conn):
    domain = conn.defineXML(guest_with(host, "networked", networked("network='nowhere-else'")))
    assert "<source network='nowhere-else'/>" in domain.XMLDesc()
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "network 'nowhere-else'", "name its bridge"):
        conn.domainXMLToNative("xen-xl", domain.XMLDesc())
    with pytest.raises(libvirt.libvirtError, match="'networked'.*network 'nowhere-else'"):
        domain.create()


def test_what_is_not_served_is_refused_by_name(host, conn):
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "line", "'portgroup'"):
        conn.defineXML(guest_with(host, "odd", networked("network='default' portgroup='web'")))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "line", "its network must be the name of one"):
        conn.defineXML(guest_with(host, "odd", networked("network=''")))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "multicast", "01:00:5e:00:00:01"):
        conn.defineXML(guest_with(host, "odd", nic("01:00:5e:00:00:01")))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "the same MAC address"):
        conn.defineXML(guest_with(host, "odd", nic() + nic()))


def shown(host, kind):
    return guest_with(host, f"shown-{kind}", "<graphics type='vnc'/>", kind)


def test_what_a_guest_shows_is_taken_as_a_picture(host, conn, tmp_path, lasting):
    domain = lasting(shown(host, "hvm"), booted=False)
    at_rest = conn.defineXML(guest_with(host, "at-rest", "<graphics type='vnc'/>", "hvm"))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "not running"):
        at_rest.screenshot(conn.newStream(), 0)
    stream = conn.newStream()
    assert domain.screenshot(stream, 0) == "image/x-portable-pixmap"
    picture = bytearray()
    stream.recvAll(lambda _stream, piece, _opaque: picture.extend(piece), None)
    stream.finish()
    kind, width, height, depth = bytes(picture[:32]).split()[:4]
    assert (kind, depth) == (b"P6", b"255")
    header = len(kind) + len(width) + len(height) + len(depth) + 4
    assert len(picture) == header + int(width) * int(height) * 3
    assert "image/x-portable-pixmap" in host.virsh("screenshot", domain.name(), str(tmp_path / "picture"))
    with refused(libvirt.VIR_ERR_INVALID_ARG, "screen 1"):
        domain.screenshot(conn.newStream(), 1)


@pytest.mark.parametrize("kind", ["hvm", "pv"])
def test_a_running_guests_xml_has_the_port_that_its_vnc_server_took(host, lasting, kind):
    domain = lasting(shown(host, kind), booted=False)
    port = int(re.search(r"type='vnc' port='(\d+)' autoport='yes'", domain.XMLDesc())[1])
    assert port >= 5900
    assert host.virsh("vncdisplay", domain.name()).endswith(f":{port - 5900}")
    assert host.virsh("domdisplay", domain.name()).startswith("vnc://")
    assert "port='-1' autoport='yes'" in domain.XMLDesc(INACTIVE)
    assert not domain.isUpdated()


def test_two_guests_take_two_ports(host, conn):
    ports = set()
    for name in ("one", "two"):
        domain = conn.defineXML(guest_with(host, f"port-{name}", "<graphics type='vnc'/>"))
        domain.create()
        ports.add(re.search(r"type='vnc' port='(\d+)'", domain.XMLDesc())[1])
    assert len(ports) == 2


# Debian 12's QEMU for Xen has no DES, which the passwords of VNC need: there a guest with one does not start.
@pytest.mark.simulated
def test_a_password_is_shown_only_to_those_who_ask_for_it_and_may(host, conn):
    domain = conn.defineXML(guest_with(host, "secret", "<graphics type='vnc' passwd='geheim'/>"))
    assert "geheim" not in domain.XMLDesc()
    assert "passwd='geheim'" in domain.XMLDesc(SECURE)
    domain.create()
    assert "geheim" not in domain.XMLDesc()
    assert "geheim" in domain.XMLDesc(SECURE)
    with host.connect_read_only() as reader, refused(libvirt.VIR_ERR_OPERATION_DENIED):
        reader.lookupByName("secret").XMLDesc(SECURE)


@pytest.mark.simulated
def test_a_managed_image_shows_its_password_only_on_demand(host, conn):
    domain = conn.defineXML(guest_with(host, "saved", "<graphics type='vnc' passwd='geheim'/>"))
    domain.create()
    host.wait_until_it_listens(domain)
    domain.managedSave()
    assert "geheim" not in domain.managedSaveGetXMLDesc()
    assert "geheim" in domain.managedSaveGetXMLDesc(libvirt.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE)
    domain.create()
    assert "passwd='geheim'" in domain.XMLDesc(SECURE)
