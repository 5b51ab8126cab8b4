# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all of `virtlight` has in common: JSON, help, colour, times; and what it says of consoles' histories."""

import datetime
import json
import re
import subprocess
import time

import pytest
from command import virtlight
from consoles import Stream, Terminal
from hosts import wait_until

pytestmark = pytest.mark.simulated

COMMANDS = ["console", "consoles", "import", "list", "logs", "release", "retake", "version", "wait-ready"]
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
    assert kinds == ["boot", "save", "boot", "restore", "shutdown"]
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


def test_people_see_marks_and_programs_do_not_unless_they_ask(host, conn, daemon_folder):
    started(host, conn, "seen")
    program = [daemon_folder / "virtlight", "--connect", host.uri, "logs", "seen"]
    with Terminal(program) as terminal:
        assert terminal.status() == 0 and MARK.search(terminal.text)
    with Terminal([*program, "--no-marks"]) as terminal:
        assert terminal.status() == 0 and "---" not in terminal.text and "name=seen " in terminal.text


def test_each_command_answers_in_json(host, conn, run, tmp_path):
    started(host, conn, "spoken")
    assert [domain["state"] for domain in json.loads(run("list", "--json")) if domain["name"] == "spoken"] == ["running"]
    assert json.loads(run("version", "--json"))["xen"]
    assert json.loads(run("wait-ready", "--json")) == {"ready": True}
    assert json.loads(run("release", "spoken", "--json"))["consoles"] == "released"
    assert json.loads(run("retake", "spoken", "--json"))["consoles"] == "retaken"
    file = tmp_path / "new.cfg"
    file.write_text(f"name = 'new'\nkernel = '{host.kernel}'\nmemory = 64\n")
    assert json.loads(run("import", str(file), "--json"))["uuid"] == conn.lookupByName("new").UUIDString()

    first, *lines = [json.loads(line) for line in run("logs", "spoken", "--json").splitlines()]
    assert (first["domain"], first["console"]) == ("spoken", "console0") and first["boots"] and first["marks"]
    assert any("name=spoken " in line["text"] for line in lines)
    assert not any("\r" in line["text"] for line in lines)


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


def test_errors_are_json_too(run):
    error = json.loads(run("logs", "nobody", "--json", status=1))
    assert "nobody" in error["error"] and error["reason"] == "no such domain"
    assert json.loads(run("list", "--json", "--nonsense", status=2))["reason"] == "invalid argument"
    assert json.loads(run("console", "any", "--json", status=2))["reason"] == "invalid argument"
    assert run("logs", "nobody", status=1).startswith("virtlight: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples_of_its_own(run, command):
    text = run(command, "--help")
    examples = text.split("Examples:")[1]
    assert f"virtlight {command}" in examples or f"{command} " in examples
    assert f"\n  {command} " in run("--help")


def test_no_word_at_all_is_a_mistake(run):
    assert "subcommand is required" in run(status=2)


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
