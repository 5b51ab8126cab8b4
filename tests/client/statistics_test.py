# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is counted of guests and of the host."""

import threading
import time

import images
import libvirt
import pytest
from hosts import wait_until
from refusals import refused

STATE, CPU, BALLOON, VCPU, NET, BLOCK = (1 << bit for bit in range(6))
PERF = libvirt.VIR_DOMAIN_STATS_PERF


def running(host, conn, name, kind="pv", vcpus=2):
    domain = conn.defineXML(host.guest(name, kind).replace("<vcpu>1</vcpu>", f"<vcpu>{vcpus}</vcpu>"))
    domain.create()
    return domain


def stats_by_name(conn, *args):
    return {domain.name(): params for domain, params in conn.getAllDomainStats(*args)}


@pytest.mark.parametrize("kind", ["pv", "pvh", "hvm"])
def test_all_that_is_counted_of_all_domains_comes_in_one_call(host, conn, kind):
    domain = running(host, conn, f"counted-{kind}", kind)
    conn.defineXML(host.guest("at-rest"))
    wait_until(lambda: domain.info()[4] > 0, host.patience, "some time of a processor")
    everything = stats_by_name(conn)
    ours = everything[domain.name()]
    assert ours["state.state"] == libvirt.VIR_DOMAIN_RUNNING
    assert ours["cpu.time"] > 0
    assert ours["balloon.current"] > 0 and ours["balloon.maximum"] == 128 * 1024
    assert ours["vcpu.maximum"] == 2 and {ours["vcpu.0.state"], ours["vcpu.1.state"]} <= {0, 1, 2}
    assert ours["vcpu.0.time"] + ours["vcpu.1.time"] > 0
    assert "net.count" in ours and "block.count" in ours
    assert everything["Domain-0"]["cpu.time"] > 0
    assert everything["at-rest"]["state.state"] == libvirt.VIR_DOMAIN_SHUTOFF
    assert "cpu.time" not in everything["at-rest"]
    assert "vcpu.1.time=" in host.virsh("domstats", domain.name())


def test_groups_and_filters_say_what_is_counted_of_whom(host, conn):
    domain = running(host, conn, "running")
    conn.defineXML(host.guest("at-rest"))
    assert stats_by_name(conn, STATE)["running"].keys() == {"state.state", "state.reason"}
    inactive = stats_by_name(conn, 0, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE)
    assert inactive.keys() == {"at-rest"}
    nowait = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    assert [d.name() for d, _ in conn.domainListGetStats([domain], CPU, nowait)] == ["running"]
    enforce = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS
    with refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "0x40"):
        conn.getAllDomainStats(PERF, enforce)
    assert stats_by_name(conn, PERF | STATE)["running"]["state.state"] == libvirt.VIR_DOMAIN_RUNNING


def test_a_guest_that_hangs_in_a_shutdown_is_counted_at_once(host, conn):
    domain = conn.createXML(host.guest("hangs", words="frozen"))
    with host.connect() as other:

        def hang():
            try:
                other.lookupByName("hangs").shutdown()
            except libvirt.libvirtError:
                pass  # it ends with the guest

        waiting = threading.Thread(target=hang)
        waiting.start()
        time.sleep(0.2)
        assert "hangs" in stats_by_name(conn)
        domain.destroy()
        waiting.join()


def test_the_time_of_processors_is_told_in_total_and_for_each_vcpu(host, conn):
    domain = running(host, conn, "busy")
    wait_until(lambda: domain.info()[4] > 0, host.patience, "some time of a processor")
    assert domain.getCPUStats(True)[0]["cpu_time"] > 0
    assert len(domain.getCPUStats(False)) == 2
    assert "CPU1:" in host.virsh("cpu-stats", "busy")
    domain.destroy()
    with refused(libvirt.VIR_ERR_OPERATION_INVALID):
        domain.getCPUStats(True)


def test_vcpus_are_shown_with_where_they_run_and_may_run(host, conn):
    domain = running(host, conn, "placed")
    host.wait_until_it_listens(domain)
    wait_until(lambda: domain.info()[3] == 2, host.patience, "both vCPUs")  # the guest brings up its second itself
    vcpus, maps = domain.vcpus()
    assert [number for number, _state, _time, _cpu in vcpus] == [0, 1]
    assert all(any(cpus) for cpus in maps)
    shown = host.virsh("vcpuinfo", "placed")
    assert shown.count("VCPU:") == 2 and "CPU Affinity" in shown


