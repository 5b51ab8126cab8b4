# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is written for users has every command, option, setting and operation that there is, and no other."""

import re

from conftest import ROOT

COMMAND_PAGE = (ROOT / "docs/virtlight.1.scd").read_text()
DAEMON_PAGE = (ROOT / "docs/virtlightd.8.scd").read_text()


def code(path):
    return (ROOT / "src" / path).read_text()


def options_in(text):
    return set(re.findall(r'"(--[a-z-]+)[,"]', text))


def options_of(page):
    return set(re.findall(r"\*(--[a-z-]+)\*", page)) - {"--help", "--version"}


def test_each_command_of_virtlight_is_in_its_man_page():
    section = COMMAND_PAGE.split("# COMMANDS")[1].split("\n# ")[0]
    described = re.findall(r"^\*([a-z-]+)\*", section, re.MULTILINE)
    assert described == re.findall(r'^    \{"([a-z-]+)",', code("cli/command_table.cpp"), re.MULTILINE)


def test_each_option_of_virtlight_is_in_its_man_page():
    table, main = code("cli/command_table.cpp"), code("cli/main.cpp")
    assert options_of(COMMAND_PAGE) == (options_in(table) | options_in(main)) - {"--version"}


def test_the_json_of_each_command_is_in_the_man_page_but_that_of_console_which_has_none():
    section = COMMAND_PAGE.split("# JSON")[1].split("\n# ")[0]
    described = [name for line in re.findall(r"^\*.*", section, re.MULTILINE) for name in re.findall(r"\*([a-z-]+)\*", line)]
    commands = re.findall(r'^    \{"([a-z-]+)",', code("cli/command_table.cpp"), re.MULTILINE)
    assert sorted([*described, "console"]) == commands


def test_each_option_and_setting_of_virtlightd_is_in_its_man_page():
    settings = code("daemon/settings.cpp")
    assert options_of(DAEMON_PAGE) == options_in(settings) - {"--version"}
    section = DAEMON_PAGE.split("# CONFIGURATION")[1].split("\n# ")[0]
    assert re.findall(r"\*([a-z_]+)\* =", section) != []
    assert set(re.findall(r"\*([a-z_]+)\* =", section)) == set(re.findall(r'^    \{"([a-z_]+)",$', settings, re.MULTILINE))


def test_each_phase_of_a_job_is_in_the_man_page():
    phases = re.findall(r'return "(\w[^"]*)";', code("hypervisor/stage.hpp"))
    text = " ".join(COMMAND_PAGE.split())
    assert phases != [] and [phase for phase in phases if f'"{phase}"' not in text] == []


def test_each_word_of_a_simulated_guest_is_in_the_readme():
    told = re.findall(r"^\| `sim:([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert told != [] and sorted(told) == sorted(re.findall(r'name == "([a-z-]+)"', code("simulated/behaviour.cpp")))


def in_seconds(limit):
    """Of a name in limits.hpp: a number of seconds or minutes, or the sum of two other names."""
    value = re.search(rf"constexpr auto {limit} = ([^;]+);", code("base/limits.hpp"))[1]
    if found := re.fullmatch(r"(?:std::chrono::)?(seconds|minutes)\((\d+)\)", value):
        return int(found[2]) * {"seconds": 1, "minutes": 60}[found[1]]
    return sum(in_seconds(part) for part in value.split(" + "))


def test_each_operation_is_told_with_its_bound():
    rows = re.findall(r"\{\w+, \{\"([^\"]+)\", (\w+), ", code("manager/job_queue.cpp"))
    lines = (ROOT / "docs/timeline.md").read_text().split("| operation | given up after |")[1].split("\n\n")[0].splitlines()
    assert len(rows) > 30
    untold = [(verb, bound) for verb, bound in rows
              if not any(f"`{verb}`" in line and f"{in_seconds(bound)} s" in line for line in lines)]
    assert untold == []
    assert {verb for line in lines for verb in re.findall("`([^`]+)`", line)} == {verb for verb, _ in rows}
