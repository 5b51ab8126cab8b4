# SPDX-License-Identifier: LGPL-2.1-or-later
"""What no libvirt client would ever send: the sender is answered or closed, and nobody else notices."""

import struct
import threading
import time

import libvirt
import pytest
from clients import Wire
from hosts import wait_until

pytestmark = pytest.mark.simulated


@pytest.fixture
def wire(host):
    with Wire(host.socket) as connection:
        yield connection


@pytest.fixture(autouse=True)
def others_are_served(host):
    with host.connect() as bystander:
        yield
        assert bystander.getType() == "Xen"


@pytest.mark.parametrize("length", [0, 3, 4, 27, 33554437, 0xFFFFFFFF])
def test_a_length_that_cannot_be_closes_the_connection(wire, length):
    wire.send(struct.pack(">I", length) + b"\0" * 24)
    assert wire.receive() is None


def test_garbage_closes_the_connection(wire):
    wire.send(b"GET / HTTP/1.1\r\nHost: dom0\r\n\r\n")
    assert wire.receive() is None


def test_an_unknown_program_gets_an_error_and_the_connection_lives(wire):
    wire.open()
    _, kind, serial, status, payload = wire.call(1, program=0x12345678, serial=9)
    assert (kind, serial, status) == (Wire.REPLY, 9, Wire.ERROR)
    assert Wire.error(payload)[0] == libvirt.VIR_ERR_RPC
    assert wire.call(59)[3] == Wire.OK


def test_an_unknown_procedure_is_called_so_in_the_words_that_clients_look_for(wire):
    wire.open()
    code, message = Wire.error(wire.call(60000)[4])
    assert code == libvirt.VIR_ERR_RPC and message.startswith("unknown procedure")


def test_a_call_before_the_connection_is_open_is_refused(wire):
    assert wire.call(Wire.AUTH_LIST)[3] == Wire.OK
    assert wire.call(59)[3] == Wire.ERROR


def test_arguments_that_cannot_be_read_get_an_error_and_the_connection_lives(wire):
    wire.open()
    assert wire.call(23, struct.pack(">I", 100) + b"short")[3] == Wire.ERROR
    assert wire.call(59)[3] == Wire.OK


def test_half_a_packet_and_silence_hold_up_nobody(host, wire):
    wire.send(Wire.packet(Wire.AUTH_LIST)[:13])
    with host.connect() as other:
        assert other.getType() == "Xen"
    wire.send(Wire.packet(Wire.AUTH_LIST)[13:])
    assert wire.receive()[3] == Wire.OK


def test_a_packet_in_single_bytes_is_a_packet(wire):
    for byte in Wire.packet(Wire.AUTH_LIST):
        wire.send(bytes([byte]))
    assert wire.receive()[3] == Wire.OK


def test_a_ping_is_answered_while_calls_are_pending(host, wire):
    wire.open()
    with host.connect() as other:
        domain = other.createXML(host.guest("busy", words="frozen"))
        for serial in range(2, 12):
            name, uuid = b"busy", domain.UUID()
            payload = struct.pack(">I", len(name)) + name + uuid + struct.pack(">i", domain.ID())
            wire.send(Wire.packet(33, payload, serial=serial))
        wire.send(Wire.packet(1, program=Wire.KEEPALIVE, kind=Wire.MESSAGE, serial=0))
        procedure, kind, _, _, _ = wire.receive()
        assert (procedure, kind) == (2, Wire.MESSAGE)
        domain.destroy()


def test_a_client_that_leaves_in_the_middle_of_a_start_leaves_the_start_to_end(host, conn):
    domain = conn.defineXML(host.guest("slow", words="build-takes=0.5"))
    with Wire(host.socket) as wire:
        wire.open()
        name, uuid = b"slow", domain.UUID()
        wire.send(Wire.packet(9, struct.pack(">I", len(name)) + name + uuid + struct.pack(">i", -1)))
        time.sleep(0.1)
    wait_until(lambda: domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING, 10, "the start to end")


def test_a_client_that_never_reads_loses_its_own_connection_only(host, conn):
    with Wire(host.socket) as deaf:
        deaf.open()
        question = Wire.packet(7)  # capabilities: a long answer to a short question
        closed = threading.Event()

        def ask_on():
            try:
                while True:
                    deaf.send(question * 100)
            except OSError:
                closed.set()

        deaf.socket.settimeout(30)
        asking = threading.Thread(target=ask_on, daemon=True)
        asking.start()
        assert conn.getType() == "Xen"
        # Either the daemon has closed the connection, or it has stopped reading it: both bound what it keeps.
        closed.wait(2)
        assert host.resident_kib() < 400 * 1024


def test_connections_that_come_and_go_leave_no_descriptor_behind(host, conn):
    before = host.open_files()
    for _ in range(50):
        with Wire(host.socket) as wire:
            wire.open()
    for _ in range(50):
        with Wire(host.socket) as wire:
            wire.send(b"\0\0")
    wait_until(lambda: host.open_files() <= before, 10, f"no more than {before} open files")
