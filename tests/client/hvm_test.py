# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only an HVM guest has: several consoles, a keyboard, and NUMA cells, which tell what of it is near to each other."""

import libvirt
import pytest
from command import virtlight
from console_lives_test import say
from console_test import read_and_type_by_virsh
from consoles import Stream
from hosts import wait_until
from refusals import refused

MIB = 1024
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE

CELLS = """<vcpu>2</vcpu>
  <cpu><numa>
    <cell id='0' cpus='0' memory='96' unit='MiB'><distances><sibling id='1' value='31'/></distances></cell>
    <cell id='1' cpus='1' memory='32' unit='MiB'/>
  </numa></cpu>"""


def with_cells(xml):
    return xml.replace("<vcpu>1</vcpu>", CELLS)


def with_more_ports_and_a_pv_console(xml):
    first = "<serial type='pty'/>"
    ports = "<serial type='pty'><target port='1'/></serial><serial type='null'><target port='2'/></serial>"
    more = ports + "<console type='pty'><target type='xen'/></console>"
    assert first in xml
    return xml.replace(first, first + more)


@pytest.fixture
def whole(host, lasting):
    """A guest with all of it, which the tests of this file share: an HVM guest takes longest to boot."""
    return lasting(with_cells(with_more_ports_and_a_pv_console(host.guest("whole", "hvm"))))


# Consoles


def test_virsh_console_shows_the_boot_of_an_hvm_guest_and_takes_what_is_typed(host, whole):
    read_and_type_by_virsh(host, whole.name(), "serial0")


def type_until_it_is_echoed(host, viewer, text):
    """Nobody listens there yet when a guest boots, and what is typed is lost then."""
    def echoed():
        viewer.type(f"{text}\r")
        try:
            return viewer.until(text, seconds=2)
        except AssertionError:
            return None

    wait_until(echoed, host.patience, f"the echo of {text}")


def test_each_console_of_an_hvm_guest_is_its_own(host, daemon_folder, whole):
    devices = {"serial1": "ttyS1", "console0": "hvc0"}
    with Stream(whole, "serial0") as first:
        first.until("# ")
        for device in devices.values():
            first.type(f"cat </dev/{device} >/dev/{device} &\r")
        for console in devices:
            with Stream(whole, console) as other:
                type_until_it_is_echoed(host, other, f"told-to-{console}")
        say(first, "told-to-serial0")
        for console in devices:
            assert f"told-to-{console}" not in first.text.decode()
            assert f"told-to-{console}" in virtlight(host, daemon_folder, "logs", "whole", console)
    listed = virtlight(host, daemon_folder, "consoles")
    assert all(console in listed for console in ("serial0", *devices))


def test_a_serial_port_that_is_no_pty_is_no_console(host, daemon_folder, whole):
    for flags in (0, INACTIVE):
        assert "<serial type='null'>" in whole.XMLDesc(flags)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "serial2", "is not using a PTY"):
        Stream(whole, "serial2")
    assert "serial2" not in virtlight(host, daemon_folder, "consoles")
    assert '"pty", "pty", "null"' in host.virsh("domxml-to-native", "xen-xl", "--domain", "whole")


# Keyboard


def test_keys_reach_the_keyboard_of_an_hvm_guest(host, whole):
    # Linux says so even if it is quiet else; a simulated guest tells the keys.
    seen = b"sysrq: HELP" if host.remote else b"keys 56 84 35"
    with Stream(whole) as console:
        assert "" == host.virsh("send-key", "whole", "KEY_LEFTALT", "KEY_SYSRQ", "KEY_H")
        console.until(seen.decode())
        for times, (codeset, codes) in enumerate([
            (libvirt.VIR_KEYCODE_SET_XT, [0x38, 0x54, 0x23]),
            (libvirt.VIR_KEYCODE_SET_USB, [0xE2, 0x46, 0x0B]),
            (libvirt.VIR_KEYCODE_SET_QNUM, [0x38, 0x54, 0x23]),
        ], 2):
            assert whole.sendKey(codeset, 20, codes, len(codes), 0) == 0
            console.wait(lambda times=times: console.text.count(seen) >= times, f"{seen} for the {times}. time", 60)


# NUMA cells


def test_a_guest_has_numa_cells_and_all_of_their_memory(host, whole):
    for flags in (0, INACTIVE):
        assert f"<cell id='1' cpus='1' memory='{32 * MIB}' unit='KiB'>" in whole.XMLDesc(flags)
        assert "<sibling id='0' value='31'/>" in whole.XMLDesc(flags), "it goes for the way back, too"
        assert "<acpi/>" in whole.XMLDesc(flags), "without it a guest finds none of them"
    assert '"pnode=0", "size=96", "vcpus=0", "vdistances=10,31"' in host.virsh(
        "domxml-to-native", "xen-xl", "--domain", "whole"
    )
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "a guest with NUMA cells has all of its memory"):
        whole.setMemory(64 * MIB)
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "a guest with NUMA cells cannot be saved"):
        whole.save(host.place("whole.save"))
    assert whole.isActive()


def test_the_nodes_that_a_guests_memory_is_on_are_told(host, conn, whole):
    nodes = conn.getInfo()[4]
    at_rest = conn.defineXML(with_cells(host.guest("at-rest", "hvm")))
    assert at_rest.numaParameters() == {"numa_nodeset": "0", "numa_mode": libvirt.VIR_DOMAIN_NUMATUNE_MEM_STRICT}
    assert whole.numaParameters()["numa_nodeset"] == "0"
    assert "strict" in host.virsh("numatune", "whole", "--live")
    flat = conn.createXML(host.guest("flat"))
    told = flat.numaParameters()
    assert told["numa_mode"] == libvirt.VIR_DOMAIN_NUMATUNE_MEM_INTERLEAVE
    assert told["numa_nodeset"] and {int(word) for word in told["numa_nodeset"].replace("-", ",").split(",")} <= set(range(nodes))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "no stored definition"):
        flat.numaParameters(libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "whole", "<vcpu cpuset>"):
        whole.setNumaParameters({"numa_nodeset": "0"})


def test_cells_that_xen_cannot_make_are_refused(host, conn):
    for kind in ("pv", "pvh"):
        with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "only an HVM guest can have NUMA cells"):
            conn.defineXML(with_cells(host.guest("flat", kind)))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "NUMA cells have more memory than the guest"):
        conn.defineXML(with_cells(host.guest("overfull", "hvm", memory_mib=64)))
