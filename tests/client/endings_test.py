# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of a guest that ends by itself: on_poweroff, on_reboot and on_crash."""

import libvirt
import pytest
from hosts import wait_until
from timelines import timeline

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
def test_a_guest_that_reboots_may_be_done_with(host, conn, events):
    conn.createXML(guest(host, "once", "reboot-after=0.5", reboot="destroy"))
    events.wait_for("once", "STARTED BOOTED", "STOPPED SHUTDOWN")
    assert conn.numOfDomains() == 1


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
