r"""The completion scripts. `completions/` holds the same text, and `aimd --install-completion` installs it.

They contain no commands or options: each TAB asks `aimd __complete`, so an installed script is never out of date.
"""

from __future__ import annotations

BASH = r"""# bash completion for aimd. Made by `make fix`; the same as: aimd --show-completion bash

_aimd() {
    local mode line
    COMPREPLY=()
    {
        IFS= read -r mode || return 0
        case $mode in
            file) compopt -o filenames 2>/dev/null ;;
            dir) compopt -o filenames 2>/dev/null ;;
            open) compopt -o nospace 2>/dev/null ;;
        esac
        while IFS= read -r line; do
            COMPREPLY[${#COMPREPLY[@]}]=$line
        done
    } < <("${COMP_WORDS[0]}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    case $mode in
        file | dir)
            local kind=-f
            [ "$mode" = dir ] && kind=-d
            while IFS= read -r line; do
                COMPREPLY[${#COMPREPLY[@]}]=$line
            done < <(compgen "$kind" -- "${COMP_WORDS[COMP_CWORD]}")
            ;;
    esac
    return 0
}

complete -F _aimd aimd
"""

ZSH = r"""#compdef aimd
# zsh completion for aimd. Made by `make fix`; the same as: aimd --show-completion zsh

_aimd() {
    local -a answer words_so_far
    words_so_far=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    answer=("${(@f)$("${(Q)words[1]}" __complete zsh "${words_so_far[@]}" 2>/dev/null)}")
    local mode=$answer[1]
    shift answer
    case $mode in
        file) _files ;;
        dir) _files -/ ;;
        open) (( $#answer )) && _describe -V 'value' answer -S '' ;;
        values) (( $#answer )) && _describe -V 'value' answer ;;
    esac
}

if [ "$funcstack[1]" = "_aimd" ]; then
    _aimd "$@"
else
    compdef _aimd aimd
fi
"""

FISH = r"""# fish completion for aimd. Made by `make fix`; the same as: aimd --show-completion fish

function __aimd_complete
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    set -l answer ($typed[1] __complete fish $typed[2..-1] "$(string unescape -- $word; or echo $word)" 2>/dev/null)
    switch "$answer[1]"
        case file
            __fish_complete_path $word
        case dir
            __fish_complete_directories $word ''
        case '*'
            string join \n -- $answer[2..-1]
    end
end

complete -c aimd -f -a '(__aimd_complete)'
"""

POWERSHELL = r"""# PowerShell completion for aimd. Made by `make fix`; the same as: aimd --show-completion powershell

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
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH, "powershell": POWERSHELL}
FILES = {"bash": "aimd.bash", "zsh": "_aimd", "fish": "aimd.fish", "powershell": "aimd.ps1"}
