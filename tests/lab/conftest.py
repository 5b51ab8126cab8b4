# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only real Xen can show: virtlightd in the dom0 of a lab, beside xl."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "client"), str(ROOT / "tests" / "lab")]

from clients import Events, quiet_libvirt
from hosts import LabHost, SimulatedHost

pytest_plugins = ["emulator"]


def pytest_addoption(parser):
    parser.addoption("--lab", default="default", help="the name of a running lab")
    parser.addoption("--simulated", metavar="BIN", help="the daemon in this folder instead, for tests that can do without Xen")


def pytest_configure(config):
    quiet_libvirt()


@pytest.fixture(scope="session")
def shared_host(request, tmp_path_factory):
    simulated = request.config.getoption("--simulated")
    if simulated:
        chosen = SimulatedHost(ROOT / simulated, tmp_path_factory.mktemp("root"))
    else:
        chosen = LabHost(request.config.getoption("--lab"))
    with chosen as host:
        yield host


@pytest.fixture
def host(shared_host):
    yield shared_host
    shared_host.clear()


@pytest.fixture
def conn(host):
    with host.connect() as connection:
        yield connection


@pytest.fixture
def events(conn):
    with Events(conn) as collected:
        yield collected
