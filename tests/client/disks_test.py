# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks of a guest: described, checked, attached and detached while it runs, and what is in its CD drive changed."""

import re

import images
import libvirt
import pytest
from clients import devices_told, told_of, trays_told
from hosts import wait_until
from refusals import refused

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE
INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG
MISSING = libvirt.VIR_ERR_DEVICE_MISSING
UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED


# Xen serves a raw file by its kernel. A QEMU would have to run already: a PV guest has one only if it was started so.
def disk(path, target="xvdb", more="", driver="<driver type='raw'/>"):
    source = f"<source file='{path}'/>" if path else ""
    return f"<disk type='file' device='disk'>{driver}{source}<target dev='{target}'/>{more}</disk>"


def cd_drive(path, target="hdc"):
    return disk(path, target).replace("device='disk'", "device='cdrom'")


def with_devices(xml, *devices):
    return xml.replace("</devices>", "".join(devices) + "</devices>")


def started(host, conn, name, *devices, kind="pv", words=""):
    domain = conn.defineXML(with_devices(host.guest(name, kind, words=words), *devices))
    domain.create()
    return domain


def running(host, conn, name, *devices, **more):
    domain = started(host, conn, name, *devices, **more)
    host.wait_until_it_listens(domain)
    return domain


def test_a_guest_starts_with_its_disks(host, conn):
    path = images.raw(host, "root.img")
    domain = started(host, conn, "has-disks", disk(path, "xvda"))
    assert path in host.virsh("domblklist", domain.name())
    assert "<alias name='xen-disk0'/>" in domain.XMLDesc()
    assert "<alias" not in domain.XMLDesc(INACTIVE)


def test_a_file_may_be_served_by_the_kernel_by_name(host, conn):
    path = images.raw(host, "named-phy.img")
    by_kernel = "<driver name='phy' type='raw'/>"
    domain = started(host, conn, "by-kernel", disk(path, "xvda", driver=by_kernel))
    assert by_kernel in domain.XMLDesc() and f"<source file='{path}'/>" in domain.XMLDesc()
    domain.attachDeviceFlags(disk(images.raw(host, "second-phy.img"), driver=by_kernel), LIVE)
    assert "second-phy.img" in domain.XMLDesc()


def test_a_disk_that_is_missing_is_named_at_the_start(host, conn):
    domain = conn.defineXML(with_devices(host.guest("no-disk"), disk("/nowhere/disk.img")))
    with refused(INVALID_ARG, "/nowhere/disk.img of disk xvdb: No such file"):
        domain.create()
    assert not domain.isActive()


def test_a_disk_comes_and_goes_while_the_guest_runs(host, conn):
    path = images.raw(host, "data.img")
    domain = running(host, conn, "plugged")
    told = devices_told(conn, domain)
    host.virsh("attach-disk", domain.name(), path, "xvdb", "--subdriver", "raw", "--sourcetype", "file", "--live")
    assert f"<source file='{path}'/>" in domain.XMLDesc()
    assert path not in domain.XMLDesc(INACTIVE)
    wait_until(lambda: told, 10, "an event of the new disk")
    host.virsh("detach-disk", domain.name(), "xvdb", "--live", timeout=host.patience)
    assert path not in domain.XMLDesc()
    wait_until(lambda: len(told) == 2, 10, "an event of its end")
    assert told == [("added", "xen-disk1"), ("removed", "xen-disk1")]


@pytest.mark.ours
def test_a_disk_is_detached_by_its_alias_from_guest_and_definition(host, conn):
    path = images.raw(host, "both.img")
    domain = running(host, conn, "aliased")
    domain.attachDeviceFlags(disk(path), LIVE | CONFIG)
    assert path in domain.XMLDesc() and path in domain.XMLDesc(INACTIVE)
    domain.detachDeviceAlias("xen-disk1", LIVE | CONFIG)
    assert path not in domain.XMLDesc() and path not in domain.XMLDesc(INACTIVE)


@pytest.mark.ours
def test_a_disk_is_attached_for_the_next_start(host, conn):
    path = images.raw(host, "next.img")
    domain = conn.defineXML(host.guest("planned"))
    domain.attachDeviceFlags(disk(path), CONFIG)
    assert path in domain.XMLDesc()
    domain.create()
    assert path in domain.XMLDesc()


@pytest.mark.ours
def test_a_disk_that_is_not_there_cannot_go(host, conn):
    path = images.raw(host, "absent.img")
    domain = running(host, conn, "without")
    with refused(MISSING, "no disk xvdb"):
        domain.detachDeviceFlags(disk(path), LIVE)
    with refused(MISSING, "alias 'xen-disk1'"):
        domain.detachDeviceAlias("xen-disk1", LIVE)
    with refused(INVALID_ARG, "/nowhere of disk xvdb: No such file"):
        domain.attachDeviceFlags(disk("/nowhere"), LIVE | CONFIG)
    assert "/nowhere" not in domain.XMLDesc(INACTIVE), "neither or both"


