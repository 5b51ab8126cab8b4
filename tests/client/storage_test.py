# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storage pools and volumes, which are libvirt's own daemon's where the host runs it."""

import os
import pathlib
import subprocess

import libvirt
import pytest
from hosts import wait_until
from refusals import refused

LIBVIRTD = pathlib.Path("/usr/sbin/libvirtd")
DRIVERS = "/usr/lib/*/libvirt/connection-driver/libvirt_driver_storage.so"
POOL = "<pool type='dir'><name>{}</name><target><path>{}</path></target></pool>"
VOLUME = "<volume><name>{}</name><capacity unit='MiB'>64</capacity><allocation>0</allocation></volume>"

# libvirt keeps what it knows of pools in one place of the host.
another = pathlib.Path("/run/libvirtd.pid").exists()
pytestmark = [
    pytest.mark.simulated,
    pytest.mark.skipif(not LIBVIRTD.exists() or os.geteuid() != 0 or another, reason="needs root and a libvirtd that does not run"),
]


class StorageDaemon:
    """libvirt's daemon with its storage driver alone."""

    def __init__(self, folder, listening):
        self.socket = listening / "virtstoraged-sock"
        listening.mkdir(parents=True)
        self.words = ["-f", folder / "libvirtd.conf", "-p", folder / "libvirtd.pid"]
        drivers = folder / "drivers"
        drivers.mkdir()
        for driver in pathlib.Path("/").glob(DRIVERS[1:]):
            (drivers / driver.name).symlink_to(driver)
        self.environment = {**os.environ, "LIBVIRT_DRIVER_DIR": str(drivers)}
        self.log = folder / "libvirtd.log"
        (folder / "libvirtd.conf").write_text(
            f'unix_sock_dir = "{listening}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "2:file:{self.log}"\n'
        )
        self.socket.symlink_to("libvirt-sock")
        self.process = None

    def start(self):
        self.process = subprocess.Popen([LIBVIRTD, *self.words], env=self.environment, stdin=subprocess.DEVNULL)
        wait_until(self.answers, 20, "the storage daemon's first answer")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        return self.socket.is_socket()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.socket.resolve().unlink(missing_ok=True)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


@pytest.fixture
def storage(own_host, tmp_path_factory):
    with StorageDaemon(tmp_path_factory.mktemp("storage"), own_host.root / "run" / "libvirt") as daemon:
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
        with refused(libvirt.VIR_ERR_NO_SUPPORT, "list them again"):
            conn.storagePoolEventRegisterAny(None, libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, print, None)


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
