# SPDX-License-Identifier: LGPL-2.1-or-later
"""NUMA cells: which of a guest's memory and vCPUs are near to each other."""

import libvirt
from refusals import refused

MIB = 1024
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE

CELLS = """<vcpu>2</vcpu>
  <cpu><numa>
    <cell id='0' cpus='0' memory='96' unit='MiB'><distances><sibling id='1' value='31'/></distances></cell>
    <cell id='1' cpus='1' memory='32' unit='MiB'/>
  </numa></cpu>"""


def celled(host, name):
    return host.guest(name, "hvm").replace("<vcpu>1</vcpu>", CELLS)


def test_a_guest_has_numa_cells_and_all_of_their_memory(host, lasting):
    domain = lasting(celled(host, "celled"))
    for flags in (0, INACTIVE):
        assert f"<cell id='1' cpus='1' memory='{32 * MIB}' unit='KiB'>" in domain.XMLDesc(flags)
        assert "<sibling id='0' value='31'/>" in domain.XMLDesc(flags), "it goes for the way back, too"
        assert "<acpi/>" in domain.XMLDesc(flags), "without it a guest finds none of them"
    assert '"pnode=0", "size=96", "vcpus=0", "vdistances=10,31"' in host.virsh(
        "domxml-to-native", "xen-xl", "--domain", "celled"
    )
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "a guest with NUMA cells has all of its memory"):
        domain.setMemory(64 * MIB)
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "a guest with NUMA cells cannot be saved"):
        domain.save(host.place("celled.save"))
    assert domain.isActive()


def test_the_nodes_that_a_guests_memory_is_on_are_told(host, conn, lasting):
    domain = lasting(celled(host, "celled"))
    nodes = conn.getInfo()[4]
    at_rest = conn.defineXML(celled(host, "at-rest"))
    assert at_rest.numaParameters() == {"numa_nodeset": "0", "numa_mode": libvirt.VIR_DOMAIN_NUMATUNE_MEM_STRICT}
    assert domain.numaParameters()["numa_nodeset"] == "0"
    assert "strict" in host.virsh("numatune", "celled", "--live")
    flat = conn.createXML(host.guest("flat"))
    told = flat.numaParameters()
    assert told["numa_mode"] == libvirt.VIR_DOMAIN_NUMATUNE_MEM_INTERLEAVE
    assert told["numa_nodeset"] and {int(word) for word in told["numa_nodeset"].replace("-", ",").split(",")} <= set(range(nodes))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, "no stored definition"):
        flat.numaParameters(libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "celled", "<vcpu cpuset>"):
        domain.setNumaParameters({"numa_nodeset": "0"})


def test_cells_that_xen_cannot_make_are_refused(host, conn):
    for kind in ("pv", "pvh"):
        with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "only an HVM guest can have NUMA cells"):
            conn.defineXML(host.guest("flat", kind).replace("<vcpu>1</vcpu>", CELLS))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "NUMA cells have more memory than the guest"):
        conn.defineXML(host.guest("overfull", "hvm", memory_mib=64).replace("<vcpu>1</vcpu>", CELLS))
