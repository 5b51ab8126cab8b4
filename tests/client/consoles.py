# SPDX-License-Identifier: LGPL-2.1-or-later
"""Those who look at a console: virsh on a terminal, streams of the libvirt binding, and raw bytes."""

import os
import pty
import select
import struct
import subprocess
import time

import libvirt


class Terminal:
    """A program with a terminal of its own."""

    def __init__(self, words):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "LC_ALL": "C"}, start_new_session=True,
        )
        os.close(slave)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def read_some(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def until(self, words, seconds=150):
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, f"not within {seconds} s: {words!r} in {self.text[-2000:]!r}"
            assert self.read_some(1) or self.process.poll() is None, f"it ended: {self.text[-2000:]!r}"
        return self.text

    def leave(self):
        self.type("\x1d")
        return self.status()

    def status(self, seconds=150):
        """Its exit status, once it has ended by itself."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it goes on: {self.text[-2000:]!r}"
            self.read_some(0.1)
        while self.read_some(0):
            pass
        return self.process.returncode


class Virsh(Terminal):
    """`virsh console ...`"""

    def __init__(self, host, *words):
        super().__init__(["virsh", "-c", host.uri, "console", *words])


class Stream:
    """A console opened through the binding."""

    def __init__(self, domain, device=None, flags=0):
        self.stream = domain.connect().newStream(libvirt.VIR_STREAM_NONBLOCK)
        domain.openConsole(device, self.stream, flags)
        self.text = b""
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.ended:
            self.stream.finish()
        else:
            self.stream.abort()

    def type(self, text):
        data = text.encode()
        while data:
            sent = self.stream.send(data)
            data = data[max(sent, 0):]

    def read_some(self):
        """False: there is nothing now."""
        data = self.stream.recv(65536)
        if data == -2:
            return False
        self.ended = data == b""
        self.text += data
        return not self.ended

    def until(self, words, seconds=150):
        return self.wait(lambda: words.encode() in self.text, repr(words), seconds)

    def until_end(self, seconds=150):
        return self.wait(lambda: self.ended, "the end", seconds)

    def wait(self, condition, what, seconds):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s: {what} in {self.text[-2000:]!r}"
            assert not self.ended, f"the end came before {what}: {self.text[-2000:]!r}"
            if not self.read_some():
                time.sleep(0.01)
        return self.text.decode(errors="replace")


class RawStream:
    """A console opened with bytes, by one who may then not read, or vanish."""

    OPEN_CONSOLE, LOOKUP = 201, 23
    STREAM, CONTINUED = 3, 2

    def __init__(self, wire, name):
        self.wire = wire
        wire.open()
        text = name.encode()
        _, _, _, status, self.domain = wire.call(
            self.LOOKUP, struct.pack(">I", len(text)) + text + b"\0" * (-len(text) % 4))
        assert status == wire.OK
        self.open()

    def open(self):
        self.begin(wire_program=self.wire.REMOTE, procedure=self.OPEN_CONSOLE,
                   payload=self.domain + struct.pack(">II", 0, 0))

    def begin(self, wire_program, procedure, payload):
        self.stream = {"program": wire_program, "serial": 99}
        self.procedure = procedure
        *_, status, answer = self.wire.call(procedure, payload, **self.stream)
        assert status == self.wire.OK, self.wire.error(answer)

    def send(self, data):
        self.wire.send(self.wire.packet(self.procedure, data, kind=self.STREAM, status=self.CONTINUED, **self.stream))

    def receive(self):
        """(status, bytes) of the next packet of the stream."""
        while True:
            _, kind, _, status, payload = self.wire.receive()
            if kind == self.STREAM:
                return status, payload

    def until(self, done):
        """What comes until `done` says of all of it that it is enough."""
        text = b""
        while not done(text):
            status, data = self.receive()
            assert status == self.CONTINUED and data, f"the end came first: {text[-500:]}"
            text += data
        return text


class Watcher(RawStream):
    """One who watches, by our own program: there may be many."""

    PROGRAM, WATCH = 0x766C6974, 2
    VIEW, WRITE, WRITE_IF_FREE, FORCE = range(4)
    RECENT = 2**64 - 1  # where to start for the last screens

    def __init__(self, wire, name, access=VIEW, start=0, since=0):
        self.access = access
        self.start = start
        self.since = since  # milliseconds since 1970
        super().__init__(wire, name)

    def open(self):
        uuid = self.domain[-20:-4]
        self.begin(self.PROGRAM, self.WATCH, uuid + struct.pack(">IIQqI", 0, self.access, self.start, self.since, 0))
