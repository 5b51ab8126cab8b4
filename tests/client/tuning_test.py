# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much memory and how many vCPUs a domain has, and what it is called: changed live and for its next start."""

import libvirt
import pytest
from consoles import Stream
from hosts import wait_until
from refusals import refused

MIB = 1024
LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE
INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG
INVALID = libvirt.VIR_ERR_OPERATION_INVALID


def roomy(host, name, kind="pv"):
    """128 of 256 MiB, 1 of 2 vCPUs."""
    return host.guest(name, kind, memory_mib=256).replace(
        "<vcpu>1</vcpu>", "<currentMemory unit='MiB'>128</currentMemory><vcpu current='1'>2</vcpu>"
    )


def running(host, conn, name, kind="pv"):
    domain = conn.defineXML(roomy(host, name, kind))
    domain.create()
    host.wait_until_it_listens(domain)
    return domain


def wait_for_memory(host, domain, kib):
    wait_until(lambda: abs(domain.info()[2] - kib) <= 16 * MIB, host.patience, f"{kib} KiB, seen: {domain.info()[2]}")


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_a_guest_gets_more_and_less_memory_and_it_is_told(host, conn, lasting, kind):
    domain = lasting(roomy(host, f"roomy-{kind}", kind))
    told = []

    def on_balloon(_conn, changed, kib, _opaque):
        told.append((changed.name(), kib))

    callback = conn.domainEventRegisterAny(domain, libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, on_balloon, None)
    host.virsh("setmem", domain.name(), "256M", "--live")
    wait_for_memory(host, domain, 256 * MIB)
    wait_until(lambda: told, 10, "an event of the change")
    conn.domainEventDeregisterAny(callback)
    assert told[0][0] == domain.name() and told[0][1] > 128 * MIB
    assert f"<memory unit='KiB'>{256 * MIB}</memory>" in domain.XMLDesc()
    assert f"<currentMemory unit='KiB'>{128 * MIB}</currentMemory>" in domain.XMLDesc(INACTIVE)
    assert abs(domain.memoryStats()["actual"] - 256 * MIB) <= 16 * MIB

    domain.setMemory(128 * MIB)
    wait_for_memory(host, domain, 128 * MIB)
    assert "actual" in host.virsh("dommemstat", domain.name())


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_vcpus_come_and_go(host, lasting, kind):
    domain = lasting(roomy(host, f"roomy-{kind}", kind))
    # Xen gives a PV guest all of its vCPUs, of which it lets go while it boots.
    wait_until(lambda: domain.vcpusFlags(LIVE) == 1, host.patience, "one vCPU of the two")
    assert domain.vcpusFlags(LIVE | libvirt.VIR_DOMAIN_VCPU_MAXIMUM) == 2
    host.virsh("setvcpus", domain.name(), "2", "--live")
    with Stream(domain) as console:
        # What udev does in a guest that has it.
        console.type("until echo 1 > /sys/devices/system/cpu/cpu1/online; do sleep 1; done\r")
        wait_until(lambda: domain.vcpusFlags(LIVE) == 2, host.patience, "two vCPUs")
    domain.setVcpusFlags(1, LIVE | CONFIG)
    wait_until(lambda: domain.vcpusFlags(LIVE) == 1, host.patience, "one vCPU")
    assert domain.vcpusFlags(CONFIG) == 1
    assert "maximum      live           2" in host.virsh("vcpucount", domain.name())


def test_domain_0_gets_less_and_more_memory(host, conn):
    control = conn.lookupByID(0)
    most, before = control.maxMemory(), control.info()[2] // MIB * MIB
    less = before - 64 * MIB
    told = []

    def on_balloon(_conn, changed, kib, _opaque):
        told.append((changed.name(), changed.ID(), kib))

    callback = conn.domainEventRegisterAny(control, libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, on_balloon, None)
    host.virsh("setmem", "Domain-0", less, "--live")
    wait_for_memory(host, control, less)
    wait_until(lambda: told and abs(told[-1][2] - less) <= 16 * MIB, 10, "an event of the change")
    conn.domainEventDeregisterAny(callback)
    assert {(name, domid) for name, domid, _ in told} == {("Domain-0", 0)}
    ((_, stats),) = conn.domainListGetStats([control], libvirt.VIR_DOMAIN_STATS_BALLOON)
    for actual in (stats["balloon.current"], control.memoryStats()["actual"]):
        assert abs(actual - less) <= 16 * MIB
    assert control.maxMemory() == most
    with refused(INVALID_ARG, "Domain-0", "higher than max memory"):
        control.setMemory(most + MIB)
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "Domain-0"):
        control.setMemory(MIB)
    with refused(INVALID, "Domain-0", "Xen's command line"):
        control.setMemoryFlags(less, CONFIG)
    control.setMemory(before)
    wait_for_memory(host, control, before)