@pytest.mark.simulated
def test_a_disk_that_the_guest_keeps_stays(host, conn):
    path = images.raw(host, "kept.img")
    domain = running(host, conn, "clings", disk(path), words="frozen")
    told = devices_told(conn, domain)
    with refused(libvirt.VIR_ERR_OPERATION_TIMEOUT, "has not let go of it"):
        domain.detachDeviceFlags(disk(path), LIVE | CONFIG)
    assert path in domain.XMLDesc() and path in domain.XMLDesc(INACTIVE)
    wait_until(lambda: told == [("kept", "xen-disk1")], 10, "an event of the failure")


@pytest.mark.ours
def test_a_disk_by_another_name_is_the_same(host, conn):
    path = images.raw(host, "named.img")
    folder, name = path.rsplit("/", 1)
    link = images.link(host, path, "link.img")
    conn.createXML(with_devices(host.guest("writes"), disk(path)))
    for other in (link, f"{folder}/./{name}", f"{folder}//{name}"):
        second = conn.defineXML(with_devices(host.guest("second"), disk(other)))
        with refused(libvirt.VIR_ERR_OPERATION_FAILED, other, "is used by domain 'writes'", path):
            second.create()
        second.undefine()
    third = running(host, conn, "third")
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "is used by domain 'writes'"):
        third.attachDevice(disk(link))


@pytest.mark.parametrize("end", ["save", "coreDump"])
def test_nothing_is_written_in_the_place_of_a_disk_by_another_of_its_names(host, conn, end):
    path = images.raw(host, "precious.img")
    folder, name = path.rsplit("/", 1)
    conn.defineXML(with_devices(host.guest("precious"), disk(path)))
    hard = host.place("hard.img")
    host.shell(f"ln {path} {hard}")
    before = host.shell(f"stat -c %i {path}")
    domain = running(host, conn, "lives")
    for other in (f"{images.link(host, folder, 'other-folder')}/{name}", hard):
        with refused(INVALID_ARG, "of domain 'precious', whose data would be lost"):
            getattr(domain, end)(other)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING and host.shell(f"stat -c %i {path}") == before


def test_one_guest_does_not_have_an_image_twice(host, conn):
    path = images.raw(host, "twice.img")
    xml = with_devices(host.guest("greedy"), disk(path), disk(path, "xvdc"))
    with refused(libvirt.VIR_ERR_XML_ERROR, "line", "<disk>", path):
        conn.defineXML(xml)
    conn.defineXML(xml.replace("<target", "<readonly/><target"))


@pytest.mark.ours
def test_a_disk_serves_one_guest_that_writes(host, conn):
    path = images.raw(host, "one.img")
    conn.createXML(with_devices(host.guest("first"), disk(path)))
    second = conn.defineXML(with_devices(host.guest("second"), disk(path)))
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, f"the source {path} of disk xvdb is used by domain 'first'"):
        second.create()
    shared = conn.defineXML(with_devices(host.guest("third"), disk(path, more="<shareable/>")))
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "<shareable/>"):
        shared.create()


def test_a_shareable_disk_serves_two_guests_that_write(host, conn):
    shared = disk(images.raw(host, "shared.img"), more="<shareable/>")
    first = started(host, conn, "shares", shared)
    second = started(host, conn, "shares-too", shared)
    assert first.isActive() and second.isActive()
    by_kernel = shared.replace("<driver ", "<driver name='phy' ")
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "xvdb is shareable and has driver phy"):
        conn.defineXML(with_devices(host.guest("refused"), by_kernel))


def test_what_is_in_a_cd_drive_is_changed(host, conn):
    one, two = images.raw(host, "one.iso"), images.raw(host, "two.iso")
    domain = conn.defineXML(with_devices(host.guest("cinema", "hvm"), cd_drive(one)))
    domain.create()  # its device model changes the medium, whatever the guest does
    trays = trays_told(conn, domain)
    host.virsh("change-media", domain.name(), "hdc", two, "--update", "--live", "--config")
    assert two in domain.XMLDesc() and two in domain.XMLDesc(INACTIVE)
    host.virsh("change-media", domain.name(), "hdc", "--eject", "--live")
    assert two not in domain.XMLDesc() and "hdc" in domain.XMLDesc()
    assert told_of(trays, 2) == [
        ("ide-disk2", libvirt.VIR_DOMAIN_EVENT_TRAY_CHANGE_CLOSE),
        ("ide-disk2", libvirt.VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN),
    ]
    host.virsh("attach-disk", domain.name(), one, "hdc", "--type", "cdrom", "--subdriver", "raw", "--sourcetype", "file", "--live")
    assert one in domain.XMLDesc() and one not in domain.XMLDesc(INACTIVE)
    with refused(INVALID_ARG, "/nowhere.iso"):
        domain.updateDeviceFlags(cd_drive("/nowhere.iso"), LIVE)
    with refused(UNSUPPORTED, "disk hdd of an HVM guest is emulated"):
        domain.attachDeviceFlags(cd_drive(one, "hdd"), LIVE)


