# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completes the words of virtlight in bash: commands and options as its --help has them, domains as the daemon lists them.

# _virtlight_domains [WORD...]: their names, of the daemon that these words name. One that hangs is not waited for.
_virtlight_domains() {
  timeout 2 virtlight "$@" list --json 2>/dev/null | grep -o '"name":"[^"\\]*"' | cut -d'"' -f4
}

_virtlight() {
  local command='' word known word_known i
  local -a words daemon=()
  # By blanks alone: bash would cut a URI at its colons. The word that is being typed may still be empty.
  read -ra words <<<"${COMP_LINE:0:COMP_POINT}x"
  word=${words[-1]%x}
  unset 'words[-1]'
  for ((i = 1; i < ${#words[@]}; i++)); do
    case ${words[i]} in
      --root | -c | --connect)
        daemon+=("${words[i]}" "${words[i + 1]:-}")
        ((++i))
        ;;
      -*) ;;
      *) command=${command:-${words[i]}} ;;
    esac
  done
  case $word,$command in
    -*) known=$(virtlight ${command:+"$command"} --help | sed -nE 's/^  (-[a-z],)?(--[a-z-]+).*/\2/p') ;;
    *,) known=$(virtlight --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p') ;;
    *,import) known=$(compgen -f -- "$word") ;;
    *,console | *,logs | *,release | *,retake | *,wait-off) known=$(_virtlight_domains "${daemon[@]}") ;;
    *) known= ;;
  esac
  # Not by compgen -W, which runs what a name may have in it.
  COMPREPLY=()
  while IFS= read -r word_known; do
    [[ -z $word_known || $word_known != "$word"* ]] || COMPREPLY+=("$(printf %q "$word_known")")
  done <<<"$known"
}

complete -F _virtlight virtlight
