# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events reach every client that asked for them, whichever way it asked."""

import subprocess
import threading

import libvirt
import pytest
from clients import host_devices_told
from hosts import wait_until
from timelines import entry, timeline


def test_the_old_way_of_registering_still_works(host, conn):
    seen = []

    def on_event(_conn, domain, event, detail, _opaque):
        seen.append((domain.name(), event, detail))

    conn.domainEventRegister(on_event, None)
    conn.defineXML(host.guest("old-way"))
    wait_until(lambda: seen, 10, "an event")
    conn.domainEventDeregister(on_event)
    assert seen == [("old-way", libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED)]


def test_events_can_be_asked_for_one_domain_only(host, conn):
    seen = []
    wanted = conn.defineXML(host.guest("wanted"))
    other = conn.defineXML(host.guest("other"))

    def on_event(_conn, domain, event, _detail, _opaque):
        seen.append((domain.name(), event))

    callback = conn.domainEventRegisterAny(wanted, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_event, None)
    other.undefine()
    wanted.undefine()
    wait_until(lambda: seen, 10, "an event")
    conn.domainEventDeregisterAny(callback)
    assert seen == [("wanted", libvirt.VIR_DOMAIN_EVENT_UNDEFINED)]


def test_every_client_hears_of_what_another_one_does(host, conn, events):
    with host.connect() as other:
        other.defineXML(host.guest("told"))
    events.wait_for("told", "DEFINED ADDED", seconds=10)


CARD = "pci_0000_07_00_0"


@pytest.mark.simulated
def test_a_device_of_the_host_that_gets_another_driver_is_told_of(host, conn):
    told = host_devices_told(conn)
    card = conn.nodeDeviceLookupByName(CARD)
    card.dettach()
    wait_until(lambda: told, 10, "the event")
    card.reAttach()
    wait_until(lambda: len(told) > 1, 10, "the other event")
    assert told == [("updated", CARD)] * 2


@pytest.mark.simulated
def test_who_wants_to_know_nothing_more_of_the_hosts_devices_is_told_nothing(host, conn):
    seen = []
    told = host_devices_told(conn)
    with host.connect_read_only() as reader:
        callback = reader.nodeDeviceEventRegisterAny(
            None, libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE, lambda *event: seen.append(event), None
        )
        reader.nodeDeviceEventDeregisterAny(callback)
        conn.nodeDeviceLookupByName(CARD).dettach()
        wait_until(lambda: told, 10, "the event")
        conn.nodeDeviceLookupByName(CARD).reAttach()
        wait_until(lambda: len(told) > 1, 10, "the other event")
    assert seen == []


@pytest.mark.simulated
def test_virsh_prints_what_becomes_of_the_hosts_devices(host, conn):
    command = ["virsh", "-c", host.uri, "nodedev-event", "--event", "update", "--loop", "--timeout", "60"]
    card = conn.nodeDeviceLookupByName(CARD)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        # As with other events. One that is over before anybody has looked is none.
        heard = threading.Event()

        def knock():
            while not heard.wait(1.5):
                (card.reAttach if "pciback" in card.XMLDesc() else card.dettach)()

        knocking = threading.Thread(target=knock)
        knocking.start()
        line = next(iter(watching.stdout.readline, ""))
        heard.set()
        knocking.join()
        watching.terminate()
    card.reAttach()
    assert f"event 'update' for node device {CARD}" in line


def test_nothing_comes_after_deregistering(host, conn, events):
    seen = []
    with host.connect() as other:
        callback = other.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda *event: seen.append(event), None
        )
        other.domainEventDeregisterAny(callback)
        conn.defineXML(host.guest("unheard"))
        events.wait_for("unheard", "DEFINED ADDED", seconds=10)
    assert seen == []


def test_a_guest_that_has_lost_its_device_model_is_told_of(host, conn):
    told = []
    conn.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, lambda _conn, domain, _opaque: told.append(domain.name()), None
    )
    domain = conn.createXML(host.guest("bereft", "hvm", words=host.words_of_a_brief_device_model))
    host.end_device_model(domain)
    wait_until(lambda: told, host.patience, "a control error")
    assert entry(host, "bereft", type="event", event="control error")["state"] == "running"
    notes = [one["text"] for one in timeline(host, "bereft") if one["type"] == "note"]
    why = next(note for note in notes if "its device model has ended" in note)
    assert host.virsh("domcontrol", "bereft").startswith("error: monitor failure")
    assert why in host.virsh("dominfo", "bereft")
    domain.destroy()
    assert told == ["bereft"]


def test_virsh_prints_events_as_they_come(host, conn):
    command = ["virsh", "-c", host.uri, "event", "--all", "--loop", "--timeout", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        # There is no sign of when virsh listens, so there is something to hear until it has heard.
        domain = conn.defineXML(host.guest("heard"))
        lines = iter(watching.stdout.readline, "")
        heard = threading.Event()

        def knock():
            while not heard.wait(0.1):
                conn.defineXML(host.guest("heard").replace("<name>", f"<uuid>{domain.UUIDString()}</uuid><name>"))

        knocking = threading.Thread(target=knock)
        knocking.start()
        line = next(lines)
        heard.set()
        knocking.join()
        watching.terminate()
    assert "event 'lifecycle' for domain 'heard': Defined" in line
