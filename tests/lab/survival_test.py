# SPDX-License-Identifier: LGPL-2.1-or-later
"""Killing the daemon is a normal way to stop it, and a guest that hangs is its own problem only."""

import threading
import time

import libvirt
from hosts import wait_until


def said_by(host, domain):
    return host.dom0(f"cat /var/log/xen/console/guest-{domain.name()}.log")


def test_guests_go_on_when_the_daemon_is_killed_and_are_found_again(host):
    with host.connect() as conn:
        kept = conn.defineXML(host.guest("kept"))
        kept.create()
        passing = conn.createXML(host.guest("passing", "pvh"))
        before = {domain.name(): (domain.ID(), domain.UUIDString()) for domain in (kept, passing)}
        for domain, kind in ((kept, "PV"), (passing, "PVH")):  # an HVM guest is one that its BIOS starts (boot_test.py)
            host.wait_until_it_listens(domain)
            assert f"type={kind} name={domain.name()} " in said_by(host, domain), "its first line, on its own console"
    host.daemon("kill")
    host.daemon("start")
    with host.connect() as conn:
        for name, (domid, uuid) in before.items():
            domain = conn.lookupByName(name)
            assert (domain.ID(), domain.UUIDString()) == (domid, uuid)
            assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
        assert conn.lookupByName("kept").isPersistent()
        assert not conn.lookupByName("passing").isPersistent()
        # Their ends are seen, as if nothing had been.
        kept = conn.lookupByName("kept")
        kept.shutdown()
        host.wait_for_state(kept, libvirt.VIR_DOMAIN_SHUTOFF)


def test_a_link_and_a_bandwidth_are_as_they_were_changed_when_the_daemon_was_killed(host):
    host.dom0("ip link add xenbr0 type bridge 2>/dev/null; ip link set xenbr0 up")
    mac = "00:16:3e:5f:48:e4"
    card = f"<interface type='bridge'><mac address='{mac}'/><source bridge='xenbr0'/></interface>"
    with host.connect() as conn:
        domid = conn.createXML(host.guest("changed").replace("<devices>", f"<devices>{card}")).ID()
    host.virsh("domif-setlink", "changed", mac, "down")
    host.virsh("domiftune", "changed", mac, "--outbound", "700", "--live")
    host.daemon("kill")
    # What was noted of it is lost, so that all is read from Xen.
    host.dom0("rm -f /var/lib/virtlight/running/*")
    host.daemon("start")
    assert host.virsh("domif-getlink", "changed", mac).endswith("down")
    assert "UP" not in host.dom0(f"ip -o link show dev vif{domid}.0").split("<")[1].split(">")[0].split(",")
    assert "outbound.average: 700" in host.virsh("domiftune", "changed", mac)


def test_an_image_is_not_started_from_whose_paused_guest_has_gone_while_no_daemon_ran(host):
    with host.connect() as conn:
        domain = conn.defineXML(host.guest("unwatched"))
        domain.create()
        host.wait_until_it_listens(domain)
        domain.managedSave()
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        assert domain.hasManagedSaveImage()
        image = f"/var/lib/virtlight/saved/{domain.UUIDString()}"
    host.daemon("kill")
    host.dom0("xl unpause unwatched; sleep 1; xl destroy unwatched")
    host.daemon("start")
    with host.connect() as conn:
        domain = conn.lookupByName("unwatched")
        wait_until(lambda: not domain.hasManagedSaveImage(), host.patience, "the image to be set aside")
        assert host.dom0(f"ls {image}*") == f"{image}.used"
        domain.create()
        assert domain.state()[1] == libvirt.VIR_DOMAIN_RUNNING_BOOTED


def test_an_orderly_stop_touches_no_guest(host):
    with host.connect() as conn:
        domid = conn.createXML(host.guest("stays")).ID()
    host.daemon("stop")
    host.daemon("start")
    with host.connect() as conn:
        assert conn.lookupByName("stays").ID() == domid


def test_a_frozen_guest_that_is_to_shut_down_holds_up_nobody_and_can_be_destroyed(host, conn):
    frozen = conn.createXML(host.guest("frozen"))
    other = conn.createXML(host.guest("other"))
    host.wait_until_it_listens(frozen)
    host.dom0("xl pause frozen")
    outcome = []

    def shut_down():
        with host.connect() as waiting:
            try:
                waiting.lookupByName("frozen").shutdown()
                outcome.append(None)
            except libvirt.libvirtError as error:
                outcome.append(error)

    pending = threading.Thread(target=shut_down)
    pending.start()
    time.sleep(1)
    assert len(conn.listAllDomains()) == 3
    assert other.info()[0] == libvirt.VIR_DOMAIN_RUNNING
    other.suspend()
    other.resume()
    frozen.destroy()
    pending.join(timeout=30)
    assert outcome and outcome[0] is not None
    assert "frozen" not in host.dom0("xl list").split()
