# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two who look at a console: `virsh console` on a terminal, and a stream of the libvirt binding."""

import os
import pty
import select
import struct
import subprocess
import time

import libvirt


class Virsh:
    """`virsh console ...` with a terminal of its own."""

    def __init__(self, host, *words):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["virsh", "-c", host.uri, "console", *words], stdin=slave, stdout=slave, stderr=slave,
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

    def until(self, words, seconds=60):
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, f"not within {seconds} s: {words!r} in {self.text[-2000:]!r}"
            assert self.read_some(1) or self.process.poll() is None, f"virsh ended: {self.text[-2000:]!r}"
        return self.text

    def leave(self):
        self.type("\x1d")
        return self.status()

    def status(self, seconds=60):
        """Its exit status, once it has ended by itself."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"virsh goes on: {self.text[-2000:]!r}"
            self.read_some(0.1)
        while self.read_some(0):
            pass
        return self.process.returncode


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

    def until(self, words, seconds=60):
        return self.wait(lambda: words.encode() in self.text, repr(words), seconds)

    def until_end(self, seconds=60):
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
        _, _, _, status, domain = wire.call(
            self.LOOKUP, struct.pack(">I", len(text)) + text + b"\0" * (-len(text) % 4))
        assert status == wire.OK
        *_, self.serial, status, answer = wire.call(
            self.OPEN_CONSOLE, domain + struct.pack(">II", 0, 0), serial=99)
        assert status == wire.OK, wire.error(answer)

    def send(self, data):
        self.wire.send(self.wire.packet(self.OPEN_CONSOLE, data, kind=self.STREAM, serial=self.serial,
                                        status=self.CONTINUED))

    def receive(self):
        """(status, bytes) of the next packet of the stream."""
        while True:
            procedure, kind, _, status, payload = self.wire.receive()
            if kind == self.STREAM and procedure == self.OPEN_CONSOLE:
                return status, payload
