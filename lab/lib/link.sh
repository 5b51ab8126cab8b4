# shellcheck shell=bash
# The way into dom0: one ssh connection, kept open, that carries commands and virtlightd's socket.

ssh_deadline=60 # seconds
dom0_socket=/run/virtlightd.sock
longest_socket_path=107 # of sun_path, without its final zero

write_ssh_config() {
  local port
  port=$(machine_port) || fail "QEMU of lab $name ended"
  install -m 600 "$image/id_ed25519" "$state/id_ed25519"
  install -m 600 "$image/known_hosts" "$state/known_hosts"
  cat >"$state/ssh_config" <<CONFIG
Host dom0
  HostName 127.0.0.1
  Port $port
  User root
  HostKeyAlias dom0
  IdentityFile "$state/id_ed25519"
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile "$state/known_hosts"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  PreferredAuthentications publickey
  KexAlgorithms curve25519-sha256
  ControlPath "$state/ssh.sock"
  ConnectTimeout 15
  LogLevel ERROR
CONFIG
}

in_dom0() { ssh -F "$state/ssh_config" dom0 "$@"; }

link_is_up() { in_dom0 -O check 2>/dev/null; }

open_link() {
  # ssh makes its sockets under a temporary name that is longer by a dot and 16 letters.
  ((${#state} + ${#ssh_temporary_name} <= longest_socket_path)) ||
    fail "the path $state is too long for UNIX sockets; check the project out nearer to /"
  local end=$((SECONDS + ssh_deadline))
  until in_dom0 -M -f -N -o ControlPersist=yes -o ExitOnForwardFailure=yes -o StreamLocalBindUnlink=yes \
    -o ServerAliveInterval=20 -o ServerAliveCountMax=6 -L "$client_socket:$dom0_socket" >"$state/ssh.log" 2>&1; do
    machine_pid >/dev/null || fail_with_serial "QEMU ended"
    ((SECONDS < end)) || fail "dom0 does not answer by ssh within $ssh_deadline s: $(tail -n 1 "$state/ssh.log")"
    sleep 0.3
  done
}
ssh_temporary_name=/ssh.sock.0123456789abcdef

# The connection can be lost (a suspended machine, say) while the lab lives on.
ensure_link() {
  machine_pid >/dev/null || fail "lab $name is down; start it: scripts/lab up$name_option"
  link_is_up || open_link
}

close_link() {
  [[ -e $state/ssh.sock ]] || return 0
  in_dom0 -O exit 2>/dev/null || true
}
