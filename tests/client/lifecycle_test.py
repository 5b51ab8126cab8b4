# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a guest, as virsh and the libvirt binding see it."""

import libvirt
import pytest
from hosts import wait_until
from refusals import refused
from save_test import in_background


def names(conn, flags=0):
    return sorted(domain.name() for domain in conn.listAllDomains(flags))


@pytest.mark.parametrize("kind", ["pv", "pvh", "hvm"])
def test_a_guest_is_defined_started_watched_shut_down_and_removed(host, conn, events, kind):
    name = f"life-{kind}"
    domain = conn.defineXML(host.guest(name, kind))
    assert domain.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN]
    assert domain.ID() == -1 and not domain.isActive() and domain.isPersistent()

    domain.create()
    assert domain.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED]
    assert domain.ID() > 0 and domain.isActive()
    assert name in names(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    assert conn.lookupByID(domain.ID()).UUIDString() == domain.UUIDString()
    assert domain.info()[1] == 128 * 1024

    domain.suspend()
    assert domain.state() == [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER]
    domain.resume()
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING

    host.wait_until_it_listens(domain)
    domain.shutdown()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_SHUTOFF)
    assert domain.state()[1] == libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN

    domain.undefine()
    assert name not in names(conn)
    events.wait_for(
        name,
        "DEFINED ADDED", "STARTED BOOTED", "SUSPENDED PAUSED", "RESUMED UNPAUSED", "STOPPED SHUTDOWN",
        "UNDEFINED REMOVED",
    )


def test_virsh_goes_through_a_life_without_a_word_of_complaint(host, tmp_path):
    file = tmp_path / "guest.xml"
    file.write_text(host.guest("by-virsh"))
    assert "defined" in host.virsh("define", file)
    assert host.virsh("domstate", "by-virsh") == "shut off"
    assert "started" in host.virsh("start", "by-virsh")
    assert host.virsh("domstate", "--reason", "by-virsh") == "running (booted)"
    assert "by-virsh" in host.virsh("list")
    assert host.virsh("domid", "by-virsh").isdigit()
    assert "running" in host.virsh("dominfo", "by-virsh")
    assert "<domain type='xen' id=" in host.virsh("dumpxml", "by-virsh")
    assert "id=" not in host.virsh("dumpxml", "--inactive", "by-virsh").splitlines()[0]
    assert host.virsh("ttyconsole", "by-virsh").startswith("/dev/pts/")
    assert "destroyed" in host.virsh("destroy", "by-virsh")
    assert host.virsh("domstate", "--reason", "by-virsh") == "shut off (destroyed)"
    assert "undefined" in host.virsh("undefine", "by-virsh")
    assert "by-virsh" not in host.virsh("list", "--all")


def test_a_guest_can_be_started_paused(host, conn, events):
    domain = conn.defineXML(host.guest("held"))
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
    domain.resume()
    assert domain.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_UNPAUSED]
    events.wait_for("held", "DEFINED ADDED", "STARTED BOOTED", "SUSPENDED PAUSED", "RESUMED UNPAUSED")


@pytest.mark.ours
def test_a_flag_of_libvirts_that_is_not_taken_is_refused_with_the_reason(host, conn):
    domain = conn.createXML(host.guest("plain"))
    for ask, flag in (
        (domain.shutdownFlags, libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT),
        (domain.reboot, libvirt.VIR_DOMAIN_REBOOT_GUEST_AGENT),
        (domain.vcpusFlags, libvirt.VIR_DOMAIN_VCPU_GUEST),
    ):
        with refused(libvirt.VIR_ERR_INVALID_ARG, "unsupported flags", "no agent in the guest is asked"):
            ask(flag)
    assert "by Xen or by its power button" in host.virsh("shutdown", "plain", "--mode", "initctl", ok=False)
    conn.defineXML(host.guest("other"))
    assert "does not end with the connection" in host.virsh("start", "other", "--autodestroy", ok=False)
    assert domain.isActive() and not conn.lookupByName("other").isActive()


