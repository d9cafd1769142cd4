# Completion of prescore for fish, made by `prescore completion fish`.

# Whether the command is this one and, where a place is given, so many positionals stand before the current word.
function __prescore_is --argument-names command place
    set -l words (commandline -opc)
    if test (count $words) -lt 2; or test "$words[2]" != "$command"
        return 1
    end
    if test -z "$place"
        return 0
    end
    set -e words[1..2]
    set -l at 0
    set -l is_value 0
    for word in $words
        if test $is_value = 1
            set is_value 0
        else if contains -- $word --oven --recipe --shelf --for-long --project --state --threads
            set is_value 1
        else if not string match -q -- '-*' $word
            set at (math $at + 1)
        end
    end
    test $at = $place
end

# Names of the project: of its predictions or sources.
function __prescore_names --argument-names kind
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    $program __names $kind $words 2>/dev/null </dev/null
end

complete -c prescore -f
complete -c prescore -n 'test (count (commandline -opc)) = 1' -a bake -d 'make bread: it\'s [mostly] $flour, \\ and `water`'
complete -c prescore -n 'test (count (commandline -opc)) = 1' -a buy -d 'buy it'
complete -c prescore -n 'test (count (commandline -opc)) = 1' -a help -d 'show the options of a command, and an example'

complete -c prescore -n '__prescore_is bake' -l oven -x -a 'gas wood-fired' -d 'The baker\'s oven: [gas] by default'
complete -c prescore -n '__prescore_is bake' -l recipe -r -F -d 'A file'
complete -c prescore -n '__prescore_is bake' -l shelf -x -a '(__fish_complete_directories)' -d 'A folder'
complete -c prescore -n '__prescore_is bake' -l for-long -x -d 'Any text'
complete -c prescore -n '__prescore_is bake' -l twice -d 'No value'
complete -c prescore -n '__prescore_is bake' -l project -r -F -d 'The project file or its folder (default: here)'
complete -c prescore -n '__prescore_is bake' -l state -x -a '(__fish_complete_directories)' -d 'Where releases, runs and answers lie (default: .prescore beside the project)'
complete -c prescore -n '__prescore_is bake' -l threads -x -d 'Threads to use (default: all cores, at most 8)'
complete -c prescore -n '__prescore_is bake' -l json -d 'Print data as JSON'
complete -c prescore -n '__prescore_is bake' -l help -d 'Show this help'
complete -c prescore -n '__prescore_is bake 0' -a '(__prescore_names prediction)'
complete -c prescore -n '__prescore_is bake 1' -a 'now later'
complete -c prescore -n '__prescore_is bake 2' -F

complete -c prescore -n '__prescore_is buy' -l project -r -F -d 'The project file or its folder (default: here)'
complete -c prescore -n '__prescore_is buy' -l state -x -a '(__fish_complete_directories)' -d 'Where releases, runs and answers lie (default: .prescore beside the project)'
complete -c prescore -n '__prescore_is buy' -l threads -x -d 'Threads to use (default: all cores, at most 8)'
complete -c prescore -n '__prescore_is buy' -l json -d 'Print data as JSON'
complete -c prescore -n '__prescore_is buy' -l help -d 'Show this help'
complete -c prescore -n '__prescore_is buy 1' -a '(__prescore_names source)'
complete -c prescore -n '__prescore_is buy 2' -a '(__fish_complete_directories)'

complete -c prescore -n '__prescore_is help 0' -a 'bake buy'
