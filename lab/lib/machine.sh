# shellcheck shell=bash
# The machine that QEMU emulates: Xen, with dom0 on a disk that forgets everything when the machine stops.

proved_qemu=7.2
machine_memory=4096 # MiB
dom0_memory=1536    # MiB
boot_deadline=180   # seconds; about 11 on a quiet machine
stop_deadline=10    # seconds

# What emulation without KVM needs of the CPU (with QEMU 7.2):
#   EPYC      Xen refuses all guests on older AMD models (erratum 121); +svm: PVH and HVM guests
#   -smap     QEMU before 9.1 faults on Xen's return to dom0's user space
#   -monitor  Xen's idle loop panics in mwait
#   -rdtscp   HVM guests hang
cpu=EPYC,+svm,-smap,-smep,-monitor,-rdtscp
# What no flag mends: on a busy machine a PVH or HVM guest may triple-fault while its kernel patches itself, which Xen takes
# for a reboot. It needs two processors on two threads, but with one HVM guests crawl. The tests know these faults by what
# Xen reports (tests/client/emulator.py).
# eager-fpu: when Xen saves vector registers lazily, those of dom0 are lost now and then while a PVH or HVM guest runs,
# and any program there may compute nonsense (a wrong ssh signature, a lock that nobody holds).
# no, and mitigations=off: an emulated processor does not speculate, and what shields a true one costs it a seventh of its time.
xen_line="console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=warning spec-ctrl=no,eager-fpu"
xen_line+=" dom0_mem=${dom0_memory}M,max:${dom0_memory}M"
dom0_line="console=hvc0 quiet mitigations=off"

check_qemu_version() {
  local version
  version=$(qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9]*\.[0-9]*\).*/\1/p')
  [[ $version == "$proved_qemu" ]] ||
    say "Note: this is QEMU $version; the lab is proved with $proved_qemu (QEMU 10.0 failed to start PVH and HVM guests)"
}

# Prints the process id of this lab's QEMU, or fails.
machine_pid() {
  local pid
  pid=$(cat "$state/qemu.pid" 2>/dev/null) || return 1
  # The number alone proves nothing: it may have passed to another process.
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$state/serial.log" || return 1
  echo "$pid"
}

start_machine() {
  # The disk's temporary overlay goes into TMPDIR. Port 0: the kernel picks a free one.
  TMPDIR=$state qemu-system-x86_64 -name "virtlight-lab-$name" -nodefaults -no-user-config -no-reboot \
    -accel tcg,thread=multi -cpu "$cpu" -machine q35 -smp 2 -m "$machine_memory" \
    -display none -monitor "unix:$state/monitor.sock,server=on,wait=off" -serial "file:$state/serial.log" -daemonize -pidfile "$state/qemu.pid" \
    -kernel "$image/xen" -append "$xen_line" -initrd "$image/vmlinuz $dom0_line,$image/initrd.img" \
    -drive "file=$image/dom0.img,if=virtio,format=raw,snapshot=on" \
    -netdev user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22 -device virtio-net-pci,netdev=net,romfile= \
    2>"$state/qemu.log" || fail "QEMU did not start: $(tail -n 1 "$state/qemu.log")"
}

# wait_for_machine LINE: until dom0 says the line on its console.
wait_for_machine() {
  local end=$((SECONDS + boot_deadline))
  until grep -q "$1" "$state/serial.log"; do
    machine_pid >/dev/null || fail_with_serial "QEMU ended while dom0 was starting"
    ((SECONDS < end)) || fail_with_serial "dom0 did not say \"$1\" within $boot_deadline s"
    sleep 0.1
  done
}

fail_with_serial() {
  printf '\n' >&2
  tail -n 20 "$state/serial.log" | tr -d '\r' >&2
  stop_machine
  fail "$1; above is the end of $state/serial.log"
}

# Prints the loopback port that leads to dom0's ssh: the one TCP port on which this QEMU listens.
machine_port() {
  local pid inode
  pid=$(machine_pid) || return 1
  for inode in $(find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n'); do
    # of /proc/net/tcp: local address:port in hex, state 0A = listening
    awk -v inode="$inode" '$10 == inode && $4 == "0A" { sub(".*:", "", $2); print $2 }' /proc/net/tcp
  done | while read -r hex; do echo $((16#$hex)); done
}

stop_machine() {
  local pid end=$((SECONDS + stop_deadline))
  pid=$(machine_pid) || return 0
  kill "$pid" 2>/dev/null || true
  while machine_pid >/dev/null; do
    ((SECONDS < end)) || kill -9 "$pid" 2>/dev/null || true
    sleep 0.1
  done
}
