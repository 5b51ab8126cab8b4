# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices that a guest has from its start to its end come, go and change in its definition; and what users call devices."""

import images
import libvirt
import pytest
from hosts import wait_until
from refusals import refused
from timelines import timeline

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
SECURE = libvirt.VIR_DOMAIN_XML_SECURE
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE

CHANNEL = "<channel type='pty'><target type='xen' name='org.example.agent'/></channel>"
SHARE = "<filesystem type='mount'><source dir='/'/><target dir='share'/></filesystem>"


@pytest.mark.parametrize("xml", [CHANNEL, SHARE], ids=["channel", "filesystem"])
def test_a_device_comes_and_goes_in_the_definition(host, conn, xml):
    domain = conn.defineXML(host.guest("plain"))
    before = domain.XMLDesc()
    domain.attachDeviceFlags(xml, CONFIG)
    assert "name='org.example.agent'" in domain.XMLDesc() or "<target dir='share'/>" in domain.XMLDesc()
    domain.detachDeviceFlags(xml, 0)
    assert domain.XMLDesc() == before


def test_the_password_of_a_screen_is_changed_for_the_next_start(host, conn):
    screen = "<graphics type='vnc' autoport='yes' passwd='old'/></devices>"
    domain = conn.defineXML(host.guest("shown").replace("</devices>", screen))
    domain.updateDeviceFlags("<graphics type='vnc' autoport='yes' passwd='new'/>", CONFIG)
    assert "passwd='new'" in domain.XMLDesc(SECURE)
    with pytest.raises(libvirt.libvirtError):
        domain.updateDeviceFlags("<graphics type='vnc' port='many'/>", CONFIG)


def test_a_guest_with_the_hvmloader_and_the_qemu_of_another_xen_starts_with_this_ones(host, conn):
    loader = "/usr/lib/xen-4.1/boot/hvmloader"
    emulator = "<emulator>/usr/lib/xen-4.1/bin/qemu-system-i386</emulator>"
    xml = host.guest("moved", "hvm").replace("</os>", f"<loader>{loader}</loader></os>")
    domain = conn.defineXML(xml.replace("<devices>", f"<devices>{emulator}"))
    for own in ("hvmloader", "QEMU"):
        wait_until(lambda own=own: any(f"gets this host's own {own}" in str(each) for each in timeline(host, "moved")),
                   10, "the warning")
    domain.create()
    assert f"{loader}</loader>" in domain.XMLDesc() and emulator in domain.XMLDesc()
    other = conn.defineXML(host.guest("lost", "hvm").replace("</os>", "<loader>/no/other-loader</loader></os>"))
    with refused(libvirt.VIR_ERR_INVALID_ARG, "/no/other-loader"):
        other.create()


# The emulator of Debian's Xen has no SPICE.
@pytest.mark.simulated
def test_spice_servers_get_ports_of_their_own(host, conn):
    screen = "<graphics type='spice' autoport='yes'/></devices>"
    ports = []
    for name in ("first", "second"):
        domain = conn.defineXML(host.guest(name, "hvm").replace("</devices>", screen))
        domain.create()
        address = host.virsh("domdisplay", name).strip()
        assert address.startswith("spice://")
        ports.append(address.rsplit(":", 1)[1])
        assert f"port='{ports[-1]}' autoport='yes'" in domain.XMLDesc()
        assert "<graphics type='spice' autoport='yes'/>" in domain.XMLDesc(INACTIVE)
        assert not domain.isUpdated()
    assert len(set(ports)) == 2
def screen(password="", more=""):
    return f"<graphics type='vnc' autoport='yes'{password and f' passwd={password!r}'}{more}/>"


# Debian 12's QEMU for Xen has no DES, which the passwords of VNC need: there a guest with one does not start.
@pytest.mark.simulated
def test_the_password_of_a_screen_is_changed_while_the_guest_runs(host, conn):
    domain = conn.defineXML(host.guest("watched").replace("</devices>", f"{screen('old')}</devices>"))
    domain.create()
    domain.updateDeviceFlags(screen("new"), LIVE)
    assert "passwd='new'" in domain.XMLDesc(SECURE) and "passwd" not in domain.XMLDesc()
    assert "passwd='old'" in domain.XMLDesc(SECURE | INACTIVE)
    domain.updateDeviceFlags(screen("geheim"), LIVE | CONFIG)
    assert "passwd='geheim'" in domain.XMLDesc(SECURE) and "passwd='geheim'" in domain.XMLDesc(SECURE | INACTIVE)
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "not taken away"):
        domain.updateDeviceFlags(screen(), LIVE)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "only 8 permitted"):
        domain.updateDeviceFlags(screen("far-too-long"), LIVE)
    assert "passwd='geheim'" in domain.XMLDesc(SECURE)
    told = [host.log.read_text(), *(each.read_text() for each in host.timelines.glob("watched*"))]
    assert len(told) > 1 and not any("geheim" in each for each in told)


