# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest sees of its devices, and others of them through it."""

import os

import images
import libvirt
import pytest
from consoles import Virsh
from hosts import wait_until
from libvirt_daemon import LibvirtDaemon, can_run
from refusals import refused

LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
MIB = 1024 * 1024


@pytest.fixture
def bridge(host):
    host.dom0("ip link add xenbr0 type bridge 2>/dev/null; ip link set xenbr0 up")


class Shell(Virsh):
    """The shell that a guest has on its console."""

    def __enter__(self):
        self.until("# ")
        return self

    def run(self, command):
        """What the command printed. The mark that ends it does not stand in what is typed."""
        begin = len(self.text)
        self.type(f"{command}; echo done-$((40 + 2))\n")
        self.until("done-42")
        printed = self.text[begin:]
        self.text = ""
        return printed


def test_two_guests_on_a_bridge_reach_each_other(host, conn, bridge):
    card = "<interface type='bridge'><source bridge='xenbr0'/></interface>"
    for name in ("ping", "pong"):
        conn.createXML(host.guest(name).replace("<devices>", f"<devices>{card}"))
    with Shell(host, "pong") as pong, Shell(host, "ping") as ping:
        pong.run("modprobe xen-netfront; ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up")
        ping.run("modprobe xen-netfront; ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up")
        answer = ping.run("for _ in $(seq 60); do ping -c 1 -W 1 10.9.0.2 && break; sleep 1; done")
        assert "1 packets received" in answer
        # A cable that is pulled out, and put in again.
        host.virsh("domif-setlink", "pong", f"vif{conn.lookupByName('pong').ID()}.0", "down")
        assert " 0 packets received" in ping.run("ping -c 3 -W 1 10.9.0.2")
        host.virsh("domif-setlink", "pong", f"vif{conn.lookupByName('pong').ID()}.0", "up")
        answer = ping.run("for _ in $(seq 60); do ping -c 1 -W 1 10.9.0.2 && break; sleep 1; done")
        assert "1 packets received" in answer
    assert "10.9.0.2" not in host.virsh("domifaddr", "pong", "--source", "arp"), "it has talked to ping alone"
    counted = conn.lookupByName("pong").interfaceStats(f"vif{conn.lookupByName('pong').ID()}.0")
    assert counted[0] > 0 and counted[4] > 0


@can_run
def test_a_guest_hangs_on_the_bridge_of_its_network(host, conn, bridge, tmp_path):
    name = f"virtlight-{os.getpid()}"
    networks = LibvirtDaemon(tmp_path / "run", tmp_path, "network", "virtnetworkd")
    with networks, host.reaches(networks.socket.resolve(), "/run/libvirt/virtnetworkd-sock"):
        network = conn.networkCreateXML(f"<network><name>{name}</name><forward mode='bridge'/><bridge name='xenbr0'/></network>")
        card = f"<interface type='network'><source network='{name}'/></interface>"
        domain = conn.createXML(host.guest("networked").replace("<devices>", f"<devices>{card}"))
        assert f"<source network='{name}' bridge='xenbr0'/>" in domain.XMLDesc()
        assert f"vif{domain.ID()}.0" in host.dom0("ls /sys/class/net/xenbr0/brif").split()
        domain.attachDeviceFlags(card, LIVE)
        assert f"vif{domain.ID()}.1" in host.dom0("ls /sys/class/net/xenbr0/brif").split()
        domain.destroy()
        network.destroy()


def test_dom0_knows_the_address_of_a_guest_that_has_answered_it(host, conn, bridge):
    host.dom0("ip addr replace 10.9.1.1/24 dev xenbr0")
    card = "<interface type='bridge'><source bridge='xenbr0'/></interface>"
    conn.createXML(host.guest("answers").replace("<devices>", f"<devices>{card}"))
    with Shell(host, "answers") as guest:
        guest.run("modprobe xen-netfront; ip addr add 10.9.1.2/24 dev eth0; ip link set eth0 up")
        host.dom0("for _ in $(seq 60); do ping -c 1 -W 1 10.9.1.2 && break; sleep 1; done")
    assert "10.9.1.2" in host.virsh("domifaddr", "answers", "--source", "arp")
    host.dom0("ip addr del 10.9.1.1/24 dev xenbr0")


def test_what_a_guest_writes_to_a_disk_that_came_is_on_it_when_it_has_gone(host, conn):
    image = host.place("written.img")
    host.dom0(f"truncate -s {4 * MIB} {image}")
    disk = f"""<disk type='block' device='disk'>
      <source dev='{host.dom0(f"losetup -f --show {image}")}'/><target dev='xvdb' bus='xen'/></disk>"""
    domain = conn.createXML(host.guest("writer"))
    with Shell(host, "writer") as guest:
        domain.attachDeviceFlags(disk, LIVE)
        guest.run("modprobe xen-blkfront; until [ -b /dev/xvdb ]; do sleep 0.2; done")
        guest.run("echo words of the guest | dd of=/dev/xvdb conv=fsync")
        assert domain.blockInfo("xvdb")[0] == 4 * MIB
        with refused(libvirt.VIR_ERR_INVALID_ARG, "disk xvdb of domain 'writer', whose data would be lost"):
            domain.coreDump(image)
        domain.detachDeviceFlags(disk, LIVE)
        guest.run("while [ -b /dev/xvdb ]; do sleep 0.2; done")
    assert host.dom0(f"head -c 18 {image}") == "words of the guest"
    host.dom0(f"losetup -j {image} | cut -d: -f1 | xargs losetup -d")


