# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bash completes of `virtlight`'s words."""

import pathlib
import subprocess

import pytest

pytestmark = pytest.mark.simulated

SCRIPT = pathlib.Path(__file__).parents[2] / "packaging" / "virtlight.bash"
COMPLETE = """
. "$1"
PATH=$2:$PATH COMP_LINE=$3 COMP_POINT=${#3}
_virtlight
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def completed(daemon_folder):
    def complete(line):
        words = ["bash", "-c", COMPLETE, "bash", SCRIPT, daemon_folder, line]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()

    return complete


def test_commands_and_options_are_those_of_the_help(completed):
    assert {"console", "logs", "wait-off"} <= set(completed("virtlight "))
    assert completed("virtlight wait-") == ["wait-off", "wait-ready"]
    assert completed("virtlight --con") == ["--connect"]
    assert completed("virtlight --json logs --f") == ["--follow"]
    assert completed("virtlight version ") == []


def test_domains_are_those_of_the_daemon_that_is_named(host, conn, completed):
    conn.defineXML(host.guest("web"))
    assert completed(f"virtlight -c {host.uri} wait-off we") == ["web"]
    assert completed("virtlight -c xen+unix:///system?socket=/nowhere logs we") == []


def test_a_name_is_completed_and_never_run(host, conn, completed, tmp_path):
    conn.defineXML(host.guest("two words"))
    conn.defineXML(host.guest(f"$(touch {tmp_path.name})"))
    known = completed(f"virtlight -c {host.uri} logs ")
    assert {r"\$\(touch\ " + tmp_path.name + r"\)", r"two\ words"} <= set(known)
    assert not pathlib.Path(tmp_path.name).exists()


def test_consoles_are_those_of_the_domain_before_them(host, conn, completed):
    conn.defineXML(host.guest("web")).create()
    assert completed(f"virtlight -c {host.uri} logs web ") == ["console0"]
    assert completed(f"virtlight -c {host.uri} release web ") == []


def test_the_value_of_an_option_is_neither_a_domain_nor_a_command(host, conn, completed, tmp_path):
    conn.defineXML(host.guest("web"))
    (tmp_path / "folder").mkdir()
    assert completed(f"virtlight -c {host.uri} logs --since ") == []
    assert completed(f"virtlight -c {host.uri} wait-off --for 60 we") == ["web"]
    assert completed(f"virtlight --root {tmp_path}/f") == [f"{tmp_path}/folder/"]


def test_files_are_completed_where_one_is_wanted(completed, tmp_path):
    (tmp_path / "web.cfg").touch()
    (tmp_path / "xen").mkdir()
    for before in ("", f"{tmp_path}/web.cfg "):
        assert completed(f"virtlight import {before}{tmp_path}/w") == [f"{tmp_path}/web.cfg"]
    assert completed(f"virtlight import {tmp_path}/x") == [f"{tmp_path}/xen/"]