def test_a_disk_grows_while_its_guest_runs(host, conn):
    path = images.raw(host, "grows.img")
    domain = started(host, conn, "grower", disk(path))
    host.virsh("blockresize", domain.name(), "xvdb", "32M")
    assert domain.blockInfo("xvdb")[0] == 32 * images.MIB
    domain.blockResize(path, 64 * images.MIB + 1, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
    assert domain.blockInfo("xvdb")[0] == 64 * images.MIB + 512, "sectors"


@pytest.mark.ours
def test_a_disk_that_cannot_grow_as_asked_says_why(host, conn):
    path = images.raw(host, "stays.img")
    of_device = 1 << 1  # VIR_DOMAIN_BLOCK_RESIZE_CAPACITY of later clients
    kept = disk(images.raw(host, "kept.img"), "xvdc", "<readonly/>")
    domain = conn.defineXML(with_devices(host.guest("stays"), disk(path), kept))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "not running"):
        domain.blockResize("xvdb", 32 * 1024)
    domain.create()
    with refused(UNSUPPORTED, "disk xvdb: it has 16777216 bytes", "can only grow"):
        domain.blockResize("xvdb", 8 * 1024)
    with refused(UNSUPPORTED, "read-only"):
        domain.blockResize("xvdc", 32 * 1024)
    with refused(UNSUPPORTED, "no block device"):
        domain.blockResize("xvdb", 0, of_device)
    with refused(INVALID_ARG, "xvdz"):
        domain.blockResize("xvdz", 32 * 1024)
    with refused(INVALID_ARG, "KiB"):
        domain.blockResize("xvdb", 1 << 60)
    with refused(INVALID_ARG, "capacity"):
        domain.blockResize("xvdb", 1, of_device)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "0x4"):
        domain.blockResize("xvdb", 1, 1 << 2)
    assert domain.blockInfo("xvdb")[0] == 16 * images.MIB


def test_bytes_of_a_raw_disk_are_read(host, conn):
    path = images.raw(host, "peeked.img")
    host.shell(f"printf 'one sector' | dd of={path} bs=1 seek=1000 conv=notrunc status=none")
    domain = conn.defineXML(with_devices(host.guest("peeked"), disk(path)))
    assert domain.blockPeek("xvdb", 1000, 10) == b"one sector"
    assert domain.blockPeek(path, 996, 8) == b"\0\0\0\0one "
    with refused(INVALID_ARG, "disk xvdb ends before"):
        domain.blockPeek("xvdb", 16 * images.MIB, 1)
    with refused(INVALID_ARG, "'xvdz'"):
        domain.blockPeek("xvdz", 0, 1)
    image = images.qcow2(host, "peeked.qcow2")
    other = conn.defineXML(with_devices(host.guest("folded"), disk(image, driver="<driver name='qemu' type='qcow2'/>")))
    with refused(UNSUPPORTED, "not raw"):
        other.blockPeek("xvdb", 0, 1)


@pytest.mark.ours
def test_disks_have_no_errors_that_are_the_hosts_to_tell(host, conn):
    domain = conn.defineXML(with_devices(host.guest("sound"), disk(images.raw(host, "sound.img"))))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "'sound' is not running"):
        domain.diskErrors()
    domain.create()
    assert domain.diskErrors() == {}
    assert host.virsh("domblkerror", "sound") == "No errors found"


def test_devices_that_are_not_served_are_refused_by_name(host, conn):
    domain = conn.defineXML(host.guest("plain"))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "element <watchdog> is not supported in <devices>"):
        domain.attachDeviceFlags("<watchdog model='xen'/>", CONFIG)
    with refused(libvirt.VIR_ERR_XML_ERROR, "<disk> has no <target>"):
        domain.attachDeviceFlags("<disk/>", CONFIG)


def test_a_guest_with_a_bootloader_needs_a_disk(host, conn):
    xml = re.sub(r"<(kernel|initrd)>.*</\1>", "", host.guest("grub"))
    domain = conn.defineXML(xml)
    assert "<bootloader>pygrub</bootloader>" in domain.XMLDesc()
    with refused(INVALID_ARG, "no disk on which its bootloader pygrub"):
        domain.create()
