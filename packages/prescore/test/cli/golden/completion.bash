# Completion of prescore for bash, made by `prescore completion bash`.

_prescore() {
  local command='' option='' last='' kind='' choices='' place=0 i word
  local current=${COMP_WORDS[COMP_CWORD]} IFS=$' \t\n'
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == [=:]* ]]; then # Bash breaks words there.
      option=$last
    elif [[ -n $option ]]; then
      last=$option option=''
    elif [[ $word == -* ]]; then
      last=$word
      case $word in
        --oven | --recipe | --shelf | --for-long | --project | --state | --threads) option=$word ;;
      esac
    elif [[ -z $command ]]; then
      command=$word last=''
    else
      place=$((place + 1)) last=''
    fi
  done
  if [[ $current == [=:]* ]]; then option=$last current=${current:1}; fi

  if [[ -n $option ]]; then
    case "$command $option" in
      'bake --oven') choices='gas wood-fired' ;;
      'bake --recipe' | *' --project') kind=file ;;
      'bake --shelf' | *' --state') kind=folder ;;
    esac
  elif [[ $current == -* ]]; then
    case $command in
      '') choices='--help --version' ;;
      bake) choices='--oven --recipe --shelf --for-long --twice --project --state --threads --json --help' ;;
      buy) choices='--project --state --threads --json --help' ;;
      help) choices='' ;;
    esac
  elif [[ -z $command ]]; then
    choices='bake buy help'
  else
    case "$command $place" in
      'bake 0') kind=prediction ;;
      'bake 1') choices='now later' ;;
      'bake 2') kind=file ;;
      'buy 1') kind=source ;;
      'buy 2') kind=folder ;;
      'help 0') choices='bake buy' ;;
    esac
  fi

  COMPREPLY=()
  case $kind in
    file) compopt -o default 2>/dev/null || _prescore_paths -f "$current" ;;
    folder) compopt -o dirnames 2>/dev/null || _prescore_paths -d "$current" ;;
    prediction | source) choices=$("${COMP_WORDS[0]}" __names $kind "${COMP_WORDS[@]:1}" 2>/dev/null </dev/null) ;;
  esac
  for word in $choices; do
    if [[ $word == "$current"* ]]; then COMPREPLY+=("$word"); fi
  done
}

# For a Bash that cannot be told to complete paths itself.
_prescore_paths() {
  local path
  while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "$1" -- "$2")
}

complete -F _prescore prescore
