# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unmodified libvirt clients against the daemon: the simulated one by default, real Xen with --lab NAME."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from clients import Events, quiet_libvirt
from hosts import LabHost, SimulatedHost

ROOT = pathlib.Path(__file__).resolve().parents[2]

pytest_plugins = ["collector", "emulator", "lasting"]


def pytest_addoption(parser):
    parser.addoption("--bin", default="build/release/bin", help="the folder of virtlightd")
    parser.addoption("--lab", default=None, help="the name of a running lab: run on real Xen there")
    parser.addoption("--all", action="store_true", help="in a lab, too, what Xen has no part in")


def pytest_configure(config):
    config.addinivalue_line("markers", "simulated: needs the simulated hypervisor")
    config.addinivalue_line("markers", "slow_on_xen: starts more guests than a run on emulated hardware should")
    config.addinivalue_line("markers", "ours: shows what is decided before Xen is asked; its guest need only be there")
    quiet_libvirt()


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--lab"):
        return
    not_here = ["simulated", "slow_on_xen"] + ([] if config.getoption("--all") else ["ours"])
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in not_here)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def daemon_folder(request):
    return ROOT / request.config.getoption("--bin")


@pytest.fixture(scope="module")
def shared_host(request, daemon_folder, tmp_path_factory):
    lab = request.config.getoption("--lab")
    host = LabHost(lab) if lab else SimulatedHost(daemon_folder, tmp_path_factory.mktemp("root"))
    with host:
        yield host


@pytest.fixture
def host(shared_host):
    """A host without guests, and without any left behind, but for lasting ones."""
    yield shared_host
    shared_host.clear()


@pytest.fixture
def own_host(daemon_folder, tmp_path):
    """A simulated host of the test's own, to be stopped and started at will."""
    with SimulatedHost(daemon_folder, tmp_path) as started:
        yield started


@pytest.fixture
def conn(host):
    with host.connect() as connection:
        yield connection


@pytest.fixture
def events(conn):
    """The lifecycle events of every domain, as they come to this connection."""
    with Events(conn) as collected:
        yield collected
