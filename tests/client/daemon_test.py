# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon as its administrator meets it."""

import os
import resource
import signal
import stat
import struct
import subprocess

import libvirt
import pytest
from clients import Wire
from hosts import wait_until

pytestmark = pytest.mark.simulated

GET_AUTOSTART_ONCE = 449  # of libvirt 11.2: python3-libvirt may be older
SET_AUTOSTART_ONCE = 450


def run(program, *words):
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=20)


def test_without_xen_it_says_what_is_missing_names_the_simulated_one_and_leaves_nothing(daemon_folder, tmp_path):
    if os.path.exists("/proc/xen/capabilities"):
        pytest.skip("this machine is a Xen host")
    answer = run(daemon_folder / "virtlightd", "--root", tmp_path)
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert "Xen" in answer.stderr and "--hypervisor simulated" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_xen_that_is_said_also_to_who_may_make_no_folder(daemon_folder):
    if os.path.exists("/proc/xen/capabilities"):
        pytest.skip("this machine is a Xen host")
    answer = run(daemon_folder / "virtlightd", "--root", "/proc/nowhere")  # where root may make none either
    assert answer.returncode == 1
    assert "Xen" in answer.stderr and "--hypervisor simulated" in answer.stderr


def test_help_and_version_are_answered(daemon_folder):
    assert "--hypervisor" in run(daemon_folder / "virtlightd", "--help").stdout
    assert run(daemon_folder / "virtlightd", "--version").stdout.startswith("virtlightd ")


def test_it_is_linked_before_it_serves(daemon_folder):
    program = daemon_folder / "virtlightd"
    told = subprocess.run([program, "--version"], env=os.environ | {"LD_DEBUG": "reloc"}, capture_output=True, text=True,
                          timeout=20).stderr
    lines = [line for line in told.splitlines() if f"relocation processing: {program}" in line]
    assert lines and not any("(lazy)" in line for line in lines)


def test_an_option_it_does_not_know_is_refused(daemon_folder):
    answer = run(daemon_folder / "virtlightd", "--wobble")
    assert answer.returncode == 2 and "--wobble" in answer.stderr


def test_no_folder_is_no_root(daemon_folder):
    answer = run(daemon_folder / "virtlightd", "--root", "")
    assert answer.returncode == 2 and len(answer.stderr.splitlines()) == 1


def test_its_socket_is_for_its_owner_only(own_host):
    assert stat.S_IMODE(own_host.socket.stat().st_mode) == 0o700


def test_it_may_have_as_many_files_open_as_the_system_allows(own_host):
    soft, hard = resource.prlimit(own_host.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard


def test_a_second_daemon_over_the_same_root_is_refused(own_host, daemon_folder):
    answer = run(daemon_folder / "virtlightd", "--hypervisor", "simulated", "--root", own_host.root)
    assert answer.returncode == 1 and "already" in answer.stderr
    with own_host.connect() as conn:
        assert conn.getType() == "Xen"


def test_a_hang_up_ends_it_in_order(own_host):
    own_host.process.send_signal(signal.SIGHUP)
    assert own_host.process.wait(timeout=20) == 0
    own_host.process = None
    assert "ended; the longest step" in own_host.log.read_text()


def test_a_hang_up_that_is_ignored_ends_nothing(own_host):
    own_host.stop()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup has it; a child inherits it
    try:
        own_host.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    own_host.process.send_signal(signal.SIGHUP)
    with own_host.connect() as conn:
        assert conn.getType() == "Xen"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_definitions_are_there_again_after_a_restart(own_host, end):
    with own_host.connect() as conn:
        domain = conn.defineXML(own_host.guest("kept"))
        domain.setAutostart(1)
        uuid = domain.UUIDString()
        text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        conn.defineXML(own_host.guest("removed")).undefine()
    getattr(own_host, end)()
    own_host.start()
    with own_host.connect() as conn:
        domain = conn.lookupByName("kept")
        assert domain.UUIDString() == uuid
        assert domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) == text
        assert domain.autostart() == 1
        assert "removed" not in [one.name() for one in conn.listAllDomains()]


