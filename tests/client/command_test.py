# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all of `virtlight` has in common: JSON, help, colour, times; and what it says of consoles' histories."""

import datetime
import json
import os
import re
import signal
import subprocess
import time

import pytest
from command import virtlight
from consoles import Stream, Terminal
from hosts import wait_until
from save_test import in_background

pytestmark = pytest.mark.simulated

COMMANDS = ["console", "consoles", "import", "jobs", "list", "logs", "release", "retake", "version", "wait-off",
            "wait-ready"]
MARK = re.compile(r"^--- (\w+) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ---\r*$", re.MULTILINE)


@pytest.fixture
def run(host, daemon_folder):
    return lambda *words, status=0: virtlight(host, daemon_folder, *words, status=status)


def started(host, conn, name):
    domain = conn.defineXML(host.guest(name))
    domain.create()
    with Stream(domain) as viewer:
        viewer.until("# ")
    return domain


def test_what_happened_to_a_guest_stands_between_its_words(host, conn, run):
    domain = started(host, conn, "marked")
    domain.managedSave()
    domain.create()
    domain.destroy()
    (console,) = json.loads(run("consoles", "--json"))
    kinds = [mark["kind"] for mark in console["marks"] if mark["kind"] != "gone"]
    assert kinds == ["boot", "save", "restore", "shutdown"]
    assert [mark["at"] for mark in console["marks"]] == sorted(mark["at"] for mark in console["marks"])
    assert abs(console["marks"][0]["time_ms"] / 1000 - time.time()) < 120

    told = run("logs", "marked", "--marks")
    assert [kind for kind, _ in MARK.findall(told)] == kinds
    assert told.index("--- boot") < told.index("name=marked ") < told.index("--- save")
    plain = run("logs", "marked")
    assert "---" not in plain and plain == run("logs", "marked", "--no-marks")


def test_the_marks_of_one_boot_are_those_of_that_boot(host, conn, run):
    domain = started(host, conn, "twice")
    domain.destroy()
    domain.create()
    with Stream(domain) as viewer:
        viewer.until("# ")
    for boot, kinds in (("1", ["boot", "shutdown"]), ("2", ["boot"])):
        told = run("logs", "twice", "--boot", boot, "--marks")
        assert [kind for kind, _ in MARK.findall(told)] == kinds
        assert told.startswith("--- boot ") and "name=twice " in told