@pytest.mark.simulated  # a lab's dom0 has no udev to bring its processor back
def test_domain_0_gets_fewer_and_more_vcpus(host, conn):
    control = conn.lookupByID(0)
    most = control.vcpusFlags(LIVE | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    host.virsh("setvcpus", "Domain-0", most - 1, "--live")
    wait_until(lambda: control.vcpusFlags(LIVE) == most - 1, host.patience, "one vCPU less")
    host.virsh("setvcpu", "Domain-0", most - 1, "--enable", "--live")
    wait_until(lambda: control.vcpusFlags(LIVE) == most, host.patience, "all vCPUs")
    with refused(INVALID_ARG, "Domain-0", "max allowable vcpus"):
        control.setVcpus(most + 1)


def test_memory_is_set_for_the_next_start(host, conn):
    domain = conn.defineXML(roomy(host, "planned"))
    domain.setMemoryFlags(64 * MIB, CONFIG)
    assert domain.info()[1:3] == [256 * MIB, 64 * MIB]
    domain.setMemoryFlags(100 * MIB + 1, 0)
    assert domain.info()[2] == 101 * MIB
    domain.setMaxMemory(512 * MIB)
    assert domain.maxMemory() == 512 * MIB
    host.virsh("setmaxmem", "planned", "32M", "--config")
    assert domain.info()[1:3] == [32 * MIB, 32 * MIB]


@pytest.mark.ours
def test_memory_out_of_bounds_is_refused_and_nothing_has_changed(host, conn):
    domain = running(host, conn, "bounded")
    with refused(INVALID_ARG, "zero"):
        domain.setMemoryFlags(0, LIVE)
    for flags in (LIVE, CONFIG, LIVE | CONFIG):
        with refused(INVALID_ARG, "bounded", "higher than max memory"):
            domain.setMemoryFlags(257 * MIB, flags)
    with refused(libvirt.VIR_ERR_OVERFLOW):
        domain.setMemoryFlags(2**62, CONFIG | libvirt.VIR_DOMAIN_MEM_MAXIMUM)
    with refused(INVALID_ARG, "bounded", "built for"):
        domain.setMemoryFlags(512 * MIB, LIVE | libvirt.VIR_DOMAIN_MEM_MAXIMUM)
    with refused(INVALID_ARG, "bounded", "is to have"):
        domain.setMemoryFlags(64 * MIB, LIVE | libvirt.VIR_DOMAIN_MEM_MAXIMUM)
    assert domain.info()[1] == 256 * MIB and not domain.isUpdated()


def with_both_vcpus(host, conn, name):
    domain = conn.defineXML(host.guest(name, "hvm").replace("<vcpu>1</vcpu>", "<vcpu>2</vcpu>"))
    domain.create()
    host.wait_until_it_listens(domain)
    if not host.remote:  # there the guest's kernel may do without the second one, which its device model has all the same
        wait_until(lambda: domain.vcpusFlags(LIVE) == 2, host.patience, "both vCPUs")
    return domain


@pytest.mark.simulated
def test_an_hvm_guest_has_no_more_vcpus_after_its_save_than_before(host, conn):
    domain = with_both_vcpus(host, conn, "fewer")
    host.virsh("setvcpus", "fewer", "1", "--live")
    wait_until(lambda: domain.vcpusFlags(LIVE) == 1, host.patience, "one vCPU")
    for _ in range(2):
        domain.managedSave()
        domain.create()
        wait_until(lambda: domain.vcpusFlags(LIVE) == 1, host.patience, "one vCPU as before")
        assert "<vcpu placement='static' current='1'>2</vcpu>" in domain.XMLDesc()


def test_vcpus_are_set_for_the_next_start(host, conn):
    domain = conn.defineXML(roomy(host, "planned"))
    domain.setVcpusFlags(4, CONFIG | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    host.virsh("setvcpus", "planned", "3", "--config", "--hotpluggable")
    assert "<vcpu placement='static' current='3'>4</vcpu>" in domain.XMLDesc()
    domain.setVcpusFlags(2, CONFIG | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    assert "<vcpu placement='static'>2</vcpu>" in domain.XMLDesc()


@pytest.mark.ours
def test_vcpus_out_of_bounds_are_refused(host, conn):
    domain = running(host, conn, "bounded")
    for flags in (LIVE, CONFIG):
        with refused(INVALID_ARG, "bounded", "max allowable vcpus"):
            domain.setVcpusFlags(3, flags)
        with refused(INVALID_ARG):
            domain.setVcpusFlags(0, flags)
    with refused(INVALID_ARG, "512"):
        domain.setVcpusFlags(513, CONFIG | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    with refused(INVALID, "live domain"):
        domain.setVcpusFlags(2, LIVE | CONFIG | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    with refused(INVALID_ARG, "flags"):
        domain.setVcpusFlags(1, libvirt.VIR_DOMAIN_VCPU_GUEST)
    assert not domain.isUpdated()


def test_a_transient_guest_has_no_next_start(host, conn):
    domain = conn.createXML(roomy(host, "passing"))
    with refused(INVALID, "transient"):
        domain.setMemoryFlags(64 * MIB, CONFIG)
    with refused(INVALID, "transient"):
        domain.setVcpusFlags(1, LIVE | CONFIG)
    with refused(INVALID, "transient"):
        domain.rename("other")


# Names


def test_a_domain_is_renamed_and_told_under_both_names(host, conn, events):
    domain = conn.defineXML(roomy(host, "before"))
    host.virsh("domrename", "before", "after")
    assert conn.lookupByName("after").UUIDString() == domain.UUIDString()
    assert "<name>after</name>" in domain.XMLDesc()
    with refused(libvirt.VIR_ERR_NO_DOMAIN, "before"):
        conn.lookupByName("before")
    events.wait_for("before", "DEFINED ADDED", "UNDEFINED RENAMED", seconds=10)
    events.wait_for("after", "DEFINED RENAMED", seconds=10)


def test_a_running_guest_is_renamed_too(host, conn, events):
    domain = conn.defineXML(host.guest("old"))
    domain.create()
    domain.rename("young")
    domain = conn.lookupByName("young")
    assert domain.isActive()
    domain.destroy()
    events.wait_for("young", "DEFINED RENAMED", "STOPPED DESTROYED")
    assert conn.lookupByName("young").state()[0] == libvirt.VIR_DOMAIN_SHUTOFF


@pytest.mark.ours
def test_a_name_that_cannot_be_is_refused(host, conn):
    domain = conn.defineXML(host.guest("one"))
    conn.defineXML(host.guest("two"))
    with refused(INVALID, "one", "'two' already exists"):
        domain.rename("two")
    with refused(INVALID, "one"):
        domain.rename("one")
    for name in ("a/b", "..", "x" * 300):
        with refused(INVALID_ARG, "name"):
            domain.rename(name)
    with refused(INVALID, "Domain-0"):
        conn.lookupByID(0).rename("host")
    domain.create()
    host.wait_until_it_listens(domain)
    domain.managedSave()
    with refused(INVALID, "managed"):
        domain.rename("three")
    assert sorted(d.name() for d in conn.listAllDomains()) == ["Domain-0", "one", "two"]


def test_a_new_name_outlives_the_daemon(own_host):
    with own_host.connect() as conn:
        conn.defineXML(own_host.guest("off"))
        conn.defineXML(own_host.guest("before")).rename("after")
    own_host.kill()
    own_host.start()
    with own_host.connect() as conn:
        assert sorted(d.name() for d in conn.listAllDomains()) == ["Domain-0", "after", "off"]
