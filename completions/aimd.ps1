# PowerShell completion for aimd. Made by `make fix`; the same as: aimd --show-completion powershell

Register-ArgumentCompleter -Native -CommandName aimd -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_.Value) { "$($_.Value)" } else { "$_" } } |
        Select-Object -Skip 1)
    $answer = @(& aimd __complete powershell @typed "$wordToComplete" 2>$null)
    if ($answer.Count -lt 1 -or $answer[0] -eq 'file' -or $answer[0] -eq 'dir') { return }
    $answer | Select-Object -Skip 1 | ForEach-Object {
        $value, $sentence = $_ -split "`t", 2
        if (-not $sentence) { $sentence = $value }
        $text = $value
        if ($text -match "[\s'``""`$;&|(){}<>]") { $text = "'" + $text.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $sentence)
    }
}
