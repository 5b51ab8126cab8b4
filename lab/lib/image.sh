# shellcheck shell=bash
# The image a lab boots from: made once, cached by the content that made it.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/virtlight/lab
images_kept=3

# Sixteen hex digits that change with anything the image depends on, except the versions of Debian's packages.
image_key() {
  {
    cd "$repo/lab"
    find packages modules guest image -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    find packages modules guest image -type f -perm -u=x | LC_ALL=C sort # git knows of no other mode
    . /etc/os-release
    echo "$ID $VERSION_CODENAME"
  } | sha256sum | cut -c1-16
}

# Holds the cache as descriptor 8. The lock's file goes with the cache, so a waiter may hold the lock of a file that is no
# more: then it takes the new one.
lock_cache() {
  while :; do
    mkdir -p "$cache"
    [[ -w $cache || ! -e $cache ]] || fail "cannot write to $cache"
    { exec 8>"$cache/lock"; } 2>/dev/null || continue
    flock 8
    [[ /proc/self/fd/8 -ef $cache/lock ]] && break
  done
}

# A running lab needs its image no more than as the files that it holds open.
forget_images() {
  [[ -e $cache ]] || return 0
  lock_cache
  rm -rf "$cache"
  exec 8>&-
  rmdir --ignore-fail-on-non-empty "${cache%/*}" 2>/dev/null || true # or another one was first
}

# Sets image to a folder with all that `lab/image/build` makes. Whoever comes second waits for the first.
ensure_image() {
  local old
  image=$cache/$(image_key)
  mkdir -p "$cache"
  if [[ ! -d $image ]]; then
    lock_cache
    if [[ ! -d $image ]]; then
      say "Making dom0's image (once; kept in $cache)"
      rm -rf "$cache"/*.partial
      "$repo/lab/image/build" "$image.partial" 8>&-
      mv -T "$image.partial" "$image"
    fi
    exec 8>&-
  fi
  touch "$image"
  # A running lab holds its image open, so an old one may go at any time.
  for old in $(cd "$cache" && find . -maxdepth 1 -type d -name '????????????????' -printf '%T@ %f\n' | sort -rn |
    tail -n +$((images_kept + 1)) | cut -d' ' -f2); do
    rm -rf "${cache:?}/$old"
  done
}
