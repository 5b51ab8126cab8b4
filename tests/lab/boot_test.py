# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that bring their own kernel, on a disk."""

from hosts import GUEST, SYSTEM_DISK, TYPES


def test_a_pv_guest_boots_the_kernel_that_pygrub_finds_on_its_disk(host, conn):
    disk = SYSTEM_DISK.format(path=host.disk, dev="xvda", bus="xen")
    described = GUEST.format(**{**TYPES["pv"], "name": "by-pygrub", "memory_mib": 128, "boot": "", "devices": disk})
    described = described.replace("<os>", "<bootloader>pygrub</bootloader><os>")
    domain = conn.createXML(described)
    host.wait_until_it_listens(domain)
    assert "type=PV name=by-pygrub" in host.dom0("cat /var/log/xen/console/guest-by-pygrub.log")


def test_an_hvm_guest_boots_from_its_disk_by_its_bios(host, conn):
    described = host.guest("by-bios", "hvm")
    assert "<kernel>" not in described
    domain = conn.createXML(described)
    host.wait_until_it_listens(domain)
    assert "type=HVM name=by-bios" in host.dom0("cat /var/log/xen/console/guest-by-bios.log")
