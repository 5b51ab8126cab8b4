# shellcheck shell=bash
# How the scripts speak: one line a thing, colours only on a terminal, times of long steps.

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
  bold='' green='' dim='' plain=''
fi

say() { printf '%s\n' "$*"; }

fail() {
  ((phase_is_open)) && printf '\n'
  phase_is_open=0
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

now_ms() {
  local now=${EPOCHREALTIME/[.,]/}
  echo $((now / 1000))
}

# seconds_since BEGIN_MS: "12.3 s"
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# phase TITLE COMMAND...: prints the title, runs the command (which must be silent), prints its time.
phase_is_open=0
phase() {
  local title=$1 begin
  shift
  begin=$(now_ms)
  printf '  %-52s' "$title"
  phase_is_open=1
  "$@"
  phase_is_open=0
  printf '%s%8s%s\n' "$green" "$(seconds_since "$begin")" "$plain"
}

# show_progress LOG: behind the title of the open phase, until it is ended: how far a build is, as ninja says it ("[12/340]").
show_progress() {
  local now
  while sleep 0.5 && kill -0 $$ 2>/dev/null; do # a Ctrl-C ends the script alone
    now=$(tail -c 4000 "$1" 2>/dev/null | grep -oE '^\[[0-9]+/[0-9]+\]' | tail -n 1) || continue
    printf '\e7\e[K%s%s%s\e8' "$dim" "$now" "$plain"
  done
}

# quietly COMMAND...: shows the end of what an external command printed only when it fails, and where the whole of it is.
# On a terminal a build tells how far it is.
quietly() {
  local log progress='' status=0
  log=$(mktemp)
  if ((phase_is_open)) && [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
    show_progress "$log" &
    progress=$!
  fi
  "$@" >"$log" 2>&1 || status=1
  if [[ $progress ]]; then
    kill "$progress" 2>/dev/null || true
    wait "$progress" 2>/dev/null || true
    printf '\e[K'
  fi
  if ((status == 0)); then
    rm -f "$log"
    return 0
  fi
  printf '\n' >&2
  tail -n 15 "$log" >&2
  printf 'All that it said is in %s\n' "$log" >&2
  return 1
}
