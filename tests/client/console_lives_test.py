# SPDX-License-Identifier: LGPL-2.1-or-later
"""Consoles over what happens to their guests: saved, restored, renamed; and all of those that one guest has."""

import struct

import pytest
from clients import Wire
from command import virtlight
from consoles import RawStream, Stream, Watcher
from hosts import wait_until


def started(host, conn, name, kind="pv"):
    domain = conn.defineXML(host.guest(name, kind))
    domain.create()
    return domain


def say(viewer, text):
    """Types a line and waits for its echo."""
    viewer.type(f"{text}\r")
    viewer.until(text)


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_what_was_said_before_a_save_is_kept_over_the_restore(host, conn, daemon_folder, kind):
    domain = started(host, conn, "slept", kind)
    host.wait_until_it_listens(domain)
    with Stream(domain) as viewer:
        viewer.until("# ")
        say(viewer, "before-the-save")
        domain.managedSave()
        viewer.until_end()
    domain.create()
    with Stream(domain) as viewer:
        viewer.until("before-the-save")
        say(viewer, "after-it")
    text = virtlight(host, daemon_folder, "logs", "slept")
    assert text.count("name=slept ") == 1
    assert text.index("before-the-save") < text.index("after-it")


@pytest.mark.ours
def test_a_console_goes_on_over_a_rename(host, conn, daemon_folder):
    domain = started(host, conn, "before")
    with Stream(domain) as viewer:
        viewer.until("# ")
        domain.rename("after")
        say(viewer, "still-me")
    assert "still-me" in virtlight(host, daemon_folder, "logs", "after")


class Reader(RawStream):
    """One who reads of a history what lies between two offsets, by our own program."""

    PROGRAM, READ_HISTORY = 0x766C6974, 3

    def __init__(self, wire, name, start, end, since=0):
        self.arguments = struct.pack(">QQqI", start, end, since, 0)
        super().__init__(wire, name)

    def open(self):
        uuid = self.domain[-20:-4]
        self.begin(self.PROGRAM, self.READ_HISTORY, uuid + struct.pack(">I", 0) + self.arguments)

    def all(self):
        text = b""
        while True:
            status, data = self.receive()
            assert status == self.CONTINUED
            if not data:
                return text
            text += data


@pytest.mark.simulated
def test_a_history_is_read_by_offsets(host, conn):
    domain = started(host, conn, "offsets")
    with Stream(domain) as viewer:
        viewer.until("# ")
        say(viewer, "0123456789")
        whole = viewer.text
    place = whole.index(b"0123456789")

    def read(*arguments):
        with Wire(host.socket) as wire:
            return Reader(wire, "offsets", *arguments).all()

    forever = 2**64 - 1
    assert read(0, forever).startswith(whole)
    assert read(place + 2, place + 7) == b"23456"
    assert read(place, place) == b""
    assert read(forever, forever) == b""
    after_all_of_it = 2**62
    assert read(0, forever, after_all_of_it) == b""


@pytest.mark.simulated
def test_one_who_watches_begins_where_he_left_off(host, conn):
    domain = started(host, conn, "resumed")
    with Stream(domain) as viewer:
        viewer.until("# ")
        seen = len(viewer.text)
        say(viewer, "missed-nothing")
    with Wire(host.socket) as wire:
        text = Watcher(wire, "resumed", start=seen).until(lambda text: b"missed-nothing" in text)
        assert text.startswith(b"missed-nothing")


@pytest.mark.simulated
def test_what_was_said_before_the_daemon_was_killed_is_in_the_history(own_host, daemon_folder):
    with own_host.connect() as conn:
        domain = started(own_host, conn, "kept")
        with Stream(domain) as viewer:
            viewer.until("# ")
            say(viewer, "last-words")
        history = own_host.root / "var/lib/virtlight/consoles" / f"{domain.UUIDString()}.console0"
        wait_until(lambda: history.exists() and b"last-words" in history.read_bytes(), own_host.patience,
                   "the history on the disk")
    own_host.kill()
    own_host.start()
    assert "last-words" in virtlight(own_host, daemon_folder, "logs", "kept")
