import { simulatedClock } from '../../base/index.ts'
import { type AnswerOptions, answerJson, answerObject, PREFERENCES } from '../../resolve/index.ts'
import { type Command, EXIT, moment, oneOf, wholeNumber } from '../command.ts'
import { requestOf } from '../request.ts'

/** A scan of history takes longer than a policy allows a server. */
const DEADLINE_MS = 600_000

export const get: Command = {
  name: 'get',
  summary: 'answer once: look up what is stored, or score now',
  usage: '<prediction> <column>=<value> … [<input>=<value> …]',
  example: 'prescore get late origin=JFK destination=LAX hour=18',
  options: {
    prefer: { type: 'string', value: 'STEP', values: PREFERENCES, help: 'store (default) or live' },
    'max-age': { type: 'string', value: 'SECONDS', help: 'Call an older answer stale, in place of the policy' },
    'as-of': { type: 'string', value: 'TIME', help: 'The moment that the answer is to hold for (default: now)' },
    explain: { type: 'boolean', help: 'Tell the steps that were asked, and the features of a live answer' },
    now: { type: 'string', value: 'TIME', help: 'Pretend that it is this moment' },
  },
  positionals: [1, 64],
  places: ['prediction'],
  async run({ open, terminal, options, positionals: [name, ...parts] }) {
    const nowUs = moment(options.now, 'now')
    const asked = answerOptions(options)
    const app = await open(nowUs === undefined ? undefined : simulatedClock(nowUs))
    const { key, inputs } = requestOf(app.prediction(name as string), parts)
    const answer = await app.scanningResolver(name as string).answer(key, { ...asked, inputs })
    const { key: _, ...shown } = answerObject(answer)
    const rows = Object.entries(shown).map(
      ([member, value]) => `${member.padEnd(12)} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
    )
    terminal.printJson(answerJson(answer), rows.join('\n'))
    return EXIT.done
  },
}

function answerOptions(options: Parameters<Command['run']>[0]['options']): AnswerOptions {
  const prefer = oneOf(options.prefer, 'prefer', PREFERENCES)
  const maxAgeSeconds = wholeNumber(options['max-age'], 'max-age', 0, Number.MAX_SAFE_INTEGER)
  const asOfUs = moment(options['as-of'], 'as-of')
  return {
    deadlineMs: DEADLINE_MS,
    ...(prefer === undefined ? {} : { prefer }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    ...(asOfUs === undefined ? {} : { asOfUs }),
    ...(options.explain === true ? { explain: true } : {}),
  }
}
