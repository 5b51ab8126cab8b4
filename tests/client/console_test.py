# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's console, as virsh and the libvirt binding see it."""

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import termios
import threading
import time

import libvirt
import pytest
from clients import Wire
from command import virtlight
from consoles import RawStream, Stream, Terminal, Virsh, Watcher
from hosts import wait_until
from refusals import code_of


def started(host, conn, name, kind="pv", words=""):
    domain = conn.defineXML(host.guest(name, kind, words=words))
    domain.create()
    return domain


def read_and_type_by_virsh(host, name, console):
    with Virsh(host, name) as viewer:
        viewer.until(f"name={name} ")
        viewer.until("# ")
        viewer.type("hello-there\r")
        viewer.until("hello-there")
        assert viewer.leave() == 0
    with Virsh(host, name, "--safe", "--devname", console) as late:
        # Who comes late sees what was there, the prompt among it.
        late.until("hello-there")
        assert late.leave() == 0


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_virsh_console_shows_the_boot_and_takes_what_is_typed(host, conn, kind):
    started(host, conn, f"con-{kind}", kind)
    read_and_type_by_virsh(host, f"con-{kind}", "console0")


def test_domain_0_says_why_it_has_no_console(host, conn, daemon_folder):
    with Virsh(host, "Domain-0") as viewer:
        assert viewer.status() != 0
        assert "domain 'Domain-0' has no console: it is the host itself" in viewer.text
    for command in ("release", "retake", "logs"):
        refusal = virtlight(host, daemon_folder, command, "Domain-0", status=1)
        assert "domain 'Domain-0' has no console: it is the host itself" in refusal


def test_the_first_words_of_a_boot_are_there_for_a_late_viewer(host, lasting):
    domain = lasting(host.guest("early"))
    with Stream(domain) as viewer:
        text = viewer.until("name=early ")
    with Stream(domain) as again:
        assert again.until("name=early ").startswith(text[:16])


def test_consoles_are_released_for_another_reader_and_taken_back(host, daemon_folder, lasting):
    domain = lasting(host.guest("early"))
    with Stream(domain) as viewer:
        viewer.until("# ")
        virtlight(host, daemon_folder, "release", "early")
        assert "released already" in virtlight(host, daemon_folder, "release", "early", status=1)
        (console,) = json.loads(virtlight(host, daemon_folder, "consoles", "--json"))
        assert not console["attached"]
        virtlight(host, daemon_folder, "retake", "early")
        viewer.type("back-again\r")
        viewer.until("back-again")
    assert "not released" in virtlight(host, daemon_folder, "retake", "early", status=1)


def test_virsh_start_with_a_console_sees_the_guest_boot(host, conn):
    conn.defineXML(host.guest("fresh"))
    with Virsh(host, "fresh") as viewer:
        assert viewer.status() != 0
        assert "not running" in viewer.text
    conn.lookupByName("fresh").createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    with Virsh(host, "fresh") as viewer:
        viewer.until("Escape character")
        conn.lookupByName("fresh").resume()
        viewer.until("name=fresh ")


@pytest.mark.ours
def test_a_second_session_is_refused_until_it_uses_force(host, conn):
    domain = started(host, conn, "busy")
    with Virsh(host, "busy") as first:
        first.until("name=busy ")
        code, message = code_of(Stream, domain)
        assert code == libvirt.VIR_ERR_OPERATION_FAILED
        assert "Active console session exists for this domain" in message
        with Virsh(host, "busy") as second:
            assert second.status() != 0
            assert "Active console session exists" in second.text
        with Virsh(host, "busy", "--force") as third:
            third.until("name=busy ")
            first.status()  # it cannot be told that it only watches, and is closed
            third.type("mine-now\r")
            third.until("mine-now")
            assert third.leave() == 0
    with Stream(domain) as fourth:
        fourth.until("mine-now")


def test_a_console_goes_on_over_a_reboot(host, conn, events):
    domain = started(host, conn, "again", words="reboot-after=3" if host.patience < 60 else "reboot-after=5")
    with Stream(domain) as viewer:
        viewer.wait(lambda: viewer.text.count(b"name=again ") >= 2, "a second boot", 3 * host.patience)
        assert not viewer.ended


def test_a_console_ends_with_its_domain(host, conn):
    domain = started(host, conn, "doomed")
    with Virsh(host, "doomed") as by_virsh:
        by_virsh.until("name=doomed ")
        domain.destroy()
        by_virsh.status()
    domain.create()
    with Stream(domain) as viewer:
        # Of the boot before nothing is shown.
        text = viewer.until("name=doomed ")
        assert text.count("name=doomed ") == 1
        domain.destroy()
        viewer.until_end()


