# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of a guest that ends by itself: on_poweroff, on_reboot and on_crash."""

import libvirt
import pytest
from hosts import wait_until
from timelines import entry, timeline

RESTART_ON_REBOOT = "<on_reboot>restart</on_reboot>"


def guest(host, name, words, **actions):
    """One that ends as `words` say, with the actions: crash="preserve"."""
    wanted = "".join(f"<on_{what}>{action}</on_{what}>" for what, action in actions.items())
    return host.guest(name, words=words).replace(RESTART_ON_REBOOT, wanted)


@pytest.mark.slow_on_xen
@pytest.mark.parametrize("action", ["restart", "rename-restart"])
def test_a_guest_that_powers_off_may_start_again(host, conn, events, action):
    name = f"again-{action}"
    conn.createXML(guest(host, name, "poweroff-after=1", poweroff=action))
    events.wait_for(name, "STARTED BOOTED", "STOPPED SHUTDOWN", "STARTED BOOTED")
    conn.lookupByName(name).destroy()


@pytest.mark.slow_on_xen
def test_a_guest_that_crashes_may_start_again(host, conn, events):
    conn.createXML(guest(host, "rises", "crash-after=1", crash="restart"))
    events.wait_for("rises", "STARTED BOOTED", "STOPPED CRASHED", "STARTED BOOTED")
    conn.lookupByName("rises").destroy()


@pytest.mark.ours
def test_what_is_done_at_the_end_can_be_changed_live_and_for_the_next_start(host, conn, events):
    domain = conn.defineXML(host.guest("changed"))
    domain.create()
    host.wait_until_it_listens(domain)
    assert host.virsh("set-lifecycle-action", "changed", "poweroff", "preserve", "--live") == ""
    assert "<on_poweroff>preserve" in domain.XMLDesc()
    assert "<on_poweroff>destroy" in domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    host.virsh("set-lifecycle-action", "changed", "crash", "coredump-restart", "--config")
    assert "<on_crash>coredump-restart" in domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    assert "for crashes only" in host.virsh("set-lifecycle-action", "changed", "reboot", "coredump-destroy", ok=False)
    domain.shutdown()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_SHUTDOWN)
    events.wait_for("changed", "DEFINED ADDED", "STARTED BOOTED", "SHUTDOWN HOST")
    domain.destroy()
    domain.create()
    assert "<on_poweroff>destroy" in domain.XMLDesc()


@pytest.mark.slow_on_xen
def test_a_guest_that_crashes_may_be_kept_as_it_is(host, conn, events):
    domain = conn.createXML(guest(host, "kept", "crash-after=0.5", crash="preserve"))
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_CRASHED)
    events.wait_for("kept", "STARTED BOOTED", "CRASHED PANICKED")
    with pytest.raises(libvirt.libvirtError) as refused:
        domain.suspend()
    assert refused.value.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID
    domain.destroy()


@pytest.mark.slow_on_xen
@pytest.mark.parametrize("action", ["coredump-destroy", "coredump-restart"])
def test_a_guest_that_crashes_may_leave_its_core(host, conn, events, action):
    name = f"leaves-{action}"
    conn.createXML(guest(host, name, "crash-after=1", crash=action))
    started_again = ["STARTED BOOTED"] if action == "coredump-restart" else []
    events.wait_for(name, "STARTED BOOTED", "STOPPED CRASHED", *started_again)
    note = entry(host, name, type="note", text=f"its core is kept in '{host.cores}/{name}.core'")
    assert note["domid"] > 0
    assert int(host.shell(f"stat -c %s {host.cores}/{name}.core")) >= 128 * host.core_bytes_per_mib
    if started_again:
        conn.lookupByName(name).destroy()


@pytest.mark.slow_on_xen
def test_a_guest_that_reboots_may_be_done_with(host, conn, events):
    conn.createXML(guest(host, "once", "reboot-after=0.5", reboot="destroy"))
    events.wait_for("once", "STARTED BOOTED", "STOPPED SHUTDOWN")
    assert conn.numOfDomains() == 1


@pytest.mark.simulated
def test_a_guest_that_resets_itself_softly_stays_the_domain_that_it_is(host, conn, events):
    domain = conn.createXML(guest(host, "kexec", "soft-reset-after=1", reboot="restart"))
    first = domain.ID()
    events.wait_for("kexec", "STARTED BOOTED", "REBOOT")
    assert conn.lookupByName("kexec").ID() == first and domain.isActive()
    assert "soft reset" in entry(host, "kexec", type="note")["text"]


@pytest.mark.simulated
def test_a_guest_that_reboots_in_a_tight_loop_is_held_back_and_can_be_ended(host, conn):
    conn.createXML(guest(host, "loops", "reboot-after=0.1", reboot="restart"))
    held = wait_until(
        lambda: [one for one in entry_texts(host, "loops") if "held back for 2 s" in one], 20, "a longer pause"
    )
    assert "2 times in a row" in held[0]
    conn.lookupByName("loops").destroy()
    wait_until(lambda: conn.numOfDomains() == 1, host.patience, "its end")


def entry_texts(host, name):
    return [one["text"] for one in timeline(host, name) if one["type"] == "note"]
