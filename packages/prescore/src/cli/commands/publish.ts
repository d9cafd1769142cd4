import { PrescoreError } from '../../base/index.ts'
import { publishRun } from '../../batch/index.ts'
import { publishedJson } from '../../server/index.ts'
import { type Command, REASON, reasonOf } from '../command.ts'
import { exitOf, outputsText } from '../outputs-text.ts'
import { shortHash } from '../terminal.ts'
import { who } from '../who.ts'

export const publish: Command = {
  name: 'publish',
  summary: 'serve a run: one that was staged, stopped by a gate, or served before',
  usage: '<run>',
  example: 'prescore publish 3f9c21ab04de',
  options: {
    ...REASON,
    force: { type: 'boolean', help: 'Also in the place of a run of a later as-of; needs --reason' },
  },
  positionals: [1, 1],
  async run({ open, terminal, options, positionals }) {
    const order = { ...who(), ...reasonOf(options), force: options.force === true }
    if (order.force && order.reason === undefined)
      throw new PrescoreError('wrong_use', { where: '--force', found: 'no --reason', expected: 'why an earlier moment is to be served' })
    const { pointer, outputs } = await publishRun(await (await open()).place(), positionals[0] as string, order)
    terminal.print(
      publishedJson(pointer, outputs),
      `Run ${shortHash(pointer.run)} of ${pointer.prediction} is served.${outputsText(outputs)}`,
    )
    return exitOf(outputs)
  },
}
