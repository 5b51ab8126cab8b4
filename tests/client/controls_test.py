# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is done to a guest that runs, besides pausing and ending it: reset, NMI, keys, power button, sleep."""

import libvirt
import pytest
from consoles import Stream
from hosts import wait_until
from refusals import refused

INVALID = libvirt.VIR_ERR_OPERATION_INVALID


def running(host, conn, name, kind="pv", **more):
    domain = conn.defineXML(host.guest(name, kind, **more))
    domain.create()
    host.wait_until_it_listens(domain)
    return domain


def test_a_reset_boots_the_guest_anew_without_asking_it(host, conn, events):
    domain = running(host, conn, "hung", words="deaf")
    first = domain.ID()
    assert "reset" in host.virsh("reset", "hung")
    assert conn.lookupByName("hung").ID() > first
    assert domain.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED]
    events.wait_for("hung", "DEFINED ADDED", "STARTED BOOTED", "REBOOT", "STARTED BOOTED")


def test_an_nmi_reaches_the_guest(host, conn):
    domain = running(host, conn, "prodded", "pvh")
    with Stream(domain) as console:
        assert "" == host.virsh("inject-nmi", "prodded")
        console.until("NMI")  # and what kind of NMI the kernel takes it for


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_sysrq_reaches_the_kernel_of_a_guest_without_a_keyboard(host, conn, kind):
    running(host, conn, f"asked-{kind}", kind)
    with Stream(conn.lookupByName(f"asked-{kind}")) as console:
        assert "" == host.virsh("send-key", f"asked-{kind}", "KEY_LEFTALT", "KEY_SYSRQ", "KEY_H")
        console.until("sysrq: HELP" if host.remote else "SysRq h")


@pytest.mark.ours
def test_keys_that_cannot_be_sent_are_refused_with_the_reason(host, conn):
    domain = running(host, conn, "handless", "pvh")
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "handless", "PVH guest", "only an HVM guest has a keyboard"):
        domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 0, [28], 1, 0)
    with refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "codeset win32", "allowed here: linux"):
        domain.sendKey(libvirt.VIR_KEYCODE_SET_WIN32, 0, [13], 1, 0)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "keycode 500 of codeset linux"):
        domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 0, [28, 500], 2, 0)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "held for 90000 ms"):
        domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 90000, [28], 1, 0)


def test_a_guest_without_drivers_is_rebooted_by_its_power_button(host, conn):
    domain = running(host, conn, "buttoned", "pv")
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "buttoned", "power button"):
        domain.reboot(libvirt.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "flags"):
        domain.reboot(libvirt.VIR_DOMAIN_REBOOT_GUEST_AGENT)


@pytest.mark.simulated
def test_a_reboot_by_the_power_button_starts_the_guest_anew(host, conn, events):
    domain = running(host, conn, "pressed", "hvm")
    assert "being rebooted" in host.virsh("reboot", "pressed", "--mode", "acpi")
    events.wait_for("pressed", "DEFINED ADDED", "STARTED BOOTED", "REBOOT", "STARTED BOOTED")
    assert domain.isActive()


@pytest.mark.ours
def test_a_graceful_destroy_is_a_destroy(host, conn):
    domain = running(host, conn, "gentle")
    assert "destroyed" in host.virsh("destroy", "--graceful", "gentle")
    assert domain.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED]


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_a_guest_sleeps_and_is_woken(host, conn, events, kind):
    name = f"sleepy-{kind}"
    domain = running(host, conn, name, kind)
    assert "successfully suspended" in host.virsh("dompmsuspend", name, "mem")
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED
    assert host.virsh("domstate", name) == "pmsuspended"
    assert "successfully woken up" in host.virsh("dompmwakeup", name)
    assert domain.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_WAKEUP]
    domain.shutdown()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_SHUTOFF)
    events.wait_for(
        name, "DEFINED ADDED", "STARTED BOOTED", "PMSUSPENDED MEMORY", "STARTED WAKEUP", "STOPPED SHUTDOWN"
    )


@pytest.mark.ours
def test_what_cannot_sleep_or_wake_says_why(host, conn):
    domain = running(host, conn, "awake")
    with refused(INVALID, "awake", "not suspended"):
        domain.pMWakeup()
    for target in (libvirt.VIR_NODE_SUSPEND_TARGET_DISK, libvirt.VIR_NODE_SUSPEND_TARGET_HYBRID):
        with refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "memory"):
            domain.pMSuspendForDuration(target, 0)
    with refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "duration"):
        domain.pMSuspendForDuration(libvirt.VIR_NODE_SUSPEND_TARGET_MEM, 5)
    domain.suspend()
    with refused(INVALID, "awake", "paused"):
        domain.pMSuspendForDuration(libvirt.VIR_NODE_SUSPEND_TARGET_MEM, 0)


CALLS = {
    "reset": lambda domain: domain.reset(),
    "nmi": lambda domain: domain.injectNMI(),
    "key": lambda domain: domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 0, [28], 1, 0),
    "sleep": lambda domain: domain.pMSuspendForDuration(libvirt.VIR_NODE_SUSPEND_TARGET_MEM, 0),
    "wake": lambda domain: domain.pMWakeup(),
    "dump": lambda domain: domain.coreDump("/tmp/never"),
    "memory": lambda domain: domain.setMemory(65536),
    "vcpus": lambda domain: domain.setVcpus(1),
}
OF_DOMAIN_0 = ("memory", "vcpus")  # what it takes, too


@pytest.mark.parametrize("call", CALLS)
def test_a_guest_that_does_not_run_and_domain_0_are_refused(host, conn, call):
    domain = conn.defineXML(host.guest("off"))
    with refused(INVALID, "off", "not running"):
        CALLS[call](domain)
    if call not in OF_DOMAIN_0:
        with refused(INVALID, "Domain-0"):
            CALLS[call](conn.lookupByID(0))
    domain.undefine()
    with refused(libvirt.VIR_ERR_NO_DOMAIN):
        CALLS[call](domain)


def test_unknown_flags_are_refused(host, conn):
    domain = conn.createXML(host.guest("flags"))
    for call in (
        lambda: domain.reset(1),
        lambda: domain.injectNMI(1),
        lambda: domain.pMWakeup(1),
        lambda: domain.destroyFlags(2),
        lambda: domain.coreDump("/tmp/never", 1 << 20),
        lambda: domain.setMemoryFlags(65536, 1 << 20),
        lambda: domain.rename("other", 1),
    ):
        with refused(libvirt.VIR_ERR_INVALID_ARG, "flags"):
            call()
    assert domain.isActive()
    wait_until(lambda: domain.jobInfo()[0] == libvirt.VIR_DOMAIN_JOB_NONE, 10, "no job")
