# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the daemon under test runs: in this machine over the simulated hypervisor, or in a lab on real Xen."""

import collections
import contextlib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import time

import libvirt
from remote_shell import RemoteShell

ROOT = pathlib.Path(__file__).resolve().parents[2]

GUEST = """<domain type='xen'>
  <name>{name}</name>
  <memory unit='MiB'>{memory_mib}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>{os_type}</type>
    {boot}
  </os>
  <on_reboot>restart</on_reboot>
  <devices>{devices}</devices>
</domain>"""

KERNEL = """<kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>console={console} quiet {words}</cmdline>"""

# Any number of guests start from it at once; none of them writes.
SYSTEM_DISK = """<disk type='file' device='disk'>
  <source file='{path}'/>
  <target dev='{dev}' bus='{bus}'/>
  <readonly/>
</disk>"""

TYPES = {
    "pv": {"machine": "xenpv", "os_type": "linux", "console": "hvc0", "devices": ""},
    "pvh": {"machine": "xenpvh", "os_type": "xenpvh", "console": "hvc0", "devices": ""},
    "hvm": {"machine": "xenfv", "os_type": "hvm", "console": "ttyS0", "devices": "<serial type='pty'/>"},
}


def wait_until(condition, seconds, what):
    """The first true answer of `condition`; a test failure that says `what` was waited for after `seconds`."""
    begin = time.monotonic()
    while (waited := time.monotonic() - begin) < seconds:
        answer = condition()
        if answer:
            return answer
        # Who asks often takes from a lab's guests the time in which they do what is waited for.
        time.sleep(min(0.02 + waited / 10, 0.25))
    raise AssertionError(f"not within {seconds} s: {what}")


class LastingGuest:
    """How a guest was at first."""

    def __init__(self, domain):
        self.domid = domain.ID()
        self.seen = self.look_at(domain)

    @staticmethod
    def look_at(domain):
        definition = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        return domain.UUIDString(), domain.state()[0], domain.hasManagedSaveImage(), definition

    def is_as_it_was(self, domain):
        """It may have been saved and restored, but has not booted again."""
        booted = domain.state()[1] == libvirt.VIR_DOMAIN_RUNNING_BOOTED
        return self.look_at(domain) == self.seen and (domain.ID() == self.domid or not booted)


class Host:
    """What both kinds have: a URI, and guests that a test can describe once for both."""

    uri: str
    kernel: str
    initrd: str
    patience: float  # seconds within which a guest starts or ends
    core_bytes_per_mib: int  # how long the core of a guest is at least
    remote: bool  # the daemon sees another process than this as its client
    timelines: str  # the folder of the domains' timelines, on the host of the daemon
    cores: str  # and of the cores of guests that crashed
    words_of_a_brief_device_model = ""
    hurry = ""  # words for the kernels of guests, so that they boot sooner

    def __init__(self):
        self.lasting_guests = {}  # by name (lasting.py)

    def connect(self):
        return contextlib.closing(libvirt.open(self.uri))

    def connect_read_only(self):
        return contextlib.closing(libvirt.openReadOnly(self.uri))

    def virsh(self, *words, ok=True, timeout=120):
        """What `virsh words...` printed; with ok=False what it complained of."""
        answer = subprocess.run(
            ["virsh", "-c", self.uri, *map(str, words)], capture_output=True, text=True, timeout=timeout
        )
        assert (answer.returncode == 0) == ok, f"virsh {' '.join(map(str, words))}: {answer.stdout}{answer.stderr}"
        return answer.stdout.strip() if ok else answer.stderr.strip()

    def guest(self, name, kind="pv", *, words="", memory_mib=128, kernel=None, initrd=None):
        """Domain XML. `words` steer the guest: deaf, crash-after=S, reboot-after=S, poweroff-after=S."""
        both = " ".join(f"sim:{word} guest.{word}" for word in words.split())
        boot = KERNEL.format(
            words=" ".join(filter(None, (f"guest.name={name}", both, self.hurry))),
            kernel=kernel or self.kernel,
            initrd=initrd or self.initrd,
            **TYPES[kind],
        )
        return GUEST.format(name=name, boot=boot, memory_mib=memory_mib, **TYPES[kind])

    def place(self, name):
        """An absolute path on the host of the daemon, where nothing is."""
        raise NotImplementedError

    def shell(self, command):
        """What a shell command on the host of the daemon printed."""
        raise NotImplementedError

    def end_device_model(self, domain):
        """Soon, of an HVM guest that has the `words_of_a_brief_device_model`."""
        raise NotImplementedError

    def wait_until_it_listens(self, domain):
        """Until the guest has booted so far that it answers a request to shut down."""
        raise NotImplementedError

    def wait_for_state(self, domain, state, seconds=None):
        wait_until(lambda: domain.state()[0] == state, seconds or self.patience, f"state {state} of {domain.name()}")

    def lasting_guest(self, conn, xml, booted):
        """A guest that runs: what a test asks for first. One that is there, and as it was at first, is taken again."""
        name = re.search("<name>(.*)</name>", xml)[1]
        with contextlib.suppress(KeyError, libvirt.libvirtError):
            domain = conn.lookupByName(name)
            if self.lasting_guests[name].is_as_it_was(domain):
                return domain
        self.lasting_guests.pop(name, None)
        self.clear()
        conn.defineXML(xml).create()
        domain = conn.lookupByName(name)
        if booted:
            self.wait_until_it_listens(domain)
        self.lasting_guests[name] = LastingGuest(domain)
        return domain

    def clear(self):
        """Leaves the lasting guests only."""
        with self.connect() as conn:

            def others():
                return [one for one in conn.listAllDomains() if one.ID() != 0 and one.name() not in self.lasting_guests]

            for domain in others():
                with contextlib.suppress(libvirt.libvirtError):
                    domain.destroy()
                with contextlib.suppress(libvirt.libvirtError):
                    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
            wait_until(lambda: not others(), self.patience, "only Domain-0 left")