def disk(kind, path, target="xvdb"):
    return f"""<disk type='file' device='disk'>
      <driver type='{kind}'/><source file='{path}'/><target dev='{target}' bus='xen'/></disk>"""


def test_a_guest_sees_its_disks_grow(host, conn):
    kinds = {"xvdb": "raw", "xvdc": "qcow2"}  # which dom0's kernel serves, and a QEMU
    xml = "".join(disk(kind, getattr(images, kind)(host, f"grows.{kind}"), name) for name, kind in kinds.items())
    domain = conn.createXML(host.guest("grower").replace("<devices>", f"<devices>{xml}"))
    with Shell(host, "grower") as guest:
        for name in kinds:
            guest.run(f"modprobe xen-blkfront; until [ -b /dev/{name} ]; do sleep 0.2; done")
            host.virsh("blockresize", "grower", name, "32M")
            assert domain.blockInfo(name)[0] == 32 * MIB
            # dom0's kernel looks with each request that reaches it.
            read = f"echo 3 >/proc/sys/vm/drop_caches; head -c 4096 /dev/{name} >/dev/null; sleep 0.2"
            guest.run(f"until [ $(cat /sys/block/{name}/size) = {32 * MIB // 512} ]; do {read}; done")
            guest.run(f"echo words at its end | dd of=/dev/{name} bs=512 seek={32 * MIB // 512 - 1} conv=fsync")
            assert "words at its end" in guest.run(f"tail -c 512 /dev/{name} | head -c 16")


def test_of_a_device_model_that_hangs_the_last_figures_are_told(host, conn):
    xml = disk("qcow2", images.qcow2(host, "hangs.qcow2"))
    domain = conn.createXML(host.guest("hangs").replace("<devices>", f"<devices>{xml}"))

    def reads():
        [(_, params)] = conn.domainListGetStats([domain], libvirt.VIR_DOMAIN_STATS_BLOCK)
        return params.get("block.0.rd.reqs", 0)

    wait_until(lambda: reads() > 0, host.patience, "what the guest has read")
    model = host.dom0(f"pgrep -f -- '-xen-domid {domain.ID()} '")
    host.dom0(f"kill -STOP {model}")
    try:
        assert all(reads() > 0 for _ in range(10))
    finally:
        host.dom0(f"kill -CONT {model}")
    wait_until(lambda: reads() > 0, host.patience, "its figures again")


def test_a_guest_sees_the_memory_and_the_vcpus_that_it_is_given_and_left(host, conn):
    domain = conn.createXML(host.guest("grows", memory_mib=256).replace("<vcpu>1</vcpu>", "<vcpu current='1'>2</vcpu>"))
    with Shell(host, "grows") as guest:
        assert "1" in guest.run("nproc").split()
        domain.setVcpusFlags(2, LIVE)
        second = "/sys/devices/system/cpu/cpu1/online"  # a system with udev has a rule that writes there
        guest.run(f"until echo 1 >{second}; do sleep 0.2; done 2>/dev/null; until [ $(nproc) = 2 ]; do sleep 0.2; done")
        before = "$(awk '/MemTotal/ { print $2 }' /proc/meminfo)"
        guest.run(f"before={before}")
        domain.setMemoryFlags(192 * 1024, LIVE)
        guest.run(f"until [ {before} -lt $((before - 32768)) ]; do sleep 0.2; done")
        domain.setMemoryFlags(256 * 1024, LIVE)
        guest.run(f"until [ {before} -gt $((before - 8192)) ]; do sleep 0.2; done")


def test_the_screen_of_an_hvm_guest_is_served_by_vnc_and_taken_as_a_picture(host, conn, tmp_path):
    screen = "<graphics type='vnc'/><video><model type='vga' vram='16384'/></video>"
    domain = conn.createXML(host.guest("shown", "hvm").replace("<devices>", f"<devices>{screen}"))
    host.virsh("screenshot", "shown", tmp_path / "screen.ppm")
    kind, size, _ = (tmp_path / "screen.ppm").read_bytes().split(b"\n", 2)
    width, height = map(int, size.split())
    assert kind == b"P6" and width >= 640 and height >= 400
    port = 5900 + int(host.virsh("vncdisplay", "shown").rsplit(":", 1)[1])
    greeting = host.dom0(f"timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; head -c 12 <&3'")
    assert greeting.startswith("RFB 003.")
    domain.destroy()