def test_a_definition_that_cannot_be_read_is_reported_and_left_alone(own_host):
    own_host.stop()
    bad = own_host.root / "var" / "lib" / "virtlight" / "domains" / "11111111-2222-3333-4444-555555555555.xml"
    bad.write_text("<domain")
    own_host.start()
    with own_host.connect() as conn:
        assert len(conn.listAllDomains()) == 1
    assert bad.read_text() == "<domain"
    assert bad.name in own_host.log.read_text()


def test_it_ends_in_order_although_a_file_holds_up_its_start(own_host):
    own_host.stop()
    held = own_host.root / "var" / "lib" / "virtlight" / "domains" / "11111111-2222-3333-4444-555555555555.xml"
    os.mkfifo(held)  # nobody writes to it
    before = own_host.log.read_text()
    own_host.launch()
    wait_until(lambda: len(own_host.log.read_text()) > len(before), 20, "a line of the daemon's")
    own_host.stop()
    assert "left behind" in own_host.log.read_text()


def test_no_file_is_left_of_what_was_removed(own_host):
    state = own_host.root / "var" / "lib" / "virtlight"
    wait_until((state / "autostarted").exists, own_host.patience, "the end of the autostart")
    before = {path for path in state.rglob("*")}
    with own_host.connect() as conn:
        domain = conn.defineXML(own_host.guest("brief"))
        domain.setAutostart(1)
        domain.create()
        domain.destroy()
        domain.undefine()
    wait_until(lambda: {path for path in state.rglob("*")} == before, own_host.patience, "the end of its files")


def test_a_hundred_guests_come_and_go_without_a_trace(own_host):
    with own_host.connect() as conn:
        conn.createXML(own_host.guest("first", memory_mib=16)).destroy()
        files = own_host.open_files()
        for number in range(100):
            conn.createXML(own_host.guest(f"guest-{number}", memory_mib=16))
        assert conn.numOfDomains() == 101
        for domain in conn.listAllDomains():
            if domain.ID() > 0:
                domain.destroy()
        wait_until(lambda: own_host.open_files() <= files, own_host.patience, f"no more than {files} open files")


def test_what_is_to_start_at_the_next_boot_of_the_host_starts_then_and_not_at_the_one_after_it(own_host):
    state = own_host.root / "var" / "lib" / "virtlight"
    wait_until((state / "autostarted").exists, own_host.patience, "the end of the autostart")
    with own_host.connect() as conn, Wire(own_host.socket) as wire:
        domain = conn.defineXML(own_host.guest("once"))
        sent = struct.pack(">I", 4) + b"once" + domain.UUID() + struct.pack(">i", -1)
        wire.open()
        assert wire.call(SET_AUTOSTART_ONCE, sent + struct.pack(">i", 1))[3] == Wire.OK
        assert wire.call(GET_AUTOSTART_ONCE, sent)[4] == struct.pack(">i", 1)
        assert domain.autostart() == 0
    for runs in (True, False):
        own_host.stop()
        (state / "autostarted").write_text("an earlier boot")
        own_host.start()
        wait_until(
            lambda: (state / "autostarted").read_text() != "an earlier boot", own_host.patience, "the end of the autostart"
        )
        with own_host.connect() as conn, Wire(own_host.socket) as wire:
            domain = conn.lookupByName("once")
            wire.open()
            assert domain.isActive() == runs
            assert wire.call(GET_AUTOSTART_ONCE, sent)[4] == struct.pack(">i", 0)
            if runs:
                domain.destroy()


def test_what_is_to_start_with_the_host_starts_beside_the_first_clients(own_host):
    with own_host.connect() as conn:
        for name in ("slow-a", "slow-b", "slow-c"):
            conn.defineXML(own_host.guest(name, words="build-takes=2")).setAutostart(1)
    own_host.stop()
    own_host.start()
    with own_host.connect() as conn:
        assert conn.numOfDomains() < 4, "clients are served before the guests have started"
        wait_until(lambda: conn.numOfDomains() == 4, 20, "the autostart")
