# SPDX-License-Identifier: LGPL-2.1-or-later
"""What xl does behind our back is seen, told, and does not confuse us."""

import libvirt
from hosts import wait_until

XL_GUEST = "/var/lib/virtlight-lab/pv.cfg"


def state(domain):
    return domain.state()[0]


def find(conn, name):
    """The domain, or None while there is none of that name."""
    return next((domain for domain in conn.listAllDomains() if domain.name() == name), None)


def test_a_guest_made_by_xl_is_listed_told_of_and_can_be_stopped(host, conn, events):
    host.dom0(f"xl create -q {XL_GUEST}")
    domain = wait_until(lambda: find(conn, "pv"), 10, "the guest in the list")
    assert domain.isActive() and not domain.isPersistent()
    assert domain.info()[1] == 128 * 1024
    domain.suspend()
    assert "--p---" in host.dom0("xl list pv")
    domain.resume()
    domain.destroy()
    assert "pv" not in host.dom0("xl list").split()
    wait_until(lambda: "STOPPED DESTROYED" in events.of("pv"), 10, "the event of its end")
    assert events.of("pv")[0] == "STARTED BOOTED"


def test_a_pause_by_xl_is_seen_within_seconds(host, conn):
    domain = conn.createXML(host.guest("paused"))
    host.dom0("xl pause paused")
    wait_until(lambda: state(domain) == libvirt.VIR_DOMAIN_PAUSED, 5, "the pause")
    host.dom0("xl unpause paused")
    wait_until(lambda: state(domain) == libvirt.VIR_DOMAIN_RUNNING, 5, "its end")


def test_a_guest_destroyed_by_xl_is_gone_and_told_of(host, conn, events):
    domain = conn.defineXML(host.guest("doomed"))
    domain.create()
    host.dom0("xl destroy doomed")
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_SHUTOFF)
    wait_until(lambda: events.of("doomed")[-1].startswith("STOPPED"), 10, "the event of its end")


def test_a_rename_by_xl_is_followed_in_the_definition_too(host, conn, events):
    domain = conn.defineXML(host.guest("before"))
    domain.create()
    host.dom0("xl rename before after")
    wait_until(lambda: find(conn, "after"), 5, "the new name")
    domain.destroy()
    assert find(conn, "after").UUIDString() == domain.UUIDString() and not find(conn, "before")
    events.wait_for("after", "DEFINED RENAMED", "STOPPED DESTROYED", seconds=10)


def test_memory_and_vcpus_set_by_xl_are_shown(host, conn):
    xml = host.guest("tuned", memory_mib=256).replace("<vcpu>1</vcpu>", "<vcpu>2</vcpu>")
    domain = conn.createXML(xml)
    host.wait_until_it_listens(domain)
    host.dom0("xl mem-set tuned 128m && xl vcpu-set tuned 1")
    wait_until(lambda: domain.info()[2] <= 144 * 1024, host.patience, "less memory")
    wait_until(lambda: domain.info()[3] == 1, host.patience, "one vCPU")
    assert domain.info()[1] == 256 * 1024
