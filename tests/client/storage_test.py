# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storage pools and volumes, which are libvirt's own daemon's where the host runs it."""

import io
import os
import pathlib
import re
import signal
import subprocess
import time

import libvirt
import pytest
from hosts import wait_until
from libvirt_daemon import LibvirtDaemon, can_run
from refusals import refused

POOL = "<pool type='dir'><name>{}</name><target><path>{}</path></target></pool>"
VOLUME = "<volume><name>{}</name><capacity unit='MiB'>64</capacity><allocation>0</allocation></volume>"

MIB = 1024 * 1024

pytestmark = [pytest.mark.simulated, can_run]


@pytest.fixture
def storage(own_host, tmp_path_factory):
    with LibvirtDaemon(own_host.libvirt_sockets, tmp_path_factory.mktemp("storage"), "storage", "virtstoraged") as daemon:
        yield daemon


@pytest.fixture
def pool(own_host, storage, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    name = f"virtlight-{os.getpid()}"
    with own_host.connect() as conn:
        made = conn.storagePoolCreateXML(POOL.format(name, folder))
        yield made
        if made.isActive():
            made.destroy()


def upload(volume, data, offset=0, length=0):
    stream = volume.connect().newStream()
    volume.upload(stream, offset, length)
    stream.sendAll(lambda _stream, count, source: source.read(count), io.BytesIO(data))
    stream.finish()


def download(volume, offset=0, length=0):
    got = bytearray()
    stream = volume.connect().newStream()
    volume.download(stream, offset, length)
    stream.recvAll(lambda _stream, piece, into: into.extend(piece), got)
    stream.finish()
    return bytes(got)


def test_pools_and_volumes_are_what_libvirts_daemon_says(own_host, pool, tmp_path):
    assert pool.name() in own_host.virsh("pool-list")
    own_host.virsh("vol-create-as", pool.name(), "web.img", "64M", "--allocation", "0")
    path = tmp_path / "images" / "web.img"
    assert path.stat().st_size == 64 * 1024 * 1024
    assert str(path) in own_host.virsh("vol-list", pool.name())
    with own_host.connect() as conn:
        assert conn.storagePoolLookupByTargetPath(str(path.parent)).UUIDString() == pool.UUIDString()
        volume = conn.storageVolLookupByPath(str(path))
        assert volume.info()[1] == 64 * 1024 * 1024
        volume.delete()
    assert not path.exists()


def test_what_the_storage_daemon_refuses_is_told_in_its_words(own_host, pool):
    with own_host.connect() as conn:
        with refused(libvirt.VIR_ERR_NO_STORAGE_POOL, "'nowhere'"):
            conn.storagePoolLookupByName("nowhere")
        pool.createXML(VOLUME.format("once.img"))
        with refused(libvirt.VIR_ERR_STORAGE_VOL_EXIST, "once.img"):
            pool.createXML(VOLUME.format("once.img"))
        pool.storageVolLookupByName("once.img").delete()


def test_who_has_registered_is_told_of_pools(own_host, pool, tmp_path):
    told = []
    with own_host.connect() as conn:
        register = conn.storagePoolEventRegisterAny
        changes = register(None, libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, lambda _conn, of, event, *_: told.append((of.name(), event)), None)
        own = conn.storagePoolLookupByName(pool.name())
        looks = register(own, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH, lambda _conn, of, _opaque: told.append((of.name(), "refresh")), None)
        name = f"{pool.name()}-other"
        (tmp_path / "other").mkdir()
        other = conn.storagePoolCreateXML(POOL.format(name, tmp_path / "other"))
        other.refresh()
        pool.refresh()
        other.destroy()
        expected = {
            (name, libvirt.VIR_STORAGE_POOL_EVENT_STARTED),
            (pool.name(), "refresh"),
            (name, libvirt.VIR_STORAGE_POOL_EVENT_STOPPED),
        }
        wait_until(lambda: expected <= set(told), 10, f"{expected}, told: {told}")
        assert (name, "refresh") not in told
        for callback in (changes, looks):
            conn.storagePoolEventDeregisterAny(callback)


def test_who_may_only_look_changes_no_pool(own_host, pool):
    with own_host.connect_read_only() as reader:
        assert reader.storagePoolLookupByName(pool.name()).isActive()
        with refused(libvirt.VIR_ERR_OPERATION_DENIED):
            reader.storagePoolLookupByName(pool.name()).destroy()


def test_a_storage_daemon_comes_and_goes(own_host, storage):
    with own_host.connect() as conn:
        assert conn.listAllStoragePools() == []
        storage.stop()
        with refused(libvirt.VIR_ERR_NO_SUPPORT, "libvirt's storage daemon does not run"):
            conn.storagePoolCreateXML(POOL.format("none", "/srv"))
        assert conn.listAllStoragePools() == []
        storage.start()
        with refused(libvirt.VIR_ERR_NO_STORAGE_POOL, "'nowhere'"):
            conn.storagePoolLookupByName("nowhere")


def test_what_is_uploaded_into_a_volume_is_downloaded_again(own_host, pool, tmp_path):
    pool.createXML(VOLUME.format("web.img"))
    data = os.urandom(16 * MIB)
    (tmp_path / "theirs").write_bytes(data)
    own_host.virsh("vol-upload", "web.img", tmp_path / "theirs", "--pool", pool.name())
    path = tmp_path / "images" / "web.img"
    assert path.read_bytes()[: len(data)] == data
    own_host.virsh("vol-download", "web.img", tmp_path / "ours", "--pool", pool.name())
    assert (tmp_path / "ours").read_bytes() == data + bytes(48 * MIB)


def test_a_part_of_a_volume_goes_up_and_down(pool, tmp_path):
    volume = pool.createXML(VOLUME.format("web.img"))
    data = os.urandom(3 * MIB)
    upload(volume, data, offset=MIB, length=len(data))
    assert (tmp_path / "images" / "web.img").read_bytes() == bytes(MIB) + data + bytes(60 * MIB)
    assert download(volume, offset=2 * MIB, length=1000) == data[MIB : MIB + 1000]


def test_more_than_was_to_be_uploaded_is_refused_in_the_words_of_the_storage_daemon(pool, tmp_path):
    volume = pool.createXML(VOLUME.format("web.img"))
    with refused(libvirt.VIR_ERR_SYSTEM_ERROR, "No space left on device"):
        upload(volume, b"x" * 4 * MIB, length=MIB)
    assert (tmp_path / "images" / "web.img").read_bytes()[MIB : 4 * MIB] == bytes(3 * MIB)
    assert pool.isActive()


def test_what_the_storage_daemon_cannot_open_is_refused_in_its_words(pool, tmp_path):
    volume = pool.createXML(VOLUME.format("web.img"))
    (tmp_path / "images" / "web.img").unlink()
    with refused(libvirt.VIR_ERR_SYSTEM_ERROR, "web.img", "No such file or directory"):
        download(volume)


def test_holes_of_volumes_are_refused_by_name(own_host, pool, tmp_path):
    pool.createXML(VOLUME.format("web.img"))
    complaint = own_host.virsh(
        "vol-download", "--sparse", "web.img", tmp_path / "ours", "--pool", pool.name(), ok=False
    )
    assert "virStorageVolDownload: holes go through as zeros here" in complaint


def test_who_gives_up_in_the_middle_leaves_nothing_behind(own_host, pool):
    volume = pool.createXML(VOLUME.format("web.img"))
    before = own_host.open_files()
    sending = volume.connect().newStream()
    volume.upload(sending, 0, 0)
    sending.send(b"x" * 65536)
    sending.abort()
    reading = volume.connect().newStream()
    volume.download(reading, 0, 0)
    assert len(reading.recv(1000)) > 0
    reading.abort()
    with own_host.connect() as conn:
        theirs = conn.storageVolLookupByPath(volume.path())
        unfinished = conn.newStream()
        theirs.upload(unfinished, 0, 0)
        unfinished.send(b"x" * 65536)
        assert own_host.open_files() >= before + 2, "the client's connection, and that of its stream"
        del unfinished, theirs
    wait_until(lambda: own_host.open_files() <= before, 10, "no connection left of what was given up")
    upload(volume, b"whole", offset=MIB)
    assert download(volume, offset=MIB, length=5) == b"whole"


def test_who_stops_reading_a_volume_holds_up_nobody(own_host, pool):
    volume = pool.createXML(VOLUME.format("web.img"))
    with own_host.connect() as stuck, own_host.connect() as other:
        stream = stuck.newStream()
        stuck.storageVolLookupByPath(volume.path()).download(stream, 0, 0)
        assert len(stream.recv(1000)) > 0
        for _ in range(20):
            assert pool.name() in [one.name() for one in other.listAllStoragePools()]
        upload(volume, b"written meanwhile")
        stream.abort()


def wait_until_it_reads_no_further(process):
    """The file that it uploads."""
    told = pathlib.Path(f"/proc/{process.pid}/io")
    last = None
    while last != (last := re.search(r"rchar: (\d+)", told.read_text())[1]):
        time.sleep(0.25)


def test_who_uploads_waits_for_a_storage_daemon_that_hangs_and_may_leave(own_host, storage, pool, tmp_path):
    path = pathlib.Path(pool.createXML(VOLUME.format("web.img")).path())
    before, empty = own_host.open_files(), path.stat().st_blocks
    with (tmp_path / "theirs").open("wb") as theirs:
        theirs.truncate(4096 * MIB)
    words = ["vol-upload", "web.img", tmp_path / "theirs", "--pool", pool.name()]
    with subprocess.Popen(["virsh", "-k", "0", "-c", own_host.uri, *words], stdout=subprocess.DEVNULL) as uploading:
        try:
            wait_until(lambda: path.stat().st_blocks > empty, 20, "the first bytes in the volume")
            storage.process.send_signal(signal.SIGSTOP)
            wait_until_it_reads_no_further(uploading)
            assert uploading.poll() is None
            with own_host.connect() as conn:
                assert conn.listAllDomains()
            uploading.kill()
            wait_until(lambda: own_host.open_files() <= before, 10, "no connection left of the one who has gone")
        finally:
            uploading.kill()
            storage.process.send_signal(signal.SIGCONT)
