# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that are saved to files and come back, as virsh and the libvirt binding see it."""

import threading

import libvirt
import pytest
from hosts import wait_until
from refusals import code_of
from tuning_test import with_both_vcpus

MIB = 1024 * 1024
CYCLES = 3


def running(host, conn, name, kind="pv", **more):
    domain = conn.defineXML(host.guest(name, kind, **more))
    domain.create()
    host.wait_until_it_listens(domain)
    return domain


def in_background(call, *arguments):
    """The thread, and a list that holds what the call raised."""
    errors = []

    def run():
        try:
            call(*arguments)
        except libvirt.libvirtError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def saved_and_restored(host, conn, domain):
    """What its definition in the image was."""
    name = domain.name()
    image = host.place(f"{name}.save")
    domain.save(image)
    assert domain.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_SAVED]
    assert host.shell(f"ls {image}*") == image
    xml = conn.saveImageGetXMLDesc(image)
    assert name in xml

    conn.restore(image)
    assert conn.lookupByName(name).state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_RESTORED]
    return xml


def shuts_down_after_its_saves(host, domain, events):
    domain.shutdown()
    host.wait_for_state(domain, libvirt.VIR_DOMAIN_SHUTOFF)
    saves = ["STOPPED SAVED", "STARTED RESTORED"] * CYCLES
    events.wait_for(domain.name(), "DEFINED ADDED", "STARTED BOOTED", *saves, "STOPPED SHUTDOWN")


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_a_guest_is_saved_to_a_file_and_comes_back_again_and_again(host, conn, events, kind):
    domain = running(host, conn, f"saved-{kind}", kind)
    for _ in range(CYCLES):
        saved_and_restored(host, conn, domain)
    shuts_down_after_its_saves(host, domain, events)


def test_an_hvm_guest_comes_back_again_and_again_also_after_it_was_asked_for_fewer_vcpus(host, conn, events):
    """Its device model keeps those that it has, and takes its state with no fewer; and so does a Linux guest."""
    domain = with_both_vcpus(host, conn, "saved-hvm")
    for cycle in range(CYCLES):
        if cycle == 1:
            host.virsh("setvcpus", "saved-hvm", "1", "--live")
        assert "<vcpu placement='static'>2</vcpu>" in saved_and_restored(host, conn, domain)
    live, config = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
    assert domain.vcpusFlags(live) in (1, 2) and domain.vcpusFlags(config) == 2
    host.virsh("setvcpus", "saved-hvm", "2", "--live")
    shuts_down_after_its_saves(host, domain, events)


def test_a_managed_save_is_where_the_next_start_goes_on(host, conn, events, lasting):
    domain = lasting(host.guest("kept"))
    assert not domain.hasManagedSaveImage()
    domain.managedSave()
    assert domain.hasManagedSaveImage() and not domain.isActive()
    assert [d.name() for d in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE)] == ["kept"]
    assert "kept" in domain.managedSaveGetXMLDesc()
    code, message = code_of(domain.undefine)
    assert code == libvirt.VIR_ERR_OPERATION_INVALID and "managed save image" in message

    domain.create()
    assert domain.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_RESTORED]
    assert not domain.hasManagedSaveImage()
    events.wait_for("kept", "DEFINED ADDED", "STARTED BOOTED", "STOPPED SAVED", "STARTED RESTORED")


def test_a_managed_save_stays_until_a_guest_that_was_started_paused_from_it_runs(host, lasting):
    domain = lasting(host.guest("kept"))
    domain.managedSave()
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED and domain.hasManagedSaveImage()
    domain.destroy()
    assert domain.hasManagedSaveImage(), "its guest has executed nothing"
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    domain.resume()
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING and not domain.hasManagedSaveImage()


def test_an_image_gets_another_definition_if_its_guest_can_go_on_with_it(host, conn, lasting):
    domain = lasting(host.guest("kept"))
    image = host.place("kept.save")
    domain.save(image)
    xml = conn.saveImageGetXMLDesc(image)
    code, message = code_of(conn.saveImageDefineXML, image, xml.replace("131072", "262144"))
    assert code == libvirt.VIR_ERR_CONFIG_UNSUPPORTED and "memory" in message
    conn.saveImageDefineXML(image, xml.replace("<memory ", "<title>new</title><memory ", 1),
                            libvirt.VIR_DOMAIN_SAVE_PAUSED)
    conn.restore(image)
    assert "<title>new</title>" in domain.XMLDesc() and domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED

    domain.resume()
    domain.managedSave(libvirt.VIR_DOMAIN_SAVE_BYPASS_CACHE)
    xml = domain.managedSaveGetXMLDesc()
    domain.managedSaveDefineXML(xml.replace("<title>new</title>", "<title>newer</title>"))
    assert "newer" in domain.managedSaveGetXMLDesc()
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_BYPASS_CACHE)
    assert "newer" in domain.XMLDesc() and domain.state()[1] == libvirt.VIR_DOMAIN_RUNNING_RESTORED


