# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the host's processors can, compared with others."""

import re
import subprocess
import xml.etree.ElementTree as ET

import libvirt
import pytest
from refusals import refused

SCHEMAS = "/usr/share/libvirt/schemas"


@pytest.fixture
def features(conn):
    """Of the host, as its capabilities tell."""
    return [feature.get("name") for feature in ET.fromstring(conn.getCapabilities()).findall("host/cpu/feature")]


def cpu(names, policy="require", more=""):
    return f"<cpu{more}>" + "".join(f"<feature policy='{policy}' name='{name}'/>" for name in names) + "</cpu>"


def test_the_hosts_own_processor_is_identical(host, conn, tmp_path, features):
    capabilities = tmp_path / "capabilities.xml"
    capabilities.write_text(conn.getCapabilities())
    assert "identical to host CPU" in host.virsh("cpu-compare", capabilities)
    assert conn.compareCPU(cpu(features)) == libvirt.VIR_CPU_COMPARE_IDENTICAL
    assert conn.compareCPU("<cpu mode='host-passthrough'/>") == libvirt.VIR_CPU_COMPARE_IDENTICAL


def test_a_host_is_more_or_less_than_what_is_wanted(host, conn, tmp_path, features):
    less, more = tmp_path / "less.xml", tmp_path / "more.xml"
    less.write_text(cpu(features[:2]))
    more.write_text(cpu([*features[:2], "flux-capacitor"]))
    assert "superset" in host.virsh("cpu-compare", less) and "superset" in host.virsh("hypervisor-cpu-compare", less)
    assert conn.compareCPU(more.read_text()) == libvirt.VIR_CPU_COMPARE_INCOMPATIBLE
    told = host.virsh("cpu-compare", "--error", more, ok=False)
    assert "does not provide required features: flux-capacitor" in told
    with refused(libvirt.VIR_ERR_CPU_INCOMPATIBLE, f"forbidden features: {features[0]}"):
        conn.compareCPU(cpu(features[:1], "forbid"), libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE)


def test_a_baseline_is_what_all_can(host, conn, tmp_path, features):
    both = tmp_path / "both.xml"
    both.write_text(f"{cpu(features)}{cpu([*features[:3], 'flux-capacitor'])}")
    for command in ("cpu-baseline", "hypervisor-cpu-baseline"):
        xml = host.virsh(command, both)
        assert sorted(re.findall(r"feature policy='require' name='([^']*)'", xml)) == sorted(features[:3])
    assert conn.compareCPU(xml) == libvirt.VIR_CPU_COMPARE_SUPERSET
    (tmp_path / "cpu.xml").write_text(xml)
    subprocess.run(
        ["xmllint", "--noout", "--relaxng", f"{SCHEMAS}/cpu.rng", tmp_path / "cpu.xml"], check=True, capture_output=True
    )
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, "no feature in common"):
        conn.baselineCPU([cpu(features), cpu(["flux-capacitor"])])


def test_what_cannot_be_compared_says_why(host, conn):
    with refused(libvirt.VIR_ERR_XML_ERROR):
        conn.compareCPU("<cpu><feature</cpu>")
    with refused(libvirt.VIR_ERR_XML_ERROR, "expected 'cpu' element"):
        conn.compareCPU("<domain/>")
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, "model 'Haswell'", "features"):
        conn.compareCPU("<cpu><model>Haswell</model></cpu>")
    assert "no models to choose from" in host.virsh("cpu-models", "x86_64", ok=False)
    with refused(libvirt.VIR_ERR_INVALID_ARG, "architecture"):
        conn.compareHypervisorCPU(None, "aarch64", None, None, cpu(["fpu"]))
    with host.connect_read_only() as reader:
        assert reader.compareCPU(cpu(["fpu"])) == libvirt.VIR_CPU_COMPARE_SUPERSET
        with refused(libvirt.VIR_ERR_OPERATION_DENIED):
            reader.compareHypervisorCPU(None, None, None, None, cpu(["fpu"]))
