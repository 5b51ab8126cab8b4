# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each room may use only the rooms below it, and libxl lives in one room."""

import re

from conftest import ROOT, tracked

# The rooms that a room may include from, besides itself. The same table as in CMakeLists.txt.
MAY_USE = {
    "base": set(),
    "async": {"base"},
    "domain": {"base"},
    "hypervisor": {"domain", "async", "base"},
    "xenlight": {"hypervisor", "domain", "async", "base"},
    "simulated": {"hypervisor", "domain", "async", "base"},
    "manager": {"hypervisor", "domain", "async", "base"},
    "console": {"manager", "hypervisor", "domain", "async", "base"},
    "libvirt": {"manager", "console", "hypervisor", "domain", "async", "base"},
    "daemon": {"libvirt", "console", "manager", "simulated", "xenlight", "hypervisor", "domain", "async", "base"},
    "cli": {"libvirt", "domain", "async", "base"},
}

# What may be included from the system by one room only.
ONLY_IN = {
    re.compile(r"<(libxl|_libxl|xenctrl|xentoollog|xenstore|xs|xenevtchn|xen/).*>"): {"xenlight"},
    re.compile(r"<libxml/.*>"): {"domain"},
    re.compile(r"<(systemd/|toml).*>"): {"daemon"},
    re.compile(r"<CLI/.*>"): {"daemon", "cli"},
    re.compile(r"<boost/.*>"): {"base", "manager", "xenlight", "cli"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+("(?P<ours>[^"]+)"|(?P<system><[^>]+>))', re.MULTILINE)


def includes(path):
    for found in INCLUDE.finditer(path.read_text()):
        yield found["ours"], found["system"]


def sources():
    for path in tracked("src/**/*.cpp", "src/**/*.hpp"):
        yield path, path.relative_to(ROOT / "src").parts[0]


def test_every_folder_of_src_is_a_room_of_the_design():
    assert {room for _, room in sources()} == set(MAY_USE)


def test_rooms_import_only_downwards():
    wrong = [
        f"{path.relative_to(ROOT)} includes {ours}"
        for path, room in sources()
        for ours, _ in includes(path)
        if ours and ours.split("/")[0] not in MAY_USE[room] | {room}
    ]
    assert wrong == []


def test_libraries_with_one_room_are_included_nowhere_else():
    wrong = [
        f"{path.relative_to(ROOT)} includes {system}"
        for path, room in sources()
        for _, system in includes(path)
        for pattern, rooms in ONLY_IN.items()
        if system and pattern.match(system) and room not in rooms
    ]
    assert wrong == []


def test_the_build_links_what_the_rules_allow():
    text = (ROOT / "CMakeLists.txt").read_text()
    built = {
        name: set((uses or "").split())
        for name, uses in re.findall(r"virtlight_room\((\w+)\s*(?:USES ([a-z ]+?))?\s*(?:LINKS[^)]*)?\)", text)
    }
    assert built == MAY_USE
