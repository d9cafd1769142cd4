/** For zsh: each command is a call of its own `_arguments`. */
import type { Option, Values } from '../command.ts'
import { type Line, type LineCommand, NAMES, optionsOf } from './line.ts'

export function zshScript(line: Line): string {
  const commands = line.commands.map(({ name, summary }) => `      ${quoted(`${name}:${summary}`)}`)
  return `#compdef prescore
# Completion of prescore for zsh, made by \`prescore completion zsh\`.

_prescore() {
  local -a typed commands
  local command
  typed=("\${words[@]}")
  if ((CURRENT == 2)); then
    commands=(
${commands.join('\n')}
    )
    _describe -t commands command commands
    return
  fi
  command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${line.commands.map(each => caseOf(line, each)).join('\n')}
  esac
}

# Names of the project: a prediction or a source, as its last argument says.
_prescore_names() {
  local -a names
  names=(\${(f)"$("$typed[1]" ${NAMES} "\${@[-1]}" "\${(@)typed[2,-1]}" 2>/dev/null </dev/null)"})
  compadd "\${@[1,-2]}" -a names
}

if [[ $funcstack[1] == _prescore ]]; then
  _prescore "$@"
else
  compdef _prescore prescore
fi
`
}

function caseOf(line: Line, command: LineCommand): string {
  const options = optionsOf(line, command).map(([name, option]) => optionText(name, option))
  const places = command.places.map((values, place) => `${place + 1}:${typeof values === 'string' ? values : 'word'}:${actionOf(values)}`)
  const specs = [...options, ...places].map(each => `      ${quoted(each)}`)
  return `    ${command.name})\n      _arguments \\\n  ${specs.join(' \\\n  ')}\n      ;;`
}

function optionText(name: string, { type, value = name, values, help }: Option): string {
  const text = help.replaceAll(/[[\]\\:]/g, '\\$&')
  return type === 'boolean' ? `--${name}[${text}]` : `--${name}=[${text}]:${value}:${values === undefined ? '' : actionOf(values)}`
}

function actionOf(values: Values): string {
  if (typeof values !== 'string') return `(${values.join(' ')})`
  if (values === 'file') return '_files'
  return values === 'folder' ? '_files -/' : `_prescore_names ${values}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