def test_a_transient_domain_takes_its_console_along(host, conn):
    domain = conn.createXML(host.guest("passing"))
    with Stream(domain) as viewer:
        domain.destroy()
        viewer.until_end()
    assert code_of(Stream, domain)[0] == libvirt.VIR_ERR_NO_DOMAIN


@pytest.mark.ours
def test_a_domain_is_undefined_while_its_console_is_watched(host, conn):
    domain = started(host, conn, "gone")
    with Stream(domain) as viewer:
        viewer.until("name=gone ")
        domain.undefine()
        viewer.type("still-here\r")
        viewer.until("still-here")
        domain.destroy()
        viewer.until_end()


def test_bad_requests_are_refused_with_the_reason(host, conn):
    domain = conn.defineXML(host.guest("plain"))
    code, message = code_of(Stream, domain)
    assert code == libvirt.VIR_ERR_OPERATION_INVALID and "'plain' is not running" in message
    domain.create()
    code, message = code_of(Stream, domain, "serial7")
    assert code == libvirt.VIR_ERR_INVALID_ARG
    assert "'plain' has no console 'serial7' (it has: console0)" in message
    assert code_of(Stream, domain, None, 64)[0] == libvirt.VIR_ERR_INVALID_ARG
    channel = conn.newStream(0)
    code, message = code_of(domain.openChannel, "org.example", channel, 0)
    assert code == libvirt.VIR_ERR_INVALID_ARG and "has no channel 'org.example'" in message
    with host.connect_read_only() as reader:
        code, _ = code_of(Stream, reader.lookupByName("plain"))
        assert code in (libvirt.VIR_ERR_OPERATION_DENIED, libvirt.VIR_ERR_OPERATION_INVALID)


@pytest.mark.simulated
def test_the_input_of_a_paused_guest_waits(host, conn):
    domain = started(host, conn, "held")
    with Stream(domain) as viewer:
        viewer.until("# ")
        domain.suspend()
        viewer.type("patience\r")
        time.sleep(0.2)
        while viewer.read_some():
            pass
        assert b"patience" not in viewer.text
        domain.resume()
        viewer.until("patience")


@pytest.mark.simulated
def test_a_tty_that_comes_late_is_served_when_it_comes(host, conn):
    domain = started(host, conn, "late", words="late-tty=1")
    with Stream(domain) as viewer:
        viewer.until("name=late ")
        viewer.type("well\r")
        viewer.until("well")


@pytest.mark.simulated
@pytest.mark.parametrize("start", [0, Watcher.RECENT])
def test_who_watches_since_a_moment_sees_nothing_that_came_before(host, conn, start):
    domain = started(host, conn, "since")
    with Stream(domain) as viewer:
        viewer.until("# ")
        time.sleep(0.1)
        moment = int(time.time() * 1000)
        viewer.type("later\r")
        viewer.until("later")
    with Wire(host.socket) as wire:
        text = Watcher(wire, "since", start=start, since=moment).until(lambda text: b"later" in text)
        assert b"name=since " not in text


def lines_of(text):
    return [int(number) for number in re.findall(rb"flood (\d{12})\r\n", text)]


@pytest.mark.simulated
def test_a_flood_reaches_a_prompt_viewer_whole(host, conn):
    domain = started(host, conn, "flood", words="console-flood=4000000")
    with Stream(domain) as viewer:
        viewer.wait(lambda: len(viewer.text) > 2_000_000, "2 MB", 60)
        numbers = lines_of(viewer.text)
        assert b"missing" not in viewer.text
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.mark.simulated
def test_a_viewer_that_does_not_read_delays_nobody_and_is_told_what_it_missed(host, conn):
    started(host, conn, "slow", words="console-flood=4000000")
    log = host.root / "var/log/virtlight/consoles/slow/console0.log"
    with Wire(host.socket) as wire:
        viewer = RawStream(wire, "slow")
        wait_until(lambda: log.exists() and log.stat().st_size > 2_000_000, 60, "the guest goes on")
        begun = time.monotonic()
        conn.listAllDomains()
        assert time.monotonic() - begun < 5
        text = b""
        while not re.search(rb"--- \d+ bytes of the console are missing here ---", text):
            text += viewer.receive()[1]


