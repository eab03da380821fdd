# encee for fish: encee use, which changes variables of this shell, and completion.

function encee --description 'MFA for the AWS CLI'
    if test "$argv[1]" != use
        command encee $argv
        return
    end
    set -l lines (ENCEE_EVAL=fish command encee $argv)
    or return
    string join \n -- $lines | source
end

function __encee_complete
    if set -l lines (_ENCEE_COMPLETE=(commandline -cp | string collect) command encee 2>/dev/null)
        string join \n -- $lines
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command encee --no-files --arguments '(__encee_complete)'
