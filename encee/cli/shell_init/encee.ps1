# encee for PowerShell: encee use, which changes variables of this shell, and completion.

function encee {
    $program = Get-Command -Name encee -CommandType Application -TotalCount 1 -ErrorAction Stop
    if ($args.Count -eq 0 -or $args[0] -cne 'use') {
        if ($MyInvocation.ExpectingInput) { $input | & $program @args } else { & $program @args }
        return
    }
    $Env:ENCEE_EVAL = 'powershell'
    try { $lines = & $program @args } finally { $Env:ENCEE_EVAL = $null }
    if ($LASTEXITCODE -eq 0 -and $lines) { $lines -join "`n" | Invoke-Expression }
}

Register-ArgumentCompleter -Native -CommandName encee -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    $Env:_ENCEE_COMPLETE = $commandAst.ToString().PadRight($length).Substring(0, $length)
    try {
        $program = Get-Command -Name encee -CommandType Application -TotalCount 1 -ErrorAction Stop
        & $program 2>$null | ForEach-Object {
            $name, $help = $_ -split "`t", 2
            if (-not $help) { $help = $name }
            [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $help)
        }
    } finally { $Env:_ENCEE_COMPLETE = $null }
}