@pytest.mark.simulated
def test_twenty_viewers_see_every_byte_whatever_a_slow_one_and_a_dead_one_do(host, conn):
    started(host, conn, "crowd", words="console-flood=500000")
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(host.socket)) for _ in range(22)]
        slow, dead, *prompt = [Watcher(wire, "crowd") for wire in wires]
        dead.wire.socket.close()
        seen = []

        def watch(viewer):
            seen.append(viewer.until(lambda text: len(text) > 1_000_000))

        threads = [threading.Thread(target=watch, args=[viewer]) for viewer in prompt]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 20
        for text in seen:
            assert text.startswith(b"simulated guest:")
            numbers = lines_of(text)
            assert numbers == list(range(1, len(numbers) + 1)) and b"missing" not in text
        assert b"name=crowd " in slow.receive()[1]


@pytest.mark.simulated
def test_one_writes_and_the_others_watch(host, conn):
    started(host, conn, "shared")
    with Wire(host.socket) as one, Wire(host.socket) as two, Wire(host.socket) as three:
        writer = Watcher(one, "shared", Watcher.WRITE)
        viewer = Watcher(two, "shared", Watcher.WRITE_IF_FREE)
        viewer.send(b"nobody hears this\r")
        writer.send(b"first\r")
        viewer.until(lambda text: b"first" in text)
        successor = Watcher(three, "shared", Watcher.FORCE)
        told = writer.until(lambda text: b"writes to the console now" in text)
        assert b"first" in told
        successor.send(b"second\r")
        for each in (writer, viewer):
            text = each.until(lambda text: b"second" in text)
            assert b"nobody hears this" not in text


@pytest.mark.simulated
def test_a_viewer_that_vanishes_leaves_the_console_free(host, conn):
    domain = started(host, conn, "dead")
    with Wire(host.socket) as wire:
        RawStream(wire, "dead")
    wait_until(lambda: opens(domain), 10, "the console of a viewer that is gone")


def opens(domain):
    try:
        with Stream(domain):
            return True
    except libvirt.libvirtError:
        return False


@pytest.mark.simulated
def test_a_viewer_that_sends_without_end_loses_its_stream_and_nothing_else(host, conn):
    domain = started(host, conn, "deluge")
    domain.suspend()
    with Wire(host.socket) as wire:
        viewer = RawStream(wire, "deluge")
        for _ in range(40):
            viewer.send(b"x" * 32768)
        status, payload = viewer.receive()
        while status == RawStream.CONTINUED:
            status, payload = viewer.receive()
        assert status == wire.ERROR and "does not take its input" in wire.error(payload)[1]
        # The connection goes on:
        assert wire.call(Wire.AUTH_LIST)[3] == wire.OK
    domain.resume()
    with Stream(domain) as after:
        after.until("# ")


@pytest.mark.simulated
def test_what_nobody_watched_is_in_the_log(host, conn):
    started(host, conn, "logged")
    log = host.root / "var/log/virtlight/consoles/logged/console0.log"
    line = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z simulated guest: .*name=logged", re.MULTILINE)
    wait_until(lambda: log.exists() and line.search(log.read_text()), 10, "the guest's first line in the log")


@pytest.mark.simulated
def test_a_history_is_kept_for_the_next_start_and_goes_with_its_domain(own_host):
    histories = own_host.root / "var/lib/virtlight/consoles"
    with own_host.connect() as conn:
        domain = started(own_host, conn, "kept")
        with Stream(domain) as viewer:
            viewer.until("# ")
        kept = histories / f"{domain.UUIDString()}.console0"
    own_host.stop()
    assert b"name=kept " in kept.read_bytes()
    own_host.start()
    with own_host.connect() as conn:
        conn.lookupByName("kept").undefine()
    wait_until(lambda: not kept.exists(), 10, "the history of an undefined domain is removed")


@pytest.mark.simulated
def test_how_much_a_viewer_sees_first_is_configured(own_host):
    own_host.stop()
    configuration = own_host.root / "etc/virtlight/virtlightd.toml"
    configuration.parent.mkdir(parents=True)
    configuration.write_text('console_recent = "0"\n')
    own_host.start()
    with own_host.connect() as conn:
        domain = started(own_host, conn, "short")
        with Wire(own_host.socket) as wire:
            Watcher(wire, "short").until(lambda text: b"# " in text)
        with Stream(domain) as viewer:
            viewer.type("only-what-comes\r")
            assert "name=short" not in viewer.until("only-what-comes")


@pytest.mark.simulated
def test_virtlight_lists_consoles_with_their_viewers(host, conn, daemon_folder):
    domain = started(host, conn, "listed")
    with Stream(domain) as viewer:
        viewer.until("# ")
        (console,) = json.loads(virtlight(host, daemon_folder, "consoles", "--json"))
        assert (console["domain"], console["console"], console["attached"]) == ("listed", "console0", True)
        assert [viewer["writes"] for viewer in console["viewers"]] == [True]
        (boot,) = console["boots"]
        assert boot["number"] == 1 and boot["to"] - boot["from"] == len(viewer.text)
    assert "listed " in virtlight(host, daemon_folder, "consoles")


