# encee for bash: encee use, which changes variables of this shell, and completion.

function encee {
    if [[ "${1-}" != use ]]; then
        command encee "$@"
        return
    fi
    # On a line of its own: "local lines=..." would hide the exit code.
    local lines
    lines="$(ENCEE_EVAL=bash command encee "$@")" || return
    eval "$lines"
}

function _encee {
    local line="${COMP_LINE:0:COMP_POINT}" lines head name
    COMPREPLY=()
    if ! lines="$(_ENCEE_COMPLETE="$line" command encee 2>/dev/null)"; then
        compopt -o default 2>/dev/null || true # bash 3.2 has none
        return 0
    fi
    # Bash replaces only what follows the last of its word breaks, such as a colon.
    head="${line##*[[:space:]]}"
    head="${head%"${head##*["${COMP_WORDBREAKS-}"]}"}"
    while IFS=$'\t' read -r name _; do
        [[ -z "$name" ]] || COMPREPLY+=("${name#"$head"}")
    done <<<"$lines"
}
complete -F _encee encee 2>/dev/null || true # some builds of bash have none
