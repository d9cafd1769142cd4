/** For fish from 3.0 on: one line for everything that may stand somewhere, with the condition under which it may. */
import type { Option, Values } from '../command.ts'
import { type Line, type LineCommand, NAMES, optionsOf } from './line.ts'

export function fishScript(line: Line): string {
  const { commands, valued } = line
  return `# Completion of prescore for fish, made by \`prescore completion fish\`.

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
        else if contains -- $word ${valued.map(name => `--${name}`).join(' ')}
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
    $program ${NAMES} $kind $words 2>/dev/null </dev/null
end

complete -c prescore -f
${commands.map(({ name, summary }) => `complete -c prescore -n 'test (count (commandline -opc)) = 1' -a ${name} -d ${quoted(summary)}`).join('\n')}
${commands.map(each => linesOf(line, each)).join('\n')}
`
}

function linesOf(line: Line, command: LineCommand): string {
  const { name, places } = command
  return [
    '',
    ...optionsOf(line, command).map(
      ([option, each]) => `complete -c prescore -n '__prescore_is ${name}' -l ${option}${valueOf(each)} -d ${quoted(each.help)}`,
    ),
    ...places.flatMap((values, place) => {
      const offered = placeOf(values)
      return offered === '' ? [] : [`complete -c prescore -n '__prescore_is ${name} ${place}' ${offered}`]
    }),
  ].join('\n')
}

function valueOf({ type, values }: Option): string {
  if (type === 'boolean') return ''
  return values === 'file' ? ' -r -F' : ` -x${values === undefined ? '' : ` ${placeOf(values)}`}`
}

function placeOf(values: Values): string {
  if (typeof values !== 'string') return values.length === 0 ? '' : `-a '${values.join(' ')}'`
  if (values === 'file') return '-F'
  return values === 'folder' ? "-a '(__fish_complete_directories)'" : `-a '(__prescore_names ${values})'`
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}