def test_the_host_tells_its_memory_and_its_processors(host, conn):
    memory = conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    assert 0 < memory["free"] < memory["total"]
    assert "total" in host.virsh("nodememstats")
    cpus, online, _ = conn.getCPUMap()
    assert cpus == len(online) == conn.getInfo()[2]
    before, now = conn.getCPUStats(libvirt.VIR_NODE_CPU_STATS_ALL_CPUS), conn.getCPUStats(0)
    assert before["idle"] > 0 and now["idle"] > 0
    assert "idle:" in host.virsh("nodecpustats") and "usage:" in host.virsh("nodecpustats", "--percent")


def test_each_numa_node_tells_its_memory(conn):
    nodes = conn.getInfo()[4]
    cells = conn.getCellsFreeMemory(0, nodes)
    assert len(cells) == nodes and all(free > 0 for free in cells)
    assert sum(cells) <= conn.getFreeMemory() * 1.1
    of_first = conn.getMemoryStats(0)
    assert 0 < of_first["free"] < of_first["total"]
    pages = conn.getFreePages([4], 0, nodes)
    assert len(pages) == nodes
    with refused(libvirt.VIR_ERR_INVALID_ARG, "NUMA nodes"):
        conn.getMemoryStats(nodes)


def test_a_disk_tells_its_size_whether_the_guest_runs_or_not(host, conn):
    image = host.place("sized.img")
    host.shell(f"truncate -s 16M {image} && printf x | dd of={image} conv=notrunc status=none")
    disk = f"<disk type='file' device='disk'><source file='{image}'/><target dev='xvdb'/></disk>"
    domain = conn.defineXML(host.guest("sized").replace("</devices>", f"{disk}</devices>"))
    for start in (False, True):
        if start:
            domain.create()
        for name in ("xvdb", image):
            capacity, allocation, physical = domain.blockInfo(name)
            assert capacity == physical == 16 << 20
            assert 0 < allocation < capacity
        told = host.virsh("domstats", "--block", "sized")
        for line in ("name=xvdb", f"path={image}", f"capacity={16 << 20}", f"physical={16 << 20}",
                     f"allocation={allocation}"):
            assert f"block.0.{line}" in told
    assert "Capacity:" in host.virsh("domblkinfo", "sized", "xvdb")
    with refused(libvirt.VIR_ERR_INVALID_ARG, "xvdz"):
        domain.blockInfo("xvdz")


def test_what_keeps_a_domain_busy_is_told(host, conn):
    domain = conn.defineXML(host.guest("idle"))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "'idle' is not running"):
        domain.controlInfo()
    domain.create()
    assert domain.controlInfo() == [libvirt.VIR_DOMAIN_CONTROL_OK, 0, 0]
    assert host.virsh("domcontrol", "idle") == "ok"


@pytest.mark.parametrize("kind", ["pv", "hvm"])
def test_a_disk_that_a_device_model_serves_is_counted(host, conn, kind):
    image = images.qcow2(host, f"counted-{kind}.qcow2")
    disk = f"""<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{image}'/>
      <target dev='xvdb'/></disk>"""
    domain = conn.defineXML(host.guest(f"modelled-{kind}", kind).replace("</devices>", f"{disk}</devices>"))
    domain.create()

    def reads():
        params = stats_by_name(conn, BLOCK)[domain.name()]
        names = {params[f"block.{place}.name"]: place for place in range(params["block.count"])}
        assert "xvdb" in names, "it is there before somebody has counted it"
        return params.get(f"block.{names['xvdb']}.rd.reqs", 0)

    wait_until(lambda: reads() > 0, host.patience, "what the guest has read")
    assert domain.blockStats("xvdb")[0] > 0 and domain.blockStats(image)[1] > 0
    counted = domain.blockStatsFlags("xvdb")
    assert counted["rd_operations"] > 0 and counted["rd_total_times"] > 0
    assert "rd.times=" in host.virsh("domstats", "--block", domain.name())
    assert 0 < domain.blockStats("xvdb")[0] <= domain.blockStats("")[0]
    assert domain.blockInfo("xvdb")[0] == 16 * images.MIB
    assert "rd_req" in host.virsh("domblkstat", domain.name(), "xvdb")


def test_what_a_domain_does_not_have_is_refused_by_name(host, conn):
    domain = running(host, conn, "bare")
    with refused(libvirt.VIR_ERR_INVALID_ARG, "vif99.9"):
        domain.interfaceStats("vif99.9")
    with refused(libvirt.VIR_ERR_INVALID_ARG, "xvdz"):
        domain.blockStats("xvdz")
