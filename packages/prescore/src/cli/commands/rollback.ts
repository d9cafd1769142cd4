import { rollbackRun } from '../../batch/index.ts'
import { publishedJson } from '../../server/index.ts'
import { type Command, REASON, reasonOf } from '../command.ts'
import { exitOf, outputsText } from '../outputs-text.ts'
import { shortHash } from '../terminal.ts'
import { who } from '../who.ts'

export const rollback: Command = {
  name: 'rollback',
  summary: 'serve the run that was served before',
  usage: '<prediction>',
  example: 'prescore rollback late',
  options: REASON,
  positionals: [1, 1],
  places: ['prediction'],
  async run({ open, terminal, options, positionals }) {
    const app = await open()
    const { name } = app.prediction(positionals[0] as string)
    const { pointer, outputs } = await rollbackRun(await app.place(), name, { ...who(), ...reasonOf(options) })
    terminal.print(publishedJson(pointer, outputs), `Run ${shortHash(pointer.run)} of ${name} is served again.${outputsText(outputs)}`)
    return exitOf(outputs)
  },
}
