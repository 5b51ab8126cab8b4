# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices that a guest has from its start to its end come, go and change in its definition."""

import libvirt
import pytest
from refusals import refused

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


def test_such_a_device_does_not_come_to_a_guest_that_runs(host, conn):
    domain = conn.defineXML(host.guest("runs"))
    domain.create()
    for flags in (LIVE, LIVE | CONFIG, 0):
        with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "for the next start"):
            domain.attachDeviceFlags(CHANNEL, flags)
    domain.attachDeviceFlags(CHANNEL, CONFIG)
    assert "org.example.agent" in domain.XMLDesc(INACTIVE) and "org.example.agent" not in domain.XMLDesc()


def test_what_no_definition_can_have_is_refused_by_name(host, conn):
    domain = conn.defineXML(host.guest("bare"))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "line 1", "<tpm>", "allowed here"):
        domain.attachDeviceFlags("<tpm model='tpm-crb'/>", CONFIG)
