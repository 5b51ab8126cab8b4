# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events reach every client that asked for them, whichever way it asked."""

import subprocess
import threading

import libvirt
from hosts import wait_until
from refusals import refused
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


def test_who_would_watch_the_hosts_devices_is_told_to_list_them_again(host, conn):
    """As virt-manager does then; otherwise it would never list one that is plugged in later."""
    words = "virConnectNodeDeviceEventRegisterAny: the host's devices are not watched: list them again"
    with refused(libvirt.VIR_ERR_NO_SUPPORT, words):
        conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, lambda *_: None, None)
    assert words in host.virsh("nodedev-event", "--event", "lifecycle", ok=False)


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