def test_of_a_running_guests_screen_nothing_else_is_changed(host, conn):
    domain = conn.defineXML(host.guest("open").replace("</devices>", f"{screen()}</devices>"))
    domain.create()
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "started without one"):
        domain.updateDeviceFlags(screen("new"), LIVE)
    for other in (screen(more=" listen='127.0.0.2'"), "<graphics type='vnc' port='5999'/>"):
        with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "only the password", "--config"):
            domain.updateDeviceFlags(other, LIVE | CONFIG)
    domain.updateDeviceFlags(screen("new"), CONFIG)
    assert "passwd='new'" in domain.XMLDesc(SECURE | INACTIVE) and "passwd" not in domain.XMLDesc(SECURE)


def test_such_a_device_does_not_come_to_a_guest_that_runs(host, conn):
    domain = conn.defineXML(host.guest("runs"))
    domain.create()
    for flags in (LIVE, LIVE | CONFIG, 0):
        with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "for the next start"):
            domain.attachDeviceFlags(CHANNEL, flags)
    domain.attachDeviceFlags(CHANNEL, CONFIG)
    assert "org.example.agent" in domain.XMLDesc(INACTIVE) and "org.example.agent" not in domain.XMLDesc()


def test_a_device_that_a_guest_has_anyway_neither_comes_nor_goes_in_silence(host, conn):
    domain = conn.defineXML(host.guest("shown").replace("</devices>", f"{screen()}</devices>"))
    mouse = "<input type='mouse' bus='xen'/>"
    before = domain.XMLDesc()
    assert mouse in before
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "has anyway", "with <graphics>"):
        domain.detachDeviceFlags(mouse, CONFIG)
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "would change nothing", "with <graphics>"):
        domain.attachDeviceFlags(mouse, CONFIG)
    assert domain.XMLDesc() == before


def test_a_serial_port_goes_with_the_console_that_it_is(host, conn):
    domain = conn.defineXML(host.guest("wired", "hvm"))
    assert "<serial" in domain.XMLDesc() and "<target type='serial'" in domain.XMLDesc()
    domain.detachDeviceFlags("<serial type='pty'/>", CONFIG)
    assert "<serial" not in domain.XMLDesc() and "<target type='serial'" not in domain.XMLDesc()


def test_what_no_definition_can_have_is_refused_by_name(host, conn):
    domain = conn.defineXML(host.guest("bare"))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "line 1", "<tpm>", "allowed here"):
        domain.attachDeviceFlags("<tpm model='tpm-crb'/>", CONFIG)


def test_a_device_goes_by_the_alias_that_its_user_gave_it(host, conn):
    named = CHANNEL.replace("</channel>", "<alias name='ua-agent'/></channel>")
    domain = conn.defineXML(host.guest("named").replace("</devices>", named + "</devices>"))
    assert "<alias name='ua-agent'/>" in domain.XMLDesc()
    with refused(libvirt.VIR_ERR_INVALID_ARG, "alias 'ua-agent' is that of device 'channel1' already"):
        domain.attachDeviceFlags("<disk><target dev='xvdz'/><source file='/x'/><alias name='ua-agent'/></disk>", CONFIG)
    with refused(libvirt.VIR_ERR_XML_ERROR, "is that of the <channel> in line"):
        conn.defineXML(domain.XMLDesc().replace("<memballoon model='xen'/>",
                                                "<memballoon model='xen'><alias name='ua-agent'/></memballoon>"))
    with refused(libvirt.VIR_ERR_DEVICE_MISSING):
        domain.detachDeviceAlias("ua-other", CONFIG)
    host.virsh("detach-device-alias", "named", "ua-agent", "--config")
    assert "<channel" not in domain.XMLDesc()


@pytest.mark.ours
def test_a_device_that_comes_and_goes_is_told_of_by_its_users_alias(host, conn):
    path = images.raw(host, "named.img")
    disk = (f"<disk type='file'><driver type='raw'/><source file='{path}'/><target dev='xvdb'/>"
            "<alias name='ua-data'/></disk>")
    domain = conn.defineXML(host.guest("runs-named"))
    domain.create()
    host.wait_until_it_listens(domain)
    told = []
    for event in (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED):
        conn.domainEventRegisterAny(domain, event, lambda _conn, _domain, alias, _: told.append(alias), None)
    domain.attachDeviceFlags(disk, LIVE | CONFIG)
    for flags in (0, INACTIVE):
        assert "<alias name='ua-data'/>" in domain.XMLDesc(flags)
    host.virsh("detach-device-alias", domain.name(), "ua-data", "--live", "--config", timeout=host.patience)
    assert path not in domain.XMLDesc() and path not in domain.XMLDesc(INACTIVE)
    wait_until(lambda: told == ["ua-data"] * 2, 10, "both events")
