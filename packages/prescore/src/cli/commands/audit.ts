import { join } from 'node:path'
import { auditAnswers, keepLastAudits, reportJson } from '../../audit/index.ts'
import { auditText } from '../audit-text.ts'
import { type Command, EXIT, moment, wholeNumber } from '../command.ts'
import { count } from '../terminal.ts'

export const audit: Command = {
  name: 'audit',
  summary: 'compute live answers again, as served and corrected, and name what makes a difference',
  usage: '[prediction]',
  example: 'prescore audit late --from 2001-06-15T06:00:00-04:00',
  options: {
    from: { type: 'string', value: 'TIME', help: 'Answers given from then on (default: all that are noted)' },
    to: { type: 'string', value: 'TIME', help: 'Answers given before then' },
    sample: { type: 'string', value: 'N', help: 'At most so many answers, evenly spread (default: all)' },
  },
  positionals: [0, 1],
  places: ['prediction'],
  async run({ open, terminal, options, positionals: [prediction] }) {
    const [fromUs, toUs] = [moment(options.from, 'from'), moment(options.to, 'to')]
    const sample = wholeNumber(options.sample, 'sample', 1, Number.MAX_SAFE_INTEGER)
    const app = await open()
    if (prediction !== undefined) app.prediction(prediction)
    const report = await auditAnswers(await app.auditPlace(), {
      ...(prediction === undefined ? {} : { prediction }),
      ...(fromUs === undefined ? {} : { fromUs }),
      ...(toUs === undefined ? {} : { toUs }),
      ...(sample === undefined ? {} : { sample }),
      onProgress: answers => terminal.progress(`${count(answers)} answers computed again`),
    })
    await keepLastAudits(join(app.audits, 'last'), report)
    terminal.printJson(reportJson(report), auditText(report))
    const isSound = report.unreadableLines === 0 && report.predictions.every(({ defects }) => defects === 0)
    return isSound ? EXIT.done : EXIT.failed
  },
}