def test_a_truncated_image_is_refused_and_leaves_nothing(host, conn, lasting):
    domain = lasting(host.guest("kept"))
    image, torn = host.place("kept.save"), host.place("kept-torn.save")
    domain.save(image)
    host.shell(f"head -c -1000 {image} > {torn}")
    _, message = code_of(conn.restore, torn)
    assert "kept" in message
    assert domain.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF
    assert conn.numOfDomains() == 1
    conn.restore(image)


def test_virsh_saves_restores_and_shows_the_job(host, lasting):
    lasting(host.guest("kept"))
    image = host.place("kept.save")
    assert "saved to" in host.virsh("save", "kept", image)
    assert host.virsh("domstate", "--reason", "kept") == "shut off (saved)"
    assert "<name>kept</name>" in host.virsh("save-image-dumpxml", image)
    assert "restored from" in host.virsh("restore", image, "--paused")
    assert host.virsh("domstate", "kept") == "paused"
    host.virsh("resume", "kept")
    assert "Completed" in host.virsh("domjobinfo", "--completed", "kept")
    assert "saved by libvirt" in host.virsh("managedsave", "kept")
    assert "yes" in host.virsh("dominfo", "kept").split("Managed save:")[1].splitlines()[0]
    assert "Removed" in host.virsh("managedsave-remove", "kept")


@pytest.mark.ours
def test_a_guests_memory_goes_to_no_file_that_somebody_has_put_there(host, conn):
    domain = running(host, conn, "secret")
    image, other = host.place("secret.save"), host.place("somebody-elses")
    host.shell(f"echo theirs > {other} && ln {other} {image}.virtlight-unfinished")
    domain.save(image)
    assert host.shell(f"cat {other}") == "theirs"
    assert host.shell(f"stat -c '%a %h' {image}") == "600 1"
    conn.restore(image)
    assert domain.isActive()


@pytest.mark.ours
def test_a_paused_guest_cannot_be_saved_and_says_why(host, conn):
    domain = running(host, conn, "held")
    domain.suspend()
    code, message = code_of(domain.save, host.place("held.save"))
    assert code == libvirt.VIR_ERR_OPERATION_INVALID and "has to be running" in message
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED


def test_a_save_to_where_it_cannot_go_leaves_the_guest_running(host, conn):
    domain = conn.defineXML(host.guest("stays"))
    domain.create()
    _, message = code_of(domain.save, "/nowhere/at/all")
    assert "/nowhere/at/all" in message and "No such file" in message
    code, message = code_of(domain.save, "/dev/null")
    assert code == libvirt.VIR_ERR_INVALID_ARG and "/dev/null" in message
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING


def test_what_is_no_image_is_refused(host, conn):
    image = host.place("wrong.save")
    for content, words in (("", "magic is incorrect"), ("x" * 4096, "magic is incorrect")):
        host.shell(f"printf '%s' '{content}' > {image}")
        code, message = code_of(conn.restore, image)
        assert code == libvirt.VIR_ERR_INVALID_ARG and words in message
        assert code_of(conn.saveImageGetXMLDesc, image)[0] == libvirt.VIR_ERR_INVALID_ARG
    assert "No such file" in code_of(conn.restore, image + ".missing")[1]


@pytest.mark.ours
def test_an_image_of_a_guest_that_runs_is_not_restored_over_it(host, conn):
    domain = running(host, conn, "one")
    image = host.place("one.save")
    domain.save(image)
    conn.restore(image)
    assert code_of(conn.restore, image)[0] == libvirt.VIR_ERR_OPERATION_INVALID


@pytest.mark.ours
def test_wrong_flags_are_refused(host, conn):
    domain = running(host, conn, "flags")
    both = libvirt.VIR_DOMAIN_SAVE_RUNNING | libvirt.VIR_DOMAIN_SAVE_PAUSED
    assert code_of(domain.saveFlags, host.place("flags.save"), None, both)[0] == libvirt.VIR_ERR_INVALID_ARG
    assert code_of(domain.managedSave, 1 << 20)[0] == libvirt.VIR_ERR_INVALID_ARG
    assert domain.isActive()


