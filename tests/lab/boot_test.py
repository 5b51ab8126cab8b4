# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that bring their own kernel, on a disk, and guests whose kernel is none."""

import libvirt
import pytest
from hosts import GUEST, SYSTEM_DISK, TYPES
from refusals import refused


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


@pytest.fixture
def no_kernel(host):
    """A file in dom0 that begins with what the shell's printf makes of a text, and goes on with nothing of a kernel's."""
    path = host.place("no-kernel")

    def write(beginning):
        host.dom0(f"(printf '{beginning}'; head -c 65536 /dev/zero) >{path}")
        return path

    yield write
    host.dom0(f"rm -f {path}")


def nothing_is_left_of(domain, conn):
    return domain.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF and len(conn.listDomainsID()) == 1


def test_a_file_that_is_no_kernel_is_refused_before_xen_is_asked(host, conn, no_kernel):
    path = no_kernel("#!/bin/sh")
    domain = conn.defineXML(host.guest("scripted", kernel=path))
    with refused(libvirt.VIR_ERR_INVALID_ARG, "scripted", f"the kernel {path} is no kernel image"):
        domain.create()
    assert nothing_is_left_of(domain, conn)


def test_a_kernel_that_only_looks_like_one_fails_the_start_with_what_libxl_says_of_it(host, conn, no_kernel):
    domain = conn.defineXML(host.guest("hollow", kernel=no_kernel("\\177ELF")))
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "hollow", "\nlibxl: error: ", "xc_dom_parse_image"):
        domain.create()
    assert nothing_is_left_of(domain, conn)
