# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helpers on the client's side of the wire."""

import socket
import struct
import threading

import libvirt
from hosts import wait_until

NAMES = {
    0: ("DEFINED", ["ADDED", "UPDATED", "RENAMED"]),
    1: ("UNDEFINED", ["REMOVED", "RENAMED"]),
    2: ("STARTED", ["BOOTED", "MIGRATED", "RESTORED", "FROM_SNAPSHOT", "WAKEUP"]),
    3: ("SUSPENDED", ["PAUSED", "MIGRATED"]),
    4: ("RESUMED", ["UNPAUSED", "MIGRATED"]),
    5: ("STOPPED", ["SHUTDOWN", "DESTROYED", "CRASHED", "MIGRATED", "SAVED", "FAILED"]),
    6: ("SHUTDOWN", ["FINISHED", "GUEST", "HOST"]),
    7: ("PMSUSPENDED", ["MEMORY", "DISK"]),
    8: ("CRASHED", ["PANICKED"]),
}

loop_started = False


def quiet_libvirt():
    """Errors reach a test as exceptions; the library need not print them too. Events need the library's loop."""
    global loop_started
    libvirt.registerErrorHandler(lambda *_: None, None)
    if not loop_started:
        loop_started = True
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=run_loop, daemon=True).start()


def run_loop():
    while True:
        libvirt.virEventRunDefaultImpl()


def devices_told(conn, domain):
    """The list to which what is told of its devices is added."""
    told = []
    for word, event in (
        ("added", libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED),
        ("removed", libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED),
        ("kept", libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED),
    ):
        conn.domainEventRegisterAny(
            domain, event, lambda _conn, _domain, alias, word: told.append((word, alias)), word
        )
    return told


def trays_told(conn, domain):
    """The list to which what is told of its CD drives is added."""
    told = []
    conn.domainEventRegisterAny(
        domain, libvirt.VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, lambda _conn, _domain, *tray: told.append(tray[:2]), None
    )
    return told


def host_devices_told(conn, only=None):
    """The list to which is added what becomes of the host's devices, or of one of them, with its name."""
    told = []
    words = {
        libvirt.VIR_NODE_DEVICE_EVENT_CREATED: "created",
        libvirt.VIR_NODE_DEVICE_EVENT_DELETED: "deleted",
    }
    conn.nodeDeviceEventRegisterAny(
        only,
        libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
        lambda _conn, device, event, _detail, _opaque: told.append((words[event], device.name())),
        None,
    )
    conn.nodeDeviceEventRegisterAny(
        only,
        libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE,
        lambda _conn, device, _opaque: told.append(("updated", device.name())),
        None,
    )
    return told


def told_of(told, count):
    """All of it, when so much has been told."""
    wait_until(lambda: len(told) >= count, 10, f"{count} events of devices, seen: {told}")
    assert len(told) == count
    return told


class Events:
    """The lifecycle and reboot events of all domains, by name: "STARTED BOOTED"."""

    def __init__(self, conn):
        self.conn = conn
        self.seen = []
        self.callbacks = []

    def __enter__(self):
        register = self.conn.domainEventRegisterAny
        self.callbacks = [
            register(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self.on_lifecycle, None),
            register(None, libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self.on_reboot, None),
        ]
        return self

    def __exit__(self, *_):
        for callback in self.callbacks:
            self.conn.domainEventDeregisterAny(callback)

    def on_lifecycle(self, _conn, domain, event, detail, _opaque):
        name, details = NAMES[event]
        self.seen.append((domain.name(), f"{name} {details[detail]}"))

    def on_reboot(self, _conn, domain, _opaque):
        self.seen.append((domain.name(), "REBOOT"))

    def of(self, name):
        return [event for domain, event in self.seen if domain == name]

    def wait_for(self, name, *expected, seconds=60):
        """Exactly these events of the domain, in this order, and no other by then."""
        wait_until(lambda: len(self.of(name)) >= len(expected), seconds, f"{expected} of {name}, seen: {self.seen}")
        assert self.of(name) == list(expected)


class Wire:
    """A connection that speaks bytes, for what a well-behaved client would never say."""

    REMOTE = 0x20008086
    KEEPALIVE = 0x6B656570
    CALL, REPLY, MESSAGE = 0, 1, 2
    OK, ERROR = 0, 1
    AUTH_LIST, OPEN, CLOSE = 66, 1, 2

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    @staticmethod
    def packet(procedure, payload=b"", *, program=REMOTE, version=1, kind=CALL, serial=1, status=OK):
        header = struct.pack(">IIiiIi", program, version, procedure, kind, serial, status)
        return struct.pack(">I", 4 + len(header) + len(payload)) + header + payload

    def receive(self):
        """(procedure, kind, serial, status, payload), or None at the end of the stream."""
        size = self.exactly(4)
        if size is None:
            return None
        body = self.exactly(struct.unpack(">I", size)[0] - 4)
        _, _, procedure, kind, serial, status = struct.unpack(">IIiiIi", body[:24])
        return procedure, kind, serial, status, body[24:]

    def exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not more:
                return None
            data += more
        return data

    def call(self, procedure, payload=b"", **header):
        self.send(self.packet(procedure, payload, **header))
        return self.receive()

    def open(self, read_only=False, named=1):
        """`named` is the word that says that there is a URI: anything but 0."""
        assert self.call(self.AUTH_LIST)[3] == self.OK
        name = b"xen:///system"
        flags = struct.pack(">I", libvirt.VIR_CONNECT_RO if read_only else 0)
        payload = struct.pack(">II", named, len(name)) + name + b"\0" * (-len(name) % 4) + flags
        assert self.call(self.OPEN, payload)[3] == self.OK

    @staticmethod
    def error(payload):
        """(code, message) of an error's payload."""
        code, _domain, present = struct.unpack(">iiI", payload[:12])
        if not present:
            return code, None
        (length,) = struct.unpack(">I", payload[12:16])
        return code, payload[16 : 16 + length].decode()