class SimulatedHost(Host):
    """virtlightd --hypervisor simulated in a folder of its own."""

    patience = 10
    core_bytes_per_mib = 1024
    remote = False
    words_of_a_brief_device_model = "model-ends-after=1"

    def __init__(self, folder, root):
        super().__init__()
        self.program = folder / "virtlightd"
        self.root = root
        self.socket = root / "run" / "virtlightd.sock"
        self.uri = f"xen+unix:///system?socket={self.socket}"
        self.libvirt_sockets = root / "run" / "libvirt"  # where libvirt's own daemons are looked for
        self.log = root / "virtlightd.log"
        self.cores = root / "var" / "lib" / "virtlight" / "cores"
        self.timelines = root / "var" / "log" / "virtlight" / "timeline"
        self.process = None
        self.kernel = str(root / "vmlinuz")
        self.initrd = str(root / "initrd.img")
        (root / "vmlinuz").write_bytes(b"a kernel for a simulated guest")
        (root / "initrd.img").write_bytes(b"its initramfs")

    def launch(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--hypervisor", "simulated", "--root", self.root],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def start(self):
        self.launch()
        wait_until(self.answers, 20, "the daemon's first answer")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        if not self.socket.exists():
            return False
        try:
            with self.connect():
                return True
        except libvirt.libvirtError:
            return False

    def stop(self):
        """An orderly end. The log must not speak of stalls of the core, nor a sanitizer of anything."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        self.process = None
        log = self.log.read_text()
        assert status == 0, f"the daemon ended with {status}:\n{log[-4000:]}"
        assert "stall:" not in log, log[-4000:]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def end_device_model(self, domain):
        pass  # by itself

    def wait_until_it_listens(self, domain):
        pass  # from its first moment

    def place(self, name):
        path = self.root / name
        path.unlink(missing_ok=True)
        return str(path)

    def shell(self, command):
        return subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def broken_by_the_emulator(self, name):
        """There is none."""
        del name
        return set()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process:
            self.stop()


class LabHost(Host):
    """virtlightd in the dom0 of a lab that is up, on real Xen."""

    patience = 240
    # A kernel tests its ciphers whenever it boots, readies itself to be traced and protects its text: seconds on an
    # emulated processor.
    hurry = ("rodata=off cryptomgr.notests initcall_blacklist=crypto_kdf108_init,init_kprobe_trace,load_system_certificate_list,"
             "init_encrypted,digsig_init")
    core_bytes_per_mib = 1024 * 1024
    remote = True
    timelines = "/var/log/virtlight/timeline"
    cores = "/var/lib/virtlight/cores"
    kernel = "/var/lib/virtlight-lab/vmlinuz"
    unpacked = "/var/lib/virtlight-lab/vmlinux"  # what a domain builder need not unpack for each PV or PVH guest
    initrd = "/var/lib/virtlight-lab/initrd.img"
    disk = "/var/lib/virtlight-lab/disk.img"

    idle_shells = collections.defaultdict(list)  # in the dom0 of each lab
    command_seconds = 300

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.uri = self.lab("socket")

    def command(self, *words):
        return [ROOT / "scripts" / "lab", words[0], "--name", self.name, *words[1:]]

    def lab(self, *words):
        answer = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=self.command_seconds)
        assert answer.returncode == 0, f"scripts/lab {' '.join(words)}: {answer.stdout}{answer.stderr}"
        return answer.stdout.strip()

    def guest(self, name, kind="pv", *, words="", memory_mib=128, **files):
        """An HVM guest that needs no words boots from a disk: its emulated BIOS gets a kernel itself in single bytes."""
        if kind != "hvm":
            return super().guest(name, kind, words=words, memory_mib=memory_mib, **{"kernel": self.unpacked, **files})
        if words or files:
            return super().guest(name, kind, words=words, memory_mib=memory_mib, **files)
        hvm = TYPES[kind]
        devices = SYSTEM_DISK.format(path=self.disk, dev="sda", bus="scsi") + hvm["devices"]
        return GUEST.format(name=name, memory_mib=memory_mib, **{**hvm, "boot": "<boot dev='hd'/>", "devices": devices})

    def daemon(self, how):
        """Starts, restarts, stops or kills the daemon; one that was started answers."""
        self.lab("daemon", how)
        if how in ("start", "restart"):
            wait_until(self.answers, 30, "the daemon's answer")

    def answers(self):
        try:
            with self.connect():
                return True
        except libvirt.libvirtError:
            return False

    def dom0(self, command):
        """What a shell command in dom0 printed."""
        try:
            with self.shell_in_dom0() as shell:
                status, printed = shell.run(command, self.command_seconds)
        except OSError as error:  # the lab has gone down, or stands still
            raise AssertionError(f"in dom0: {command}: {error!r}") from error
        assert status == 0, f"in dom0: {command}: {printed}"
        return printed.strip()

    @contextlib.contextmanager
    def shell_in_dom0(self):
        """One that nobody else uses meanwhile, and the next command afterwards."""
        idle = self.idle_shells[self.name]
        while True:
            try:
                shell = idle.pop()
            except IndexError:
                shell = RemoteShell(self.command("ssh", "exec bash"))
            if shell.lives():
                break
            shell.close()
        try:
            yield shell
        except OSError:
            shell.close()
            raise
        idle.append(shell)

    @contextlib.contextmanager
    def reaches(self, ours, theirs):
        """Who connects to the socket `theirs` in dom0 reaches the socket `ours` of this machine meanwhile."""
        ssh = ["ssh", "-F", ROOT / "build" / "lab" / self.name / "ssh_config"]
        way = ["-R", f"{theirs}:{ours}", "dom0"]
        self.dom0(f"mkdir -p {os.path.dirname(theirs)}; rm -f {theirs}")
        subprocess.run([*ssh, "-O", "forward", *way], check=True, capture_output=True, timeout=self.command_seconds)
        try:
            yield
        finally:
            subprocess.run([*ssh, "-O", "cancel", *way], check=True, capture_output=True, timeout=self.command_seconds)
            self.dom0(f"rm -f {theirs}")

    def place(self, name):
        path = f"/var/tmp/{name}"
        self.dom0(f"rm -rf {path}")
        return path

    def shell(self, command):
        return self.dom0(command)

    def end_device_model(self, domain):
        self.dom0(f"kill -9 $(xenstore-read /local/domain/{domain.ID()}/image/device-model-pid)")

    def wait_until_it_listens(self, domain):
        name = domain.name()
        log = f"/var/log/xen/console/guest-{name}.log"
        # It waits in dom0: asking again and again from here would take from the guest the time that it boots in.
        seen = f"grep -qs 'name={name} ' {log}"
        told = shlex.quote(f"until {seen}; do sleep 0.5; done")
        answer = self.dom0(f"timeout {self.patience} sh -c {told} && echo yes || true")
        assert answer == "yes", f"not within {self.patience} s: the first line of {name}"

    def __enter__(self):
        self.clear()
        return self

    def __exit__(self, *_):
        pass  # the lab is its starter's

    def clear(self):
        super().clear()
        # What a guest of the same name said once is not what the next one says.
        self.dom0("rm -f /var/log/xen/console/guest-*.log")

    def broken_by_the_emulator(self, name):
        """The domids in which a guest of this name met a triple fault (emulator.py), as far as Xen and the daemon remember."""
        told = self.dom0("xl dmesg | grep 'Triple fault' || true")
        ran = self.dom0(f"grep -F \"'{name}' runs as domid\" /var/log/virtlightd.log | tail -n 20 || true")
        return set(re.findall(r"d(\d+)v\d+ Triple", told)) & set(re.findall(r"as domid (\d+)", ran))

    def stalls(self):
        """What the daemon's log says of long steps. The emulator's own pauses are among them, so no test judges it."""
        return self.dom0("grep stall: /var/log/virtlightd.log || true")


