/**
 * For Bash from 3.2 on. The words before the current one tell the command, the option that waits for a value, and the place among
 * the positionals; what may stand there is a table.
 */
import type { Values } from '../command.ts'
import { type Line, NAMES, optionsOf } from './line.ts'

export function bashScript(line: Line): string {
  const { commands, valued } = line
  return `# Completion of prescore for bash, made by \`prescore completion bash\`.

_prescore() {
  local command='' option='' last='' kind='' choices='' place=0 i word
  local current=\${COMP_WORDS[COMP_CWORD]} IFS=$' \\t\\n'
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == [=:]* ]]; then # Bash breaks words there.
      option=$last
    elif [[ -n $option ]]; then
      last=$option option=''
    elif [[ $word == -* ]]; then
      last=$word
      case $word in
        ${valued.map(name => `--${name}`).join(' | ')}) option=$word ;;
      esac
    elif [[ -z $command ]]; then
      command=$word last=''
    else
      place=$((place + 1)) last=''
    fi
  done
  if [[ $current == [=:]* ]]; then option=$last current=\${current:1}; fi

  if [[ -n $option ]]; then
    case "$command $option" in
${casesOf(valueRows(line))}
    esac
  elif [[ $current == -* ]]; then
    case $command in
      '') choices='--help --version' ;;
${commands
  .map(
    each =>
      `      ${each.name}) choices='${optionsOf(line, each)
        .map(([name]) => `--${name}`)
        .join(' ')}' ;;`,
  )
  .join('\n')}
    esac
  elif [[ -z $command ]]; then
    choices='${commands.map(({ name }) => name).join(' ')}'
  else
    case "$command $place" in
${casesOf(placeRows(line))}
    esac
  fi

  COMPREPLY=()
  case $kind in
    file) compopt -o default 2>/dev/null || _prescore_paths -f "$current" ;;
    folder) compopt -o dirnames 2>/dev/null || _prescore_paths -d "$current" ;;
    prediction | source) choices=$("\${COMP_WORDS[0]}" ${NAMES} $kind "\${COMP_WORDS[@]:1}" 2>/dev/null </dev/null) ;;
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
`
}

type Row = readonly [pattern: string, values: Values | undefined]

function valueRows(line: Line): Row[] {
  const rows = line.commands.flatMap(({ name, options }) =>
    Object.entries(options).map(([option, { values }]): Row => [`'${name} --${option}'`, values]),
  )
  return [...rows, ...Object.entries(line.shared).map(([option, { values }]): Row => [`*' --${option}'`, values])]
}

function placeRows({ commands }: Line): Row[] {
  return commands.flatMap(({ name, places }) => places.map((values, place): Row => [`'${name} ${place}'`, values]))
}

/** Those with the same outcome in one line. */
function casesOf(rows: readonly Row[]): string {
  const patterns = new Map<string, string[]>()
  for (const [pattern, values] of rows) {
    if (values === undefined || values.length === 0) continue
    const outcome = typeof values === 'string' ? `kind=${values}` : `choices='${values.join(' ')}'`
    patterns.set(outcome, [...(patterns.get(outcome) ?? []), pattern])
  }
  return [...patterns].map(([outcome, each]) => `      ${each.join(' | ')}) ${outcome} ;;`).join('\n')
}
