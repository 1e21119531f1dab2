# bash completion for aimd. Made by `make fix`; the same as: aimd --show-completion bash

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