def test_one_who_follows_is_told_what_happens(host, conn, daemon_folder):
    domain = started(host, conn, "followed")
    follower = subprocess.Popen(
        [daemon_folder / "virtlight", "--connect", host.uri, "logs", "--follow", "--marks", "followed"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: '"viewers":[{' in virtlight(host, daemon_folder, "consoles", "--json"), 10, "a viewer")
    domain.destroy()
    text, _ = follower.communicate(timeout=60)
    assert [kind for kind, _ in MARK.findall(text)] == ["boot", "shutdown"]


def test_one_who_follows_is_told_what_helps_when_the_daemon_ends(own_host, daemon_folder):
    with own_host.connect() as conn:
        started(own_host, conn, "followed")
        follower = subprocess.Popen([daemon_folder / "virtlight", "--connect", own_host.uri, "logs", "--follow", "followed"],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        assert follower.stdout.read(1)
    own_host.kill()
    _, complaint = follower.communicate(timeout=60)
    assert follower.returncode == 1 and b"is lost" in complaint and b"'virtlight wait-ready'" in complaint


@pytest.mark.parametrize("words", [["logs", "--follow"], ["console", "--view"]])
def test_one_who_follows_a_silent_guest_ends_when_nobody_reads_any_more(host, conn, daemon_folder, words):
    started(host, conn, "silent")
    follower = subprocess.Popen([daemon_folder / "virtlight", "--connect", host.uri, *words, "silent"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)
    text = b""
    while not text.endswith(b"# "):  # the guest waits for somebody to type, and says no more
        text += (more := follower.stdout.read(4096))
        assert more, text
    follower.stdout.close()
    assert follower.wait(timeout=30) == -signal.SIGPIPE


def test_people_see_marks_and_programs_do_not_unless_they_ask(host, conn, daemon_folder):
    started(host, conn, "seen")
    program = [daemon_folder / "virtlight", "--connect", host.uri, "logs", "seen"]
    with Terminal(program) as terminal:
        assert terminal.status() == 0 and MARK.search(terminal.text)
    with Terminal([*program, "--no-marks"]) as terminal:
        assert terminal.status() == 0 and "---" not in terminal.text and "name=seen " in terminal.text
        assert terminal.text.endswith("# \r\n")  # so that the shell's prompt is not behind the guest's


def test_what_a_guest_has_written_does_not_act_on_the_terminal_of_who_reads_it(host, conn, run, daemon_folder):
    domain = started(host, conn, "artful")
    with Stream(domain) as viewer:
        viewer.type("\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[6n\u009b6n10%\rdone\r")
        viewer.until("done\r\n# ")
    program = [daemon_folder / "virtlight", "--connect", host.uri, "logs", "artful"]
    for words in ([], ["--no-marks"]):
        with Terminal([*program, *words]) as terminal:
            assert terminal.status() == 0
            assert "# red 10%\r\n# done\r\n# " in terminal.text
            assert "\x1b" not in terminal.text and "\u009b" not in terminal.text
    piped = subprocess.run(program, capture_output=True, timeout=60, check=True).stdout
    said = "\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[6n\u009b6n10%"
    assert f"{said}\r\n".encode() in piped
    in_json = run("logs", "artful", "--json")
    assert in_json.isascii() and any(said in json.loads(line).get("text", "") for line in in_json.splitlines())


def test_each_command_answers_in_json(host, conn, run, tmp_path):
    started(host, conn, "spoken")
    assert [domain["state"] for domain in json.loads(run("list", "--json")) if domain["name"] == "spoken"] == ["running"]
    versions = json.loads(run("version", "--json"))
    assert versions["xen"] and versions["virtlightd"] == versions["virtlight"]
    assert json.loads(run("wait-ready", "--json")) == {"ready": True}
    assert json.loads(run("release", "spoken", "--json"))["consoles"] == "released"
    assert json.loads(run("retake", "spoken", "--json"))["consoles"] == "retaken"
    file = tmp_path / "new.cfg"
    file.write_text(f"name = 'new'\nkernel = '{host.kernel}'\nmemory = 64\n")
    assert json.loads(run("import", str(file), "--json"))["uuid"] == conn.lookupByName("new").UUIDString()

    for name in ("newer", "newest"):
        file.write_text(f"name = '{name}'\nkernel = '{host.kernel}'\nmemory = 64\non_crash = 'restart'\n")
        told = run("import", str(file), *(["--json"] if name == "newer" else []))
        assert "line 4: 'on_watchdog' is missing" in (json.loads(told)["remarks"][0] if name == "newer" else told)

    first, *lines = [json.loads(line) for line in run("logs", "spoken", "--json").splitlines()]
    assert (first["domain"], first["console"]) == ("spoken", "console0") and first["boots"] and first["marks"]
    assert any("name=spoken " in line["text"] for line in lines)
    assert not any("\r" in line["text"] for line in lines)


def test_a_list_tells_what_domains_have_and_have_used(host, conn, run):
    domain = started(host, conn, "busy")
    conn.defineXML(host.guest("idle", memory_mib=96))
    told = {one["name"]: one for one in json.loads(run("list", "--json"))}
    busy, idle = told["busy"], told["idle"]
    assert (busy["domid"], busy["memory_kib"], busy["vcpus"]) == (domain.ID(), domain.info()[2], 1)
    assert 0 <= busy["cpu_time_ms"] <= domain.info()[4] / 1e6 and "Domain-0" in told
    assert (idle["state"], idle["memory_kib"], idle["vcpus"]) == ("shut off", 96 * 1024, 1)
    assert "domid" not in idle and "cpu_time_ms" not in idle
    table = run("list")
    assert re.search(rf"^ *{domain.ID()}  busy +running +128 MiB +1 +\d+\.\d s$", table, re.M)
    assert re.search(r"^ +-  idle +shut off +96 MiB +1 +-$", table, re.M)


def test_a_domain_is_named_by_its_domid_too(host, conn, run):
    domain = started(host, conn, "numbered")
    conn.defineXML(host.guest("idle"))
    domid = str(domain.ID())
    assert run("logs", domid, "--no-marks") == run("logs", "numbered", "--no-marks")
    assert f"domain '{domid}' is running" in run("wait-off", domid, "--for", "0.1", status=1)
    for command in ("list", "consoles"):
        for name in (domid, "numbered", domain.UUIDString()):
            (told,) = json.loads(run(command, name, "--json"))
            assert told["uuid"] == domain.UUIDString()
    assert [one["name"] for one in json.loads(run("list", "idle", "--json"))] == ["idle"]
    assert json.loads(run("jobs", domid, "--json")) == []


def test_a_number_is_a_domid_before_it_is_a_name(host, conn, run):
    domain = started(host, conn, "counted")
    conn.defineXML(host.guest(str(domain.ID())))
    conn.defineXML(host.guest("30000"))
    for number, name in ((str(domain.ID()), "counted"), ("30000", "30000")):
        assert [one["name"] for one in json.loads(run("list", number, "--json"))] == [name]


@pytest.mark.parametrize("command", ["list", "consoles", "jobs"])
def test_a_domain_that_there_is_not_is_no_empty_list(run, command):
    assert "no domain with domid or name '31000'" in run(command, "31000", status=1)
    for unknown in ("nobody", "12345678-1234-1234-1234-123456789abc"):
        assert f"'{unknown}'" in run(command, unknown, status=1)


def test_jobs_of_one_domain_are_told_alone(host, conn, run):
    stuck = [conn.createXML(host.guest(name, words="frozen")) for name in ("stuck1", "stuck2")]
    threads = [in_background(domain.shutdown)[0] for domain in stuck]
    wait_until(lambda: len(json.loads(run("jobs", "--json"))) == 2, 10, "both jobs")
    assert [job["domain"] for job in json.loads(run("jobs", "stuck2", "--json"))] == ["stuck2"]
    for domain in stuck:
        domain.destroy()
    for thread in threads:
        thread.join(timeout=host.patience)


def test_one_who_waits_for_a_domain_returns_when_it_is_off(host, conn, run):
    domain = started(host, conn, "leaving")
    told = []
    thread, _ = in_background(lambda: told.append(json.loads(run("wait-off", "leaving", "--json"))))
    complaint = run("wait-off", "leaving", "--for", "0.3", status=1)
    assert "domain 'leaving' is running, and not shut off within 0.3 s" in complaint and told == []
    domain.shutdown()
    thread.join(timeout=30)
    assert told == [{"off": True}] and not domain.isActive()
    assert run("wait-off", domain.UUIDString()) == ""
    domain.undefine()
    for unknown in ("leaving", domain.UUIDString()):
        assert "no domain" in run("wait-off", unknown, status=1).lower()


def waiting_for(host, conn, daemon_folder, name, *words):
    """A guest that runs, and a `virtlight wait-off` of it, which is connected."""
    started(host, conn, name)
    before = host.open_files()
    waiting = subprocess.Popen([daemon_folder / "virtlight", "--connect", host.uri, "wait-off", name, *words],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: host.open_files() > before, 10, "who waits")
    return waiting


def test_one_who_waits_for_a_domain_goes_on_when_the_daemon_is_started_anew(own_host, daemon_folder):
    with own_host.connect() as conn:
        waiting = waiting_for(own_host, conn, daemon_folder, "outlived")
        assert own_host.virsh("domstate", "outlived") == "running"
    own_host.kill()  # and with it, as it is a simulated one, its guest
    own_host.start()
    _, complaint = waiting.communicate(timeout=60)
    assert (waiting.returncode, complaint) == (0, "")


def test_one_who_waits_for_a_domain_waits_little_longer_for_a_daemon_that_hangs(own_host, daemon_folder):
    with own_host.connect() as conn:
        waiting = waiting_for(own_host, conn, daemon_folder, "unheard", "--for", "2")
    own_host.process.send_signal(signal.SIGSTOP)
    try:
        _, complaint = waiting.communicate(timeout=60)
        assert waiting.returncode == 1 and "the daemon does not answer" in complaint
    finally:
        own_host.kill()  # what it was in the midst of would be a stall


def test_consoles_tell_their_domid_and_whether_they_are_released(host, conn, run):
    domain = started(host, conn, "lent")
    (console,) = json.loads(run("consoles", "--json"))
    assert (console["domid"], console["attached"], console["released"]) == (domain.ID(), True, False)
    assert re.search(rf"^lent +{domain.ID()} +console0 +read ", run("consoles"), re.M)
    run("release", "lent")
    (console,) = json.loads(run("consoles", "--json"))
    assert (console["domid"], console["attached"], console["released"]) == (domain.ID(), False, True)
    assert re.search(rf"^lent +{domain.ID()} +console0 +released ", run("consoles"), re.M)
    domain.destroy()
    (console,) = json.loads(run("consoles", "--json"))
    assert "domid" not in console and not console["released"]
    assert re.search(r"^lent +- +console0 +- ", run("consoles"), re.M)


def test_what_is_being_done_to_a_guest_is_told_with_who_asked_for_it_and_what_it_waits_for(host, conn, run):
    domain = conn.createXML(host.guest("stuck", words="frozen"))
    thread, _ = in_background(domain.shutdown)
    (job,) = wait_until(lambda: json.loads(run("jobs", "--json")), 10, "the job")
    assert (job["domain"], job["uuid"], job["domid"]) == ("stuck", domain.UUIDString(), domain.ID())
    assert (job["operation"], job["phase"]) == ("shut down", "asking the guest")
    assert f"pid {os.getpid()} (" in job["client"] and job["running_ms"] >= 0 and 0 < job["left_ms"] <= 75_000
    assert re.search(rf"^ *{domain.ID()}  stuck +shut down +asking the guest +\d+ s +\d+ s +-  pid ", run("jobs"), re.M)
    domain.destroy()
    thread.join(timeout=host.patience)
    assert json.loads(run("jobs", "--json")) == [] and "stuck" not in run("jobs")


def test_errors_are_json_too(run):
    error = json.loads(run("logs", "nobody", "--json", status=1))
    assert "nobody" in error["error"] and error["reason"] == "no such domain"
    assert json.loads(run("list", "--json", "--nonsense", status=2))["reason"] == "invalid argument"
    assert json.loads(run("console", "any", "--json", status=2))["reason"] == "invalid argument"
    assert run("logs", "nobody", status=1).startswith("virtlight: ")


def test_an_error_about_a_file_whose_name_is_no_utf8_is_json(run):
    error = json.loads(run("import", os.fsdecode(b"/nowhere/\xff.cfg"), "--json", status=1))
    assert error["error"].startswith("cannot open '/nowhere/\ufffd.cfg'")


def test_what_the_daemon_refuses_is_no_mistake_in_the_words(host, conn, run, tmp_path):
    started(host, conn, "refusing")
    assert "no boot 99 of domain 'refusing' is kept (kept: 1 to 1)" in run("logs", "refusing", "--boot", "99", status=1)
    file = tmp_path / "bad.cfg"
    file.write_text("name = 'bad'\nwobble = 1\n")
    assert "line 2" in run("import", str(file), status=1)
    for words in (["logs", "refusing", "--since", "soon"], ["logs", "refusing", "--since", "2026-02-31"],
                  ["logs", "refusing", "--json", "--marks"],
                  ["wait-ready", "--for", "x"], ["--root", "/r", "list"]):
        assert run(*words, status=2)


def test_why_nothing_is_kept_is_told_alike_however_it_is_asked_for(host, conn, run):
    started(host, conn, "kept")
    conn.defineXML(host.guest("unused"))
    for words, why in ((["unused"], "'unused' has not run yet"), (["kept", "serial7"], "it has: console0"),
                       (["Domain-0"], "it is the host itself")):
        plain = run("logs", *words, status=1)
        assert why in plain and plain == run("logs", *words, "--boot", "1", status=1)
        assert plain == f"virtlight: {json.loads(run('logs', *words, '--json', status=1))['error']}\n"


@pytest.mark.parametrize("words", [["list"], ["version", "--json"], ["--help"], ["--version"]])
def test_what_cannot_be_written_is_not_done(host, daemon_folder, words):
    with open("/dev/full", "wb") as full:
        answer = subprocess.run([daemon_folder / "virtlight", "--connect", host.uri, *words], stdout=full,
                                stderr=subprocess.PIPE, text=True, timeout=60)
    assert answer.returncode == 1 and "No space left on device" in answer.stderr


def test_where_no_daemon_runs_the_error_says_so(daemon_folder, tmp_path):
    answer = subprocess.run([daemon_folder / "virtlight", "--root", tmp_path, "list"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert f"cannot connect to {tmp_path}/run/virtlightd.sock: No such file or directory; virtlightd does not run there" in answer.stderr


def test_a_daemon_that_does_not_answer_is_waited_for_as_long_as_was_said(own_host, daemon_folder):
    own_host.process.send_signal(signal.SIGSTOP)
    try:
        complaint = virtlight(own_host, daemon_folder, "wait-ready", "--for", "0.2", status=1)
        assert "no answer within 0.2 s" in complaint
    finally:
        own_host.kill()  # what it was in the midst of would be a stall


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples_of_its_own(run, command):
    text = run(command, "--help")
    examples = text.split("Examples:")[1]
    assert f"virtlight {command}" in examples or f"{command} " in examples
    assert f"\n  {command} " in run("--help")


def test_no_word_at_all_is_a_mistake(run):
    assert "subcommand is required" in run(status=2)


def test_a_root_that_is_empty_is_not_the_hosts_own_daemon(daemon_folder):
    answer = subprocess.run([daemon_folder / "virtlight", "--root", "", "list"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 2 and answer.stderr == "virtlight: --root '' is no folder: it is empty\n"


@pytest.mark.parametrize("number", ["-1", "0", "18446744073709551616", "last"])
def test_what_is_no_number_of_a_boot_is_a_mistake_in_the_words(run, number):
    assert f"'{number}' is no boot" in run("logs", "any", "--boot", number, status=2)


@pytest.mark.parametrize("command", [["wait-ready"], ["wait-off", "any"]])
@pytest.mark.parametrize("seconds", ["-1", "86401", "nan", "5m"])
def test_what_is_no_number_of_seconds_is_a_mistake_in_the_words(run, command, seconds):
    assert f"'{seconds}' is no number of seconds" in run(*command, f"--for={seconds}", status=2)


@pytest.mark.parametrize(("word", "helps"), [("start", "; what virsh does is done with virsh"), ("--jsn", "")])
def test_a_word_that_is_no_command_is_named(run, word, helps):
    complaint = f"'{word}' is neither a command nor an option{helps}"
    assert complaint in run(word, status=2)
    assert json.loads(run("--json", word, status=2))["error"] == complaint


def test_there_is_colour_on_a_terminal_only(host, conn, run, daemon_folder, monkeypatch):
    started(host, conn, "bright")
    program = [daemon_folder / "virtlight", "--connect", host.uri, "list"]

    def on_a_terminal():
        with Terminal(program) as terminal:
            assert terminal.status() == 0
            return terminal.text

    assert "\x1b" not in run("list")
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[32mrunning\x1b[0m" in on_a_terminal()
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in on_a_terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in on_a_terminal()


def test_a_log_can_begin_at_a_moment(host, conn, run):
    domain = started(host, conn, "timed")
    time.sleep(0.1)
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    with Stream(domain) as viewer:
        viewer.type("later\r")
        viewer.until("later")
    whole = run("logs", "timed")
    late = run("logs", "timed", "--since", moment)
    assert "name=timed " in whole and "name=timed " not in late and "later" in late
    assert run("logs", "timed", "--since", "2020-01-01") == whole
    assert run("logs", "timed", "--since", "2099-12-31T23:59Z") == ""
