# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input gets libvirt's error code and a sentence with the reason, and nothing else is disturbed."""

import re

import libvirt
import pytest
from hosts import wait_until
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
    # More than the daemon reads, and less than what the client library does not even send.
    xml = host.guest("huge").replace("quiet", "x" * (1024 * 1024))
    with refused(libvirt.VIR_ERR_XML_ERROR, f"the document has {len(xml)} bytes; the limit is {1024 * 1024}"):
        conn.defineXML(xml)
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
    with refused(libvirt.VIR_ERR_INVALID_ARG, "kernelless", kernel):
        domain.create()
    assert domain.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF
    assert len(conn.listDomainsID()) == 1


def test_more_memory_than_the_host_has_fails_the_start_with_the_reason(host, conn):
    domain = conn.defineXML(host.guest("greedy", memory_mib=1024 * 1024))
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "greedy", "memory"):
        domain.create()
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


def test_files_that_are_missing_are_told_of_when_a_domain_is_defined(host, conn):
    domain = conn.defineXML(host.guest("forgetful", kernel="/no/such/kernel"))
    wait_until(lambda: domain.messages(), 10, "a message about the kernel")
    assert domain.messages() == ["kernel '/no/such/kernel': No such file or directory"]
    assert domain.messages(libvirt.VIR_DOMAIN_MESSAGE_DEPRECATION) == []
    assert "/no/such/kernel" in host.virsh("dominfo", "forgetful")
    with refused(libvirt.VIR_ERR_INVALID_ARG, "cannot start domain 'forgetful': the kernel /no/such/kernel: No such file or directory"):
        domain.create()


def test_vcpus_are_limited_by_the_type_of_the_guest(host, conn):
    for kind, machine, most in (("pv", "xenpv", 512), ("pvh", "xenpvh", 128)):
        assert f"<vcpu max='{most}'/>" in conn.getDomainCapabilities(None, None, machine, "xen")
        xml = host.guest("many", kind)
        xml = re.sub(r"<vcpu[^/]*</vcpu>", "", xml).replace("</name>", f"</name><vcpu>{most + 1}</vcpu>", 1)
        with pytest.raises(libvirt.libvirtError) as error:
            conn.defineXML(xml)
        assert "vcpu" in str(error.value) and str(most) in str(error.value)


def test_a_feature_of_the_processor_that_xen_does_not_know_is_refused(host, conn):
    xml = host.guest("featured")
    xml = xml.replace("<on_reboot>", "<cpu mode='host-passthrough'><feature name='aess'/></cpu><on_reboot>")
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "aess", "did you mean 'aes'?"):
        conn.defineXML(xml)
