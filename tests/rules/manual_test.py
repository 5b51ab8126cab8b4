# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages have every command, option and setting that there is, and no other."""

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
