# SPDX-License-Identifier: LGPL-2.1-or-later
"""xl's configuration files: read, written, and imported."""

import json
import subprocess
from xml.etree import ElementTree

import libvirt
import pytest
from hosts import SimulatedHost
from refusals import refused


def config(host, name, more=""):
    return f"""# as xl has it
name = '{name}'
memory = 128
maxmem = 256
kernel = "{host.kernel}"; ramdisk = "{host.initrd}"
root = '/dev/xvda1 ro'
extra = "quiet"
{more}
"""


def test_a_file_of_xls_becomes_domain_xml_and_the_guest_runs(host, conn):
    xml = conn.domainXMLFromNative("xen-xl", config(host, "from-xl"), 0)
    root = ElementTree.fromstring(xml)
    assert root.findtext("name") == "from-xl"
    assert root.findtext("memory") == str(256 * 1024) and root.findtext("currentMemory") == str(128 * 1024)
    assert root.findtext("os/cmdline") == "root=/dev/xvda1 ro quiet"
    domain = conn.defineXML(xml)
    domain.create()
    assert domain.isActive()


def test_a_definition_becomes_a_file_of_xls_and_the_same_definition_again(host, conn):
    xml = conn.defineXML(conn.domainXMLFromNative("xen-xl", config(host, "there"), 0)).XMLDesc()
    file = conn.domainXMLToNative("xen-xl", xml, 0)
    assert 'name = "there"\n' in file and "maxmem = 256\n" in file
    assert conn.domainXMLFromNative("xen-xl", file, 0) == xml
    assert host.virsh("domxml-to-native", "xen-xl", "--domain", "there") == file.strip()


def test_what_only_xen_knows_is_a_setting_in_metadata_and_the_guest_runs_with_it(host, conn):
    more = "nomigrate = 0\nmax_maptrack_frames = 256\nmax_grant_frames = 64\ntsc_mode = 'native'"
    domain = conn.defineXML(conn.domainXMLFromNative("xen-xl", config(host, "settled", more), 0))
    root = ElementTree.fromstring(domain.XMLDesc())
    settings = root.find("metadata/{urn:virtlight:settings:1}settings")
    assert {one.get("name"): one.get("value") for one in settings} == {"nomigrate": "no", "max_maptrack_frames": "256"}
    assert root.find("devices/controller[@type='xenbus']").get("maxGrantFrames") == "64"
    assert root.find("clock/timer[@name='tsc']").get("mode") == "native"
    found = domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "urn:virtlight:settings:1")
    assert "max_maptrack_frames" in found
    domain.create()
    assert ElementTree.fromstring(domain.XMLDesc()).find("metadata") is not None
    assert "max_maptrack_frames = 256\n" in conn.domainXMLToNative("xen-xl", domain.XMLDesc(), 0)


def test_arguments_for_the_device_model_are_where_libvirt_has_them(host, conn):
    xml = conn.domainXMLFromNative("xen-xl", config(host, "argued", "device_model_args = ['-name', 'x,y=z']"), 0)
    domain = conn.defineXML(xml)
    line = ElementTree.fromstring(domain.XMLDesc()).find("{http://libvirt.org/schemas/domain/xen/1.0}commandline")
    assert [one.get("value") for one in line] == ["-name", "x,y=z"]
    domain.create()
    assert "<xen:arg value='x,y=z'/>" in domain.XMLDesc()
    assert 'device_model_args = [ "-name", "x,y=z" ]\n' in conn.domainXMLToNative("xen-xl", domain.XMLDesc(), 0)


def test_a_guest_with_a_label_starts_only_where_xen_has_labels(host, conn):
    label = "system_u:system_r:domU_t"
    xml = conn.domainXMLFromNative("xen-xl", config(host, "labelled", f"seclabel = '{label}'"), 0)
    assert ElementTree.fromstring(xml).findtext("seclabel[@model='flask']/label") == label
    domain = conn.defineXML(xml)
    assert f'seclabel = "{label}"\n' in conn.domainXMLToNative("xen-xl", domain.XMLDesc(), 0)
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, label, "Xen runs without FLASK here"):
        domain.create()
    without = domain.XMLDesc().replace("type='static' model='flask'", "type='none'").replace(
        f"<label>{label}</label>", "")
    conn.defineXML(without).create()


@pytest.mark.parametrize(
    ("more", "fragments"),
    [
        ("memroy = 1", ["line 8: there is no option 'memroy'"]),
        ("vif2 = ['x']", ["line 8: option 'vif2' is not supported"]),
        ("vcpus = [", ["line 9: the list that begins in line 8 has no end"]),
        ("disk = ['/a,raw,vda']", ["line 8: 'disk': 'vda' is no name of a disk"]),
    ],
)
def test_a_mistake_is_refused_with_its_line(host, conn, more, fragments):
    code = libvirt.VIR_ERR_CONFIG_UNSUPPORTED if "not supported" in fragments[0] else libvirt.VIR_ERR_INVALID_ARG
    with refused(code, *fragments):
        conn.domainXMLFromNative("xen-xl", config(host, "wrong", more), 0)


def test_other_formats_are_refused(host, conn):
    with refused(libvirt.VIR_ERR_INVALID_ARG, "'xen-sxpr'"):
        conn.domainXMLFromNative("xen-sxpr", "()", 0)


