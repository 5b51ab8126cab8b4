# SPDX-License-Identifier: LGPL-2.1-or-later
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--bin", default="build/asan/bin", help="the folder of the fuzzers")
    parser.addoption("--seconds", type=int, default=10, help="how long each fuzzer runs")


def pytest_generate_tests(metafunc):
    if "fuzzer" in metafunc.fixturenames:
        folder = ROOT / metafunc.config.getoption("--bin")
        found = sorted(folder.glob("*_fuzz"))
        assert found, f"no fuzzers in {folder}"
        metafunc.parametrize("fuzzer", found, ids=lambda path: path.name)
