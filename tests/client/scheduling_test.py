# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a guest's vCPUs run, and how much of the processors they get."""

import libvirt
from hosts import wait_until
from refusals import refused

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE


def defined(host, conn, name, cputune=""):
    return conn.defineXML(host.guest(name).replace("<vcpu>1</vcpu>", f"<vcpu>2</vcpu>{cputune}"))


def start_with_both_vcpus(host, domain):
    """A guest brings up its second vCPU itself."""
    domain.create()
    host.wait_until_it_listens(domain)
    wait_until(lambda: domain.info()[3] == 2, host.patience, "both vCPUs")


def test_a_vcpu_is_pinned_while_its_guest_runs_and_for_the_next_start(host, conn):
    domain = defined(host, conn, "pinned")
    start_with_both_vcpus(host, domain)
    cpus = conn.getInfo()[2]
    domain.pinVcpuFlags(1, (True,) + (False,) * (cpus - 1), LIVE | CONFIG)
    assert domain.vcpus()[1][1] == (True,) + (False,) * (cpus - 1)
    assert domain.vcpus()[1][0] == (True,) * cpus
    assert domain.vcpuPinInfo(LIVE) == domain.vcpuPinInfo(CONFIG) == domain.vcpus()[1]
    assert "<vcpupin vcpu='1' cpuset='0'/>" in domain.XMLDesc(INACTIVE)
    assert "<vcpupin vcpu='1' cpuset='0'/>" in domain.XMLDesc()
    host.virsh("vcpupin", "pinned", "0", "0", "--live")
    assert "<vcpupin vcpu='0'" not in domain.XMLDesc(INACTIVE)
    domain.destroy()
    start_with_both_vcpus(host, domain)
    assert domain.vcpus()[1] == [(True,) * cpus, (True,) + (False,) * (cpus - 1)]


def test_a_pin_to_nowhere_or_of_no_vcpu_is_refused(host, conn):
    domain = defined(host, conn, "misplaced")
    domain.create()
    with refused(libvirt.VIR_ERR_INVALID_ARG, "vcpu 2 is out of range"):
        domain.pinVcpu(2, (True,))
    with refused(libvirt.VIR_ERR_INVALID_ARG):
        domain.pinVcpu(0, (False,))


def test_a_guests_share_is_changed_live_and_for_the_next_start(host, conn):
    tuned = "<cputune><shares>512</shares><vcpupin vcpu='0' cpuset='0'/></cputune>"
    domain = defined(host, conn, "shared", tuned)
    assert domain.schedulerParametersFlags(CONFIG) == {"weight": 512, "cap": 0}
    domain.create()
    assert domain.schedulerType()[0] in ("credit", "credit2") and domain.schedulerType()[1] == 2
    assert domain.schedulerParameters() == {"weight": 512, "cap": 0}
    for half in (LIVE, CONFIG):
        domain.setSchedulerParametersFlags({"weight": 1000, "cap": 150}, half)
    assert domain.schedulerParameters() == {"weight": 1000, "cap": 150}
    assert "<shares>1000</shares>" in domain.XMLDesc(INACTIVE)
    assert "<global_quota>150000</global_quota>" in domain.XMLDesc(INACTIVE)
    host.virsh("schedinfo", "shared", "--set", "cap=0", "--live")
    assert domain.schedulerParametersFlags(LIVE)["cap"] == 0
    assert domain.schedulerParametersFlags(CONFIG)["cap"] == 150
    with refused(libvirt.VIR_ERR_INVALID_ARG, "weight must be from 1 to 65535"):
        domain.setSchedulerParameters({"weight": 0})


def test_domain_0_is_pinned_and_gets_a_share(host, conn):
    control = conn.lookupByID(0)
    cpus = conn.getInfo()[2]
    before = control.schedulerParameters()
    host.virsh("vcpupin", "Domain-0", "0", "0")
    assert control.vcpuPinInfo(LIVE)[0] == (True,) + (False,) * (cpus - 1)
    host.virsh("schedinfo", "Domain-0", "--set", "weight=512", "--live")
    assert control.schedulerParameters() == {**before, "weight": 512}
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "Domain-0", "Xen's command line"):
        control.setSchedulerParametersFlags({"weight": 300}, CONFIG)
    control.setSchedulerParameters(before)
    control.pinVcpu(0, (True,) * cpus)
    assert control.vcpuPinInfo(LIVE)[0] == (True,) * cpus


def test_fewer_vcpus_leave_no_pin_behind(host, conn):
    domain = defined(host, conn, "shrinks", "<cputune><vcpupin vcpu='1' cpuset='0'/></cputune>")
    domain.setVcpusFlags(1, CONFIG | libvirt.VIR_DOMAIN_VCPU_MAXIMUM)
    assert "vcpupin" not in domain.XMLDesc()
    with refused(libvirt.VIR_ERR_XML_ERROR, "must be from 0 to 0"):
        conn.defineXML(host.guest("few").replace("</vcpu>", "</vcpu><cputune><vcpupin vcpu='1' cpuset='0'/></cputune>"))
