# fish completion for aimd. Made by `make fix`; the same as: aimd --show-completion fish

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