def test_a_transient_guest_is_forgotten_when_it_ends(host, conn, events):
    domain = conn.createXML(host.guest("passing"))
    assert not domain.isPersistent()
    domain.destroy()
    assert "passing" not in names(conn)
    with refused(libvirt.VIR_ERR_NO_DOMAIN):
        domain.state()
    events.wait_for("passing", "STARTED BOOTED", "STOPPED DESTROYED")


def test_a_running_guest_that_is_undefined_goes_on_and_is_forgotten_at_its_end(host, conn):
    domain = conn.defineXML(host.guest("orphan"))
    domain.create()
    domain.undefine()
    assert domain.isActive() and not domain.isPersistent()
    domain.destroy()
    assert "orphan" not in names(conn)


def test_a_new_definition_of_a_running_guest_is_for_its_next_start(host, conn):
    domain = conn.createXML(host.guest("grows", memory_mib=128))
    text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    conn.defineXML(text.replace("131072", "262144"))
    assert domain.isUpdated()
    assert "131072" in domain.XMLDesc()
    assert "262144" in domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    domain.destroy()
    assert domain.info()[1] == 256 * 1024


def test_what_is_dumped_can_be_defined_again_and_is_the_same(host, conn):
    domain = conn.defineXML(host.guest("same", "hvm"))
    dumped = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    again = conn.defineXML(dumped)
    assert again.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) == dumped


def test_autostart_is_kept_with_the_definition(host, conn):
    domain = conn.defineXML(host.guest("early"))
    assert domain.autostart() == 0
    domain.setAutostart(1)
    assert domain.autostart() == 1
    assert names(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART) == ["early"]
    domain.setAutostart(0)
    assert domain.autostart() == 0


def test_lists_can_be_filtered(host, conn):
    conn.defineXML(host.guest("off"))
    conn.createXML(host.guest("on"))
    assert names(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_INACTIVE) == ["off"]
    assert names(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT) == ["on"]
    assert conn.listDefinedDomains() == ["off"]
    assert conn.numOfDefinedDomains() == 1
    assert conn.numOfDomains() == 2  # with Domain-0


@pytest.mark.slow_on_xen
def test_a_guest_that_thaws_does_not_follow_a_shutdown_that_was_aborted(host, conn, events):
    domain = conn.createXML(host.guest("thaws"))
    host.wait_until_it_listens(domain)
    domain.suspend()
    asking, errors = in_background(domain.shutdown)
    wait_until(lambda: domain.jobInfo()[1] > 100, host.patience, "the request to wait for the guest")
    domain.abortJob()
    asking.join(timeout=host.patience)
    assert errors[0].get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED
    domain.resume()
    domain.reboot()  # it listens still
    events.wait_for(
        "thaws", "STARTED BOOTED", "SUSPENDED PAUSED", "RESUMED UNPAUSED", "REBOOT", "STARTED BOOTED"
    )
    conn.lookupByName("thaws").destroy()


@pytest.mark.slow_on_xen
def test_a_guest_that_reboots_comes_back_in_a_new_life(host, conn, events):
    domain = conn.createXML(host.guest("again", words="reboot-after=1"))
    first = domain.ID()
    events.wait_for("again", "STARTED BOOTED", "REBOOT", "STARTED BOOTED")
    assert conn.lookupByName("again").ID() > first  # the object remembers its first one


@pytest.mark.slow_on_xen
def test_a_guest_that_crashes_is_told_of_and_gone(host, conn, events):
    domain = conn.defineXML(host.guest("falls", words="crash-after=0.5"))
    domain.create()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_SHUTOFF)
    assert domain.state()[1] == libvirt.VIR_DOMAIN_SHUTOFF_CRASHED
    events.wait_for("falls", "DEFINED ADDED", "STARTED BOOTED", "STOPPED CRASHED")


@pytest.mark.slow_on_xen
def test_a_deaf_guest_acknowledges_and_goes_on(host, conn):
    domain = conn.createXML(host.guest("deaf", words="deaf"))
    host.wait_until_it_listens(domain)
    domain.shutdown()
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    domain.destroy()
