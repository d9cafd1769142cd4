#compdef prescore
# Completion of prescore for zsh, made by `prescore completion zsh`.

_prescore() {
  local -a typed commands
  local command
  typed=("${words[@]}")
  if ((CURRENT == 2)); then
    commands=(
      'bake:make bread: it'\''s [mostly] $flour, \ and `water`'
      'buy:buy it'
      'help:show the options of a command, and an example'
    )
    _describe -t commands command commands
    return
  fi
  command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
    bake)
      _arguments \
        '--oven=[The baker'\''s oven\: \[gas\] by default]:KIND:(gas wood-fired)' \
        '--recipe=[A file]:FILE:_files' \
        '--shelf=[A folder]:DIR:_files -/' \
        '--for-long=[Any text]:TIME:' \
        '--twice[No value]' \
        '--project=[The project file or its folder (default\: here)]:PATH:_files' \
        '--state=[Where releases, runs and answers lie (default\: .prescore beside the project)]:DIR:_files -/' \
        '--threads=[Threads to use (default\: all cores, at most 8)]:N:' \
        '--json[Print data as JSON]' \
        '--help[Show this help]' \
        '1:prediction:_prescore_names prediction' \
        '2:word:(now later)' \
        '3:file:_files'
      ;;
    buy)
      _arguments \
        '--project=[The project file or its folder (default\: here)]:PATH:_files' \
        '--state=[Where releases, runs and answers lie (default\: .prescore beside the project)]:DIR:_files -/' \
        '--threads=[Threads to use (default\: all cores, at most 8)]:N:' \
        '--json[Print data as JSON]' \
        '--help[Show this help]' \
        '1:word:()' \
        '2:source:_prescore_names source' \
        '3:folder:_files -/'
      ;;
    help)
      _arguments \
        '1:word:(bake buy)'
      ;;
  esac
}

# Names of the project: a prediction or a source, as its last argument says.
_prescore_names() {
  local -a names
  names=(${(f)"$("$typed[1]" __names "${@[-1]}" "${(@)typed[2,-1]}" 2>/dev/null </dev/null)"})
  compadd "${@[1,-2]}" -a names
}

if [[ $funcstack[1] == _prescore ]]; then
  _prescore "$@"
else
  compdef _prescore prescore
fi
