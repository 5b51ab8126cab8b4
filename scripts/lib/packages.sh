# shellcheck shell=bash
# Installing Debian packages that a script needs. Uses say.sh.

# Sets sudo to the words that give a command root's rights.
sudo=()
need_root_for() {
  ((EUID == 0)) && return 0
  command -v sudo >/dev/null || fail "neither root nor sudo here; have root run: $*"
  sudo=(sudo)
}

# Brings apt's package lists up to date, at most once a run.
lists_are_fresh=0
refresh_package_lists() {
  ((lists_are_fresh)) && return 0
  need_root_for apt-get update
  say "Refreshing the list of Debian packages"
  quietly "${sudo[@]}" apt-get -q update || fail "apt-get update failed; is the Debian mirror reachable?"
  lists_are_fresh=1
}

package_is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

install_packages() {
  quietly "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "$@"
}

# need_packages PACKAGE...: installs those that are missing, saying so in one line.
need_packages() {
  local package missing=()
  for package; do
    package_is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return 0
  need_root_for apt-get install "${missing[@]}"
  say "Installing Debian packages: ${missing[*]}"
  # A machine whose lists are missing or stale learns it from apt itself.
  if apt-cache show --no-all-versions "${missing[@]}" >/dev/null 2>&1 && install_packages "${missing[@]}"; then
    return 0
  fi
  refresh_package_lists
  install_packages "${missing[@]}" || fail "apt-get could not install: ${missing[*]}"
}
