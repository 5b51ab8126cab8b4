# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only real Xen can show: virtlightd in the dom0 of a lab, beside xl."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "client"))

from clients import Events, quiet_libvirt
from hosts import LabHost

pytest_plugins = ["collector", "emulator", "lasting"]


def pytest_addoption(parser):
    parser.addoption("--lab", default="default", help="the name of a running lab")


def pytest_configure(config):
    quiet_libvirt()


@pytest.fixture(scope="session")
def shared_host(request):
    with LabHost(request.config.getoption("--lab")) as host:
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
