# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images of disks, made with what every host has."""

import struct

MIB = 1 << 20
CLUSTER = 1 << 16


def raw(host, name, mib=16):
    path = host.place(name)
    host.shell(f"truncate -s {mib}M {path}")
    return path


def qcow2(host, name, mib=16):
    """Empty: its header, the table of reference counts, a block of them, and a table of clusters that has none."""
    path = host.place(name)
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, mib * MIB, 0, 1, 3 * CLUSTER, CLUSTER, 1, 0, 0
    )
    parts = {0: header, CLUSTER: struct.pack(">Q", 2 * CLUSTER), 2 * CLUSTER: struct.pack(">4H", 1, 1, 1, 1)}
    host.shell(f"truncate -s {4 * CLUSTER} {path}")
    for at, part in parts.items():
        octal = "".join(f"\\{byte:03o}" for byte in part)
        host.shell(f"printf '{octal}' | dd of={path} bs=1 seek={at} conv=notrunc status=none")
    return path


def link(host, path, name):
    """Another name of it."""
    other = host.place(name)
    host.shell(f"ln -sf {path} {other}")
    return other
