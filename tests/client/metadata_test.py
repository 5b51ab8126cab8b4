# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people and tools write about a domain: its title, its description, and elements of their own."""

import xml.etree.ElementTree as ET

import libvirt
import pytest
from hosts import wait_until
from refusals import refused

URI = "http://example.org/app"
LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
ELEMENT, TITLE, DESCRIPTION = (libvirt.VIR_DOMAIN_METADATA_ELEMENT, libvirt.VIR_DOMAIN_METADATA_TITLE,
                               libvirt.VIR_DOMAIN_METADATA_DESCRIPTION)


def test_virsh_sets_title_and_description(host, conn):
    domain = conn.defineXML(host.guest("worded"))
    host.virsh("desc", "worded", "--title", "The web")
    host.virsh("desc", "worded", "Serves pages")
    assert host.virsh("desc", "worded", "--title") == "The web"
    assert host.virsh("desc", "worded") == "Serves pages"
    assert ET.fromstring(domain.XMLDesc()).findtext("title") == "The web"
    assert "The web" in host.virsh("list", "--all", "--title")
    host.virsh("desc", "worded", "--title", "")
    with refused(libvirt.VIR_ERR_NO_DOMAIN_METADATA):
        domain.metadata(TITLE, None)


def test_virsh_sets_edits_and_removes_an_element(host, conn, monkeypatch):
    domain = conn.defineXML(host.guest("noted"))
    host.virsh("metadata", "noted", "--uri", URI, "--key", "app", "--set", "<owner id='7'><mail>me</mail></owner>")
    assert ET.fromstring(domain.XMLDesc()).find(f"metadata/{{{URI}}}owner/{{{URI}}}mail").text == "me"
    read = host.virsh("metadata", "noted", "--uri", URI)
    assert ET.fromstring(read).find("mail").text == "me" and ET.fromstring(read).get("id") == "7"
    monkeypatch.setenv("VISUAL", "sed -i s/me/you/")
    host.virsh("metadata", "noted", "--uri", URI, "--key", "app", "--edit")
    assert "you" in host.virsh("metadata", "noted", "--uri", URI)
    host.virsh("metadata", "noted", "--uri", URI, "--remove")
    with refused(libvirt.VIR_ERR_NO_DOMAIN_METADATA):
        domain.metadata(ELEMENT, URI)


def test_metadata_of_a_guest_and_of_its_definition_are_two(host, conn):
    domain = conn.defineXML(host.guest("two"))
    domain.create()
    domain.setMetadata(TITLE, "now", None, None, LIVE)
    domain.setMetadata(TITLE, "next", None, None, CONFIG)
    assert domain.metadata(TITLE, None, LIVE) == "now"
    assert domain.metadata(TITLE, None, CONFIG) == "next"
    domain.setMetadata(DESCRIPTION, "both", None, None, LIVE | CONFIG)
    domain.destroy()
    assert domain.metadata(DESCRIPTION, None) == "both"
    assert domain.metadata(TITLE, None) == "next"
    with refused(libvirt.VIR_ERR_OPERATION_INVALID):
        domain.setMetadata(TITLE, "now", None, None, LIVE)


def test_each_change_is_told_with_what_it_was_about(host, conn):
    seen = []
    domain = conn.defineXML(host.guest("told"))
    callback = conn.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
        lambda _conn, dom, kind, uri, _opaque: seen.append((dom.name(), kind, uri)), None)
    try:
        domain.setMetadata(TITLE, "one", None, None)
        domain.setMetadata(ELEMENT, "<a/>", "app", URI)
        expected = [("told", TITLE, None), ("told", ELEMENT, URI)]
        wait_until(lambda: len(seen) >= 2, 10, "two events")
        assert seen == expected
    finally:
        conn.domainEventDeregisterAny(callback)


@pytest.mark.parametrize(
    ("text", "key", "uri", "words"),
    [("no xml", "app", URI, "metadata"), ("<a xmlns='urn:x'/>", "app", URI, "in namespace 'urn:x'"),
     ("<settings/>", "v", "urn:virtlight:settings:1", "part of the definition")],
)
def test_what_cannot_be_metadata_is_refused(host, conn, text, key, uri, words):
    domain = conn.defineXML(host.guest("strict"))
    before = domain.XMLDesc()
    with pytest.raises(libvirt.libvirtError) as error:
        domain.setMetadata(ELEMENT, text, key, uri)
    assert words in str(error.value) or words == "metadata"
    assert domain.XMLDesc() == before


@pytest.mark.simulated
def test_metadata_is_there_after_a_restart_of_the_daemon(own_host):
    with own_host.connect() as conn:
        domain = conn.defineXML(own_host.guest("kept"))
        domain.create()
        domain.setMetadata(ELEMENT, "<a/>", "app", URI, LIVE | CONFIG)
    own_host.kill()
    own_host.start()
    with own_host.connect() as conn:
        domain = conn.lookupByName("kept")
        assert domain.metadata(ELEMENT, URI, CONFIG) == "<a/>"
