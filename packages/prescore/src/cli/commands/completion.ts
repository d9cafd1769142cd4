import { PrescoreError, suggestion } from '../../base/index.ts'
import { type Command, EXIT } from '../command.ts'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { type Line, lineOf } from '../completion/line.ts'
import { zshScript } from '../completion/zsh.ts'

const SCRIPTS: Readonly<Record<string, (line: Line) => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript }
const SHELLS = Object.keys(SCRIPTS)

/** @param commands all of them, this one included. */
export function completion(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'print a script that lets a shell complete commands, options, and the names of a project',
    usage: SHELLS.join('|'),
    example: 'prescore completion bash',
    options: {},
    positionals: [1, 1],
    places: [SHELLS],
    async run({ terminal, positionals: [shell = ''] }) {
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell]?.(lineOf(commands())) : undefined
      if (script === undefined)
        throw new PrescoreError('wrong_use', { found: `\`${shell}\``, expected: SHELLS.join(', '), fix: suggestion(shell, SHELLS) })
      terminal.print({ shell, script }, script.trimEnd())
      return EXIT.done
    },
  }
}
