# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cores of guests, as virsh and the libvirt binding ask for them."""

import libvirt
import pytest
from controls_test import running
from hosts import wait_until
from refusals import refused
from save_test import in_background


def size(host, path):
    return int(host.shell(f"stat -c %s {path} 2>/dev/null || echo 0"))


def left(host, path):
    """What is there of a core, finished or not."""
    return host.shell(f"ls {path}* 2>/dev/null || true")


# Of an HVM or a PVH guest libxl tries every frame below 4 GiB, also those that are not there: each costs a call of
# Xen, which takes a quarter of an hour on emulated hardware.
@pytest.mark.parametrize("kind", ["pv", *(pytest.param(kind, marks=pytest.mark.slow_on_xen) for kind in ("pvh", "hvm"))])
def test_a_core_is_dumped_and_the_guest_goes_on(host, conn, events, kind):
    name = f"dumped-{kind}"
    domain = running(host, conn, name, kind)
    core = host.place(f"{name}.core")
    domain.coreDump(core)
    assert size(host, core) >= 128 * host.core_bytes_per_mib
    assert left(host, core) == core
    assert domain.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_UNPAUSED]
    assert domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_DUMP
    domain.shutdown()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_SHUTOFF)
    events.wait_for(
        name, "DEFINED ADDED", "STARTED BOOTED", "SUSPENDED PAUSED", "RESUMED UNPAUSED", "STOPPED SHUTDOWN"
    )
    host.shell(f"rm -f {core}")


@pytest.mark.slow_on_xen
def test_a_live_dump_does_not_pause_and_one_may_end_or_reset_the_guest(host, conn, events):
    domain = running(host, conn, "dumps")
    core = host.place("dumps.core")
    domain.coreDumpWithFormat(core, libvirt.VIR_DOMAIN_CORE_DUMP_FORMAT_RAW, libvirt.VIR_DUMP_LIVE | libvirt.VIR_DUMP_BYPASS_CACHE)
    assert size(host, core) >= 128 * host.core_bytes_per_mib
    assert "dumped to" in host.virsh("dump", "dumps", core, "--live", "--memory-only", "--format", "elf")
    assert "dumped to" in host.virsh("dump", "dumps", core, "--reset")
    assert domain.isActive()
    assert "dumped to" in host.virsh("dump", "dumps", core, "--crash")
    assert domain.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED]
    assert size(host, core) >= 128 * host.core_bytes_per_mib
    events.wait_for(
        "dumps", "DEFINED ADDED", "STARTED BOOTED", "SUSPENDED PAUSED", "RESUMED UNPAUSED", "REBOOT",
        "STARTED BOOTED", "SUSPENDED PAUSED", "STOPPED CRASHED",
    )
    host.shell(f"rm -f {core}")


def test_a_core_that_cannot_be_written_leaves_the_guest_running(host, conn):
    domain = conn.defineXML(host.guest("stays"))
    domain.create()
    with refused(libvirt.VIR_ERR_SYSTEM_ERROR, "stays", "/nowhere/at/all", "No such file"):
        domain.coreDump("/nowhere/at/all", libvirt.VIR_DUMP_CRASH)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "/dev/null"):
        domain.coreDump("/dev/null")
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING


@pytest.mark.ours
def test_other_formats_and_clashing_flags_are_refused(host, conn):
    domain = running(host, conn, "plain")
    core = host.place("plain.core")
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "raw"):
        domain.coreDumpWithFormat(core, libvirt.VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "flags"):
        domain.coreDump(core, 1 << 5)
    for clashing in (
        libvirt.VIR_DUMP_LIVE | libvirt.VIR_DUMP_CRASH,
        libvirt.VIR_DUMP_LIVE | libvirt.VIR_DUMP_RESET,
        libvirt.VIR_DUMP_CRASH | libvirt.VIR_DUMP_RESET,
    ):
        with refused(libvirt.VIR_ERR_INVALID_ARG):
            domain.coreDump(core, clashing)
    assert left(host, core) == "" and domain.isActive()


@pytest.mark.simulated
def test_a_dump_shows_its_progress_and_can_be_aborted(host, conn):
    domain = running(host, conn, "slow", words="save-takes=60")
    core = host.place("slow.core")
    thread, errors = in_background(domain.coreDump, core)
    wait_until(lambda: domain.jobInfo()[4] > 0, host.patience, "progress of the dump")
    assert domain.state() == [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_DUMP]
    assert "Dump" in host.virsh("domjobinfo", "slow")
    domain.abortJob()
    thread.join(timeout=host.patience)
    assert errors[0].get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert left(host, core) == ""