@pytest.fixture
def imported(host):
    """What `virtlight import` of these words has come to."""
    if not isinstance(host, SimulatedHost):
        pytest.skip("the command runs where the daemon is")
    command = [host.program.parent / "virtlight", "--connect", host.uri, "import"]
    return lambda *words: subprocess.run([*command, *words], capture_output=True, text=True, timeout=60)


def test_a_file_is_imported(host, conn, imported, tmp_path):
    file = tmp_path / "web.cfg"
    file.write_text(config(host, "imported"))
    answer = imported(file)
    assert answer.returncode == 0 and "Domain 'imported' defined" in answer.stdout, answer.stderr
    assert not conn.lookupByName("imported").isActive()
    file.write_text("name = 'x\n")
    answer = imported(file)
    assert answer.returncode == 1 and "web.cfg: line 1: a text has no closing '" in answer.stderr


def test_a_file_that_is_refused_keeps_no_other_from_being_imported(host, conn, imported, tmp_path):
    files = [tmp_path / f"{name}.cfg" for name in ("one", "two", "three", "four")]
    for file in files:
        file.write_text(config(host, file.stem))
    files[1].write_text("wobble = 1\n")
    answer = imported(*files)
    assert answer.returncode == 1 and answer.stderr.startswith(f"virtlight: {files[1]}: line 1: ")
    assert {"one", "three", "four"} <= {domain.name() for domain in conn.listAllDomains()}
    files[0].unlink()
    answer = imported("--json", *files[:2])
    assert answer.returncode == 1 and answer.stdout == ""
    error = json.loads(answer.stderr)
    assert error["error"].startswith("2 of 2 files are refused") and len(error["details"]) == 2


def test_a_dry_run_tells_what_would_be_defined_and_defines_nothing(host, conn, imported, tmp_path):
    file, other = tmp_path / "tried.cfg", tmp_path / "wrong.cfg"
    file.write_text(config(host, "tried") + "on_crash = 'restart'\n")
    other.write_text("wobble = 1\n")
    before = {domain.name() for domain in conn.listAllDomains()}
    answer = imported("--dry-run", file, other)
    assert answer.returncode == 1 and f"{other}: line 1: " in answer.stderr
    assert answer.stdout.startswith(f"Domain 'tried' can be defined from {file}\nline ")
    told = json.loads(imported("-n", "--json", file).stdout)
    assert told["name"] == "tried" and "uuid" not in told and "'on_watchdog' is missing" in told["remarks"][0]
    assert {domain.name() for domain in conn.listAllDomains()} == before


def test_a_file_for_a_domain_that_there_is_has_to_say_its_uuid(host, conn, imported, tmp_path):
    file = tmp_path / "again.cfg"
    file.write_text(config(host, "again"))
    assert imported(file).returncode == 0
    domain = conn.lookupByName("again")
    for words in ([], ["--dry-run"]):
        answer = imported(*words, file)
        assert answer.returncode == 1 and domain.UUIDString() in answer.stderr
        assert 'write a line uuid = "..." with that into the file' in answer.stderr
    file.write_text(config(host, "again") + f"uuid = '{domain.UUIDString()}'\non_poweroff = 'preserve'\n")
    assert imported("--dry-run", file).returncode == 0 and "preserve" not in domain.XMLDesc()
    assert imported(file).returncode == 0 and "preserve" in domain.XMLDesc()


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_two_files_of_one_domain_are_told_in_a_dry_run_as_without(host, conn, imported, tmp_path, words):
    mac = "00:16:3e:00:77:01"
    uuid = "0b7c1c7e-5d5a-4a3b-9f0e-2b6a1c3d4e5f"
    first = config(host, "first", f"uuid = '{uuid}'\nvif = ['mac={mac}']")
    files = {
        "first": first,
        "copy": first,
        "name": config(host, "first"),
        "uuid": config(host, "other", f"uuid = '{uuid}'"),
        "mac": config(host, "near", f"vif = ['mac={mac}']"),
    }
    paths = {name: tmp_path / f"{name}.cfg" for name in files}
    for name, text in files.items():
        paths[name].write_text(text)
    answer = imported(*words, *paths.values())
    assert answer.returncode == 1 and "3 of 5 files are refused" in answer.stderr
    for name in ("copy", "name"):
        assert f"{paths[name]}: {paths['first']} has the name 'first' already" in answer.stderr
    assert f"{paths['uuid']}: {paths['first']} has the uuid {uuid} already, for domain 'first'" in answer.stderr
    assert f"{paths['first']} has the MAC address {mac}, too, for domain 'first'" in answer.stdout
    assert "Domain 'near'" in answer.stdout


def test_a_uuid_of_a_domain_of_another_name_is_told_in_a_dry_run_too(host, conn, imported, tmp_path):
    file = tmp_path / "second.cfg"
    uuid = conn.defineXML(conn.domainXMLFromNative("xen-xl", config(host, "holds"), 0)).UUIDString()
    file.write_text(config(host, "wants", f"uuid = '{uuid}'"))
    for words in ([], ["--dry-run"]):
        answer = imported(*words, file)
        assert answer.returncode == 1 and f"uuid {uuid} is that of domain 'holds'" in answer.stderr


def test_what_is_xml_is_for_virsh(host, imported, tmp_path):
    file = tmp_path / "web.xml"
    file.write_text("\n" + host.guest("any"))
    answer = imported(file)
    assert answer.returncode == 1 and f"{file}: it is XML" in answer.stderr and "'virsh define'" in answer.stderr
