# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is written down of each domain."""

import os

import libvirt
import pytest
from timelines import entry


def test_a_timeline_tells_who_did_what_and_how_it_ended(host, conn):
    domain = conn.createXML(host.guest("narrated"))
    begun = entry(host, "narrated", type="begin", operation="create")
    assert f"pid {os.getpid()} (" in begun["client"] or host.remote
    done = entry(host, "narrated", type="end", operation="create")
    assert done["job"] == begun["job"] and done["result"] == "done" and done["took_ms"] >= 0
    started = entry(host, "narrated", type="event", event="started")
    assert started["job"] == begun["job"] and started["domid"] == domain.ID()
    domain.destroy()
    assert entry(host, "narrated", event="stopped", detail="destroyed")["uuid"] == domain.UUIDString()


def test_a_timeline_keeps_the_reason_of_a_failure(host, conn):
    domain = conn.defineXML(host.guest("refused", kernel="/nowhere/vmlinuz"))
    with pytest.raises(libvirt.libvirtError) as failed:
        domain.create()
    told = entry(host, "refused", type="end", operation="start", result="failed")
    assert told["error"] in str(failed.value)
