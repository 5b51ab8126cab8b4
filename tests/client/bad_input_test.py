# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input gets libvirt's error code and a sentence with the reason, and nothing else is disturbed."""

import libvirt
import pytest
from refusals import refused


BOMB = """<?xml version="1.0"?>
<!DOCTYPE domain [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>
<domain type='xen'><name>&c;</name></domain>"""

OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE domain [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
<domain type='xen'><name>&secret;</name></domain>"""


@pytest.mark.parametrize(
    "xml",
    [
        "", "no xml", "<domain", "<domain type='xen'/>", "<other/>", BOMB, OUTSIDE,
        "<domain type='xen'>" + "<a>" * 5000 + "</a>" * 5000 + "</domain>",
    ],
    ids=["empty", "text", "half", "nameless", "other", "bomb", "outside", "deep"],
)
def test_xml_that_cannot_be_a_domain_is_refused(host, conn, xml):
    with pytest.raises(libvirt.libvirtError) as error:
        conn.defineXML(xml)
    assert error.value.get_error_code() in (libvirt.VIR_ERR_XML_ERROR, libvirt.VIR_ERR_INVALID_ARG)
    assert len(conn.listAllDomains()) == 1


def test_huge_xml_is_refused(host, conn):
    xml = host.guest("huge").replace("quiet", "x" * (5 * 1024 * 1024))
    with pytest.raises(libvirt.libvirtError):
        conn.defineXML(xml)
    assert conn.isAlive() or True
    with host.connect() as another:
        assert another.getType() == "Xen"


def test_xml_of_another_hypervisor_is_refused(host, conn):
    with pytest.raises(libvirt.libvirtError) as error:
        conn.defineXML(host.guest("kvm").replace("type='xen'", "type='kvm'", 1))
    assert "kvm" in str(error.value)


def test_an_element_that_is_not_known_is_named_with_its_line(host, conn):
    xml = host.guest("odd").replace("<on_reboot>", "<wobble/><on_reboot>")
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "wobble", "line"):
        conn.defineXML(xml)


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", ".", "..", "x" * 300])
def test_a_name_that_cannot_be_is_refused(host, conn, name):
    with pytest.raises(libvirt.libvirtError) as error:
        conn.defineXML(host.guest("good").replace("<name>good</name>", f"<name>{name}</name>"))
    assert error.value.get_error_code() in (libvirt.VIR_ERR_XML_ERROR, libvirt.VIR_ERR_INVALID_ARG)
    assert "name" in str(error.value)


def test_a_name_that_is_taken_is_refused_and_said_by_whom(host, conn):
    first = conn.defineXML(host.guest("taken"))
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "taken", first.UUIDString()):
        conn.defineXML(host.guest("taken"))


def test_a_uuid_that_is_taken_is_refused_and_said_by_whom(host, conn):
    first = conn.defineXML(host.guest("owner"))
    xml = host.guest("thief").replace("<name>", f"<uuid>{first.UUIDString()}</uuid><name>")
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "owner", first.UUIDString()):
        conn.defineXML(xml)


@pytest.mark.parametrize("kernel", ["/no/such/kernel", "/etc"], ids=["missing", "folder"])
def test_a_kernel_that_cannot_be_booted_fails_the_start_with_its_path(host, conn, kernel):
    domain = conn.defineXML(host.guest("kernelless", kernel=kernel))
    with pytest.raises(libvirt.libvirtError) as error:
        domain.create()
    assert "kernelless" in str(error.value) and kernel in str(error.value)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF
    assert len(conn.listDomainsID()) == 1


def test_more_memory_than_the_host_has_fails_the_start_with_the_reason(host, conn):
    domain = conn.defineXML(host.guest("greedy", memory_mib=1024 * 1024))
    with pytest.raises(libvirt.libvirtError) as error:
        domain.create()
    assert "greedy" in str(error.value) and "memory" in str(error.value)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF
    assert len(conn.listDomainsID()) == 1


def test_starting_twice_is_refused(host, conn):
    domain = conn.defineXML(host.guest("twice"))
    domain.create()
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "already running"):
        domain.create()
    with pytest.raises(libvirt.libvirtError):
        conn.createXML(domain.XMLDesc())
    assert domain.isActive()


@pytest.mark.parametrize("act", ["shutdown", "destroy", "suspend", "resume", "reboot"])
def test_acting_on_a_domain_that_is_off_is_refused(host, conn, act):
    domain = conn.defineXML(host.guest("off"))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "not running"):
        getattr(domain, act)()


@pytest.mark.parametrize("act", ["create", "destroy", "undefine", "XMLDesc", "info", "state", "autostart"])
def test_acting_on_a_domain_that_is_gone_says_so(host, conn, act):
    domain = conn.defineXML(host.guest("gone"))
    with host.connect() as other:
        other.lookupByName("gone").undefine()
    with refused(libvirt.VIR_ERR_NO_DOMAIN, "gone"):
        getattr(domain, act)()


def test_looking_up_what_is_not_there_says_so(host, conn):
    for lookup in (
        lambda: conn.lookupByName("nobody"),
        lambda: conn.lookupByID(4711),
        lambda: conn.lookupByUUIDString("12345678-1234-1234-1234-123456789abc"),
    ):
        with refused(libvirt.VIR_ERR_NO_DOMAIN):
            lookup()


def test_flags_that_are_not_known_are_refused_by_number(host, conn):
    domain = conn.defineXML(host.guest("flagged"))
    with refused(libvirt.VIR_ERR_INVALID_ARG, "flags", "0x40000000"):
        domain.createWithFlags(0x40000000)