@pytest.mark.simulated
def test_a_save_shows_its_progress_and_can_be_aborted(host, conn):
    domain = running(host, conn, "slow", words="save-takes=60")
    image = host.place("slow.save")
    thread, errors = in_background(domain.save, image)
    wait_until(lambda: domain.jobInfo()[4] > 0, host.patience, "progress of the save")
    kind, elapsed, _, total, processed, remaining = domain.jobInfo()[:6]
    assert kind == libvirt.VIR_DOMAIN_JOB_BOUNDED and elapsed > 0
    assert total == 128 * MIB and processed + remaining == total
    assert domain.jobStats()["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_SAVE
    stats = domain.jobStats()
    assert (stats["virtlight.operation"], stats["virtlight.phase"]) == ("save", "saving memory")
    assert "(python" in stats["virtlight.client"] and stats["virtlight.job"] > 0 and stats["virtlight.time_left"] > 0
    told = host.virsh("domjobinfo", "slow")
    assert domain.controlInfo()[0] == libvirt.VIR_DOMAIN_CONTROL_JOB and "job (" in host.virsh("domcontrol", "slow")
    for words in ("Save", "Time elapsed", "Time remaining", "Memory processed", "Memory bandwidth"):
        assert words in told

    domain.abortJob()
    thread.join(timeout=host.patience)
    assert errors[0].get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert host.shell(f"ls {image}* 2>/dev/null") == ""
    assert domain.jobInfo()[0] == libvirt.VIR_DOMAIN_JOB_NONE
    stats = domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    assert stats["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_SAVE
    assert code_of(domain.abortJob)[0] == libvirt.VIR_ERR_OPERATION_INVALID


@pytest.mark.simulated
def test_a_save_holds_up_nobody_else_and_gives_way_to_a_destroy(host, conn):
    slow = running(host, conn, "slow", words="save-takes=60")
    other = running(host, conn, "other")
    thread, errors = in_background(slow.managedSave)
    wait_until(lambda: slow.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE, host.patience, "the job")
    other.suspend()
    other.resume()
    slow.destroy()
    thread.join(timeout=host.patience)
    assert errors and not slow.isActive() and not slow.hasManagedSaveImage()


def test_a_managed_image_outlives_the_daemon(own_host):
    with own_host.connect() as conn:
        domain = conn.defineXML(own_host.guest("patient"))
        domain.create()
        domain.managedSave()
    own_host.kill()
    own_host.start()
    with own_host.connect() as conn:
        domain = conn.lookupByName("patient")
        assert domain.hasManagedSaveImage()
        domain.create()
        assert domain.state()[1] == libvirt.VIR_DOMAIN_RUNNING_RESTORED
        domain.destroy()


def test_an_image_whose_guest_may_have_run_since_is_not_started_from(own_host):
    with own_host.connect() as conn:
        domain = conn.defineXML(own_host.guest("doubted"))
        domain.create()
        domain.managedSave()
        saved = own_host.root / "var" / "lib" / "virtlight" / "saved" / f"{domain.UUIDString()}.image"
    own_host.kill()
    # As a daemon leaves it that is killed, with its guest, just after it has let that run.
    used = saved.rename(saved.with_suffix(".used"))
    own_host.start()
    with own_host.connect() as conn:
        domain = conn.lookupByName("doubted")
        assert not domain.hasManagedSaveImage()
        domain.create()
        assert domain.state()[1] == libvirt.VIR_DOMAIN_RUNNING_BOOTED
        kept = saved.with_suffix(".old")
        assert kept.exists() and not used.exists()
        domain.destroy()
        conn.restore(str(kept))
        assert domain.state()[1] == libvirt.VIR_DOMAIN_RUNNING_RESTORED
        domain.destroy()
        domain.undefine()
        assert not kept.exists(), "the memory of a guest that nobody knows any more"


@pytest.mark.ours
def test_the_end_of_a_job_is_told_with_its_figures(host, conn):
    told = []

    def on_end(_conn, domain, params, _opaque):
        told.append((domain.name(), params))

    domain = running(host, conn, "counted")
    callback = conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, on_end, None)
    domain.save(host.place("counted.save"))
    wait_until(lambda: told, host.patience, "the end of the save")
    conn.domainEventDeregisterAny(callback)
    name, params = told[0]
    assert name == "counted" and params["success"]
    assert params["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_SAVE
    assert params["data_total"] == params["data_processed"] > 0 and params["data_remaining"] == 0
    assert params["memory_bps"] > 0 and params["time_elapsed"] > 0
    kept = domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    assert kept["data_processed"] == params["data_processed"]


@pytest.mark.ours
def test_saves_and_restores_take_parameters(host, conn):
    domain = running(host, conn, "by-params")
    image = host.place("by-params.save")
    titled = domain.XMLDesc().replace("<memory ", "<title>saved with this</title><memory ", 1)
    domain.saveParams({"file": image, "dxml": titled}, libvirt.VIR_DOMAIN_SAVE_BYPASS_CACHE)
    assert "saved with this" in conn.saveImageGetXMLDesc(image)
    titled = titled.replace("saved with this", "restored with this")
    conn.restoreParams({"file": image, "dxml": titled}, libvirt.VIR_DOMAIN_SAVE_PAUSED)
    assert "restored with this" in domain.XMLDesc() and domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
    domain.resume()
    domain.saveParams({}, 0)
    assert domain.hasManagedSaveImage()
    assert code_of(conn.restoreParams, {"dxml": titled})[0] == libvirt.VIR_ERR_INVALID_ARG
