# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storage pools and volumes, which are libvirt's own daemon's where the host runs it."""

import os

import libvirt
import pytest
from hosts import wait_until
from libvirt_daemon import LibvirtDaemon, marks
from refusals import refused

POOL = "<pool type='dir'><name>{}</name><target><path>{}</path></target></pool>"
VOLUME = "<volume><name>{}</name><capacity unit='MiB'>64</capacity><allocation>0</allocation></volume>"

pytestmark = marks


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