@pytest.mark.simulated
def test_virtlight_logs_shows_each_boot_also_of_a_guest_that_is_off(host, conn, daemon_folder):
    domain = started(host, conn, "twice")
    with Stream(domain) as viewer:
        viewer.until("# ")
    domain.destroy()
    domain.create()
    with Stream(domain) as viewer:
        viewer.until("# ")
    domain.destroy()
    both = virtlight(host, daemon_folder, "logs", "twice")
    assert both.count("name=twice ") == 2
    first = virtlight(host, daemon_folder, "logs", "twice", "--boot", "1")
    second = virtlight(host, daemon_folder, "logs", "twice", "--boot", "2")
    assert first != second and first + second == both
    assert virtlight(host, daemon_folder, "logs", domain.UUIDString(), "--since", "1h") == both
    assert "no boot 3" in virtlight(host, daemon_folder, "logs", "twice", "--boot", "3", status=1)
    assert "is no time" in virtlight(host, daemon_folder, "logs", "twice", "--since", "soon", status=2)
    assert "no domain" in virtlight(host, daemon_folder, "logs", "nobody", status=1)


@pytest.mark.simulated
def test_virtlight_logs_follows_until_the_guest_stops(host, conn, daemon_folder):
    domain = started(host, conn, "followed")
    follower = subprocess.Popen([daemon_folder / "virtlight", "--connect", host.uri, "logs", "-f", "followed"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)
    begun = follower.stdout.read(1)  # the guest is not to end before somebody follows it
    with Stream(domain) as viewer:
        viewer.until("# ")
        viewer.type("marker\r")
        viewer.until("marker")
    domain.destroy()
    text = begun + follower.communicate(timeout=60)[0]
    assert follower.returncode == 0 and b"name=followed " in text and b"marker" in text


@pytest.mark.simulated
def test_virtlight_console_types_and_watches(host, conn, daemon_folder):
    started(host, conn, "typed")
    program = [daemon_folder / "virtlight", "--connect", host.uri, "console", "typed"]
    with Terminal(program) as writer, Terminal([*program, "--view"]) as viewer:
        writer.until("# ")
        viewer.until("# ")
        viewer.type("unheard\r")
        writer.type("heard\r")
        viewer.until("heard\r\n# ")
        assert "unheard" not in writer.until("heard\r\n# ")
        assert writer.leave() == 0 and viewer.leave() == 0
    conn.defineXML(host.guest("off"))
    assert "not running" in virtlight(host, daemon_folder, "console", "off", status=1)


@pytest.mark.simulated
def test_a_person_is_told_how_to_leave_a_console_and_leaves_on_a_line_of_their_own(host, conn, daemon_folder):
    started(host, conn, "visited")
    program = [daemon_folder / "virtlight", "--connect", host.uri, "console", "visited"]
    with Terminal(program) as terminal:
        assert terminal.until("# ").startswith("Ctrl-] leaves the console.\r\n")
        assert terminal.leave() == 0 and terminal.text.endswith("# \r\n")
    answer = subprocess.run([*program, "--write"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0 and answer.stderr == ""


@pytest.mark.ours
def test_who_watches_a_released_console_is_told_so_and_how_it_is_read_again(host, conn, daemon_folder):
    domain = started(host, conn, "lent-out")
    with Stream(domain) as there:
        there.until("# ")
        virtlight(host, daemon_folder, "release", "lent-out")
        there.until("released for another program; 'virtlight retake lent-out' has it read again")
        with Terminal([daemon_folder / "virtlight", "--connect", host.uri, "console", "lent-out"]) as late:
            late.until("'virtlight retake lent-out' has it read again")
            virtlight(host, daemon_folder, "retake", "lent-out")
            late.until("the console is read again")
            assert late.leave() == 0
        there.until("the console is read again")


@pytest.mark.simulated
def test_a_program_that_has_a_console_is_named_in_the_log_and_to_who_wants_it_back(own_host, daemon_folder):
    with own_host.connect() as conn, (own_host.root / "run/xenconsole.1").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started(own_host, conn, "shared")
        we = f"({os.getpid()})"
        wait_until(lambda: we in own_host.log.read_text(), 10, "who has the console")
        virtlight(own_host, daemon_folder, "release", "shared")
        assert we in virtlight(own_host, daemon_folder, "retake", "shared", status=1)


@pytest.mark.ours
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_is_as_before_when_a_signal_ends_virtlight_console(host, conn, daemon_folder, end):
    started(host, conn, "cut-short")
    local_flags = 3
    with Terminal([daemon_folder / "virtlight", "--connect", host.uri, "console", "cut-short"]) as terminal:
        before = termios.tcgetattr(terminal.master)
        terminal.until("name=cut-short ")
        wait_until(lambda: not termios.tcgetattr(terminal.master)[local_flags] & termios.ICANON, 10, "a raw terminal")
        terminal.process.send_signal(end)
        assert terminal.status() == -end
        assert termios.tcgetattr(terminal.master) == before


@pytest.mark.ours
def test_who_only_watches_needs_no_input(host, conn, daemon_folder):
    domain = started(host, conn, "unasked")
    watching = subprocess.Popen(
        [daemon_folder / "virtlight", "--connect", host.uri, "console", "--view", "unasked"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: '"viewers":[{' in virtlight(host, daemon_folder, "consoles", "--json"), host.patience, "a viewer")
    with Stream(domain) as writer:
        writer.until("# ")
        writer.type("seen-by-all\r")
        writer.until("seen-by-all")
    domain.destroy()
    text, _ = watching.communicate(timeout=60)
    assert watching.returncode == 0 and "seen-by-all" in text


def test_who_types_into_a_console_ends_with_the_input(host, conn, daemon_folder):
    started(host, conn, "told")
    virtlight(host, daemon_folder, "console", "--write", "told")


def numbered_lines():
    """64 KiB of them, and what is to be found of each."""
    numbers = [f"line {number:06}" for number in range(65536 // 12)]
    return "\n".join(numbers) + "\n", numbers


def numbers_in_history(host, daemon_folder, name):
    return re.findall(r"line \d{6}", virtlight(host, daemon_folder, "logs", name))


@pytest.mark.simulated
def test_a_file_that_is_typed_into_a_console_arrives_whole(host, conn, daemon_folder):
    started(host, conn, "reads")
    text, numbers = numbered_lines()
    virtlight(host, daemon_folder, "console", "--write", "reads", typed=text)
    wait_until(lambda: numbers_in_history(host, daemon_folder, "reads")[-1:] == numbers[-1:], 30, "the last line")
    assert numbers_in_history(host, daemon_folder, "reads") == numbers


@pytest.mark.simulated
def test_no_byte_of_a_file_ends_its_typing(host, conn, daemon_folder):
    started(host, conn, "every-byte")
    virtlight(host, daemon_folder, "console", "--write", "every-byte", typed="line 000001\n\x1d\nline 000002\n")
    wait_until(lambda: "line 000002" in virtlight(host, daemon_folder, "logs", "every-byte"), 30, "the last line")


@pytest.mark.simulated
def test_who_types_a_line_waits_until_a_paused_guest_takes_it(host, conn, daemon_folder):
    domain = started(host, conn, "naps")
    with Stream(domain) as viewer:
        viewer.until("# ")
    domain.suspend()
    typing = subprocess.Popen([daemon_folder / "virtlight", "--connect", host.uri, "console", "--write", "naps"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    typing.stdin.write("line 000001\n")
    typing.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        typing.wait(1)
    domain.resume()
    assert typing.wait(60) == 0
    wait_until(lambda: "line 000001" in virtlight(host, daemon_folder, "logs", "naps"), 30, "the line")


@pytest.mark.simulated
def test_who_leaves_a_console_does_not_wait_until_a_paused_guest_takes_what_was_typed(host, conn):
    domain = started(host, conn, "left")
    with Virsh(host, "left") as viewer:
        viewer.until("# ")
        domain.suspend()
        viewer.type("patience\r")
        time.sleep(0.5)  # virsh takes the key only where it comes alone
        assert viewer.leave() == 0


@pytest.mark.simulated
def test_who_types_a_file_waits_until_a_paused_guest_takes_it(host, conn, daemon_folder):
    domain = started(host, conn, "rests")
    with Stream(domain) as viewer:
        viewer.until("# ")
    domain.suspend()
    text, numbers = numbered_lines()
    typing = subprocess.Popen([daemon_folder / "virtlight", "--connect", host.uri, "console", "--write", "rests"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    typing.stdin.write(text)
    typing.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        typing.wait(1)
    domain.resume()
    assert typing.wait(60) == 0
    wait_until(lambda: numbers_in_history(host, daemon_folder, "rests")[-1:] == numbers[-1:], 30, "the last line")
    assert numbers_in_history(host, daemon_folder, "rests") == numbers
