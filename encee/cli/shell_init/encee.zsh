# encee for zsh: encee use, which changes variables of this shell, and completion.

function encee {
    if [[ "${1-}" != use ]]; then
        command encee "$@"
        return
    fi
    # On a line of its own: "local lines=..." would hide the exit code.
    local lines
    lines="$(ENCEE_EVAL=zsh command encee "$@")" || return
    eval "$lines"
}

function _encee {
    local lines line name help
    local -a names
    if ! lines="$(_ENCEE_COMPLETE="${(j: :)words[1,CURRENT-1]} $PREFIX" command encee 2>/dev/null)"; then
        _files
        return
    fi
    [[ -n "$lines" ]] || return
    for line in "${(@f)lines}"; do
        name="${${line%%$'\t'*}//:/\\:}"
        help="${line#*$'\t'}"
        names+=("$name${help:+:$help}")
    done
    _describe encee names
}

# At the first prompt, since the completion system is often set up after this.
function _encee_register {
    emulate -L zsh
    precmd_functions=("${(@)precmd_functions:#_encee_register}")
    if (( $+functions[compdef] )); then
        compdef _encee encee
    fi
}
typeset -ga precmd_functions
precmd_functions+=(_encee_register)
