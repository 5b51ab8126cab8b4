# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completes the words of virtlight in bash: commands and options as its --help has them, domains as the daemon lists them.

# _virtlight_domains [WORD...]: their names, of the daemon that these words name. One that hangs is not waited for.
_virtlight_domains() {
  timeout 2 virtlight "$@" list --json 2>/dev/null | grep -o '"name":"[^"\\]*"' | cut -d'"' -f4
}

# _virtlight_consoles DOMAIN [WORD...]: the same of its consoles.
_virtlight_consoles() {
  timeout 2 virtlight "${@:2}" consoles "$1" --json 2>/dev/null | grep -o '"console":"[^"\\]*"' | cut -d'"' -f4
}

# _virtlight_files WORD: those that begin so; a folder has a slash behind it, as more is to come.
_virtlight_files() {
  compgen -f -- "$1" | while IFS= read -r file; do
    [[ ! -d $file ]] || file+=/
    printf '%s\n' "$file"
  done
}

_virtlight() {
  local command='' domain='' value_of='' word known word_known i
  local -a words daemon=()
  # By blanks alone: bash would cut a URI at its colons. The word that is being typed may still be empty.
  read -ra words <<<"${COMP_LINE:0:COMP_POINT}x"
  word=${words[-1]%x}
  unset 'words[-1]'
  for ((i = 1; i < ${#words[@]}; i++)); do
    case ${words[i]} in
      --root | -c | --connect | --boot | --since | --for)
        value_of=${words[i]}
        ((++i))
        ((i < ${#words[@]})) || continue
        [[ $value_of != --root && $value_of != -c && $value_of != --connect ]] || daemon+=("$value_of" "${words[i]}")
        value_of=
        ;;
      -*) ;;
      *)
        if [[ -z $command ]]; then command=${words[i]}; else domain=${domain:-${words[i]}}; fi
        ;;
    esac
  done
  known=
  if [[ -n $value_of ]]; then
    [[ $value_of != --root ]] || known=$(_virtlight_files "$word")
  elif [[ $word == -* ]]; then
    known=$(virtlight ${command:+"$command"} --help | sed -nE 's/^  (-[a-z],)?(--[a-z-]+).*/\2/p')
  elif [[ -z $command ]]; then
    known=$(virtlight --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
  else
    case $command,$domain in
      import,*) known=$(_virtlight_files "$word") ;;
      console,?* | logs,?*) known=$(_virtlight_consoles "$domain" "${daemon[@]}") ;;
      console, | consoles, | jobs, | list, | logs, | release, | retake, | wait-off,)
        known=$(_virtlight_domains "${daemon[@]}")
        ;;
    esac
  fi
  # Not by compgen -W, which runs what a name may have in it.
  COMPREPLY=()
  while IFS= read -r word_known; do
    [[ -z $word_known || $word_known != "$word"* ]] || COMPREPLY+=("$(printf %q "$word_known")")
  done <<<"$known"
  # Behind a folder more is to come.
  [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != */ ]] || compopt -o nospace 2>/dev/null
}

complete -F _virtlight virtlight
