import { explainFeatures, reportJson } from '../../audit/index.ts'
import { simulatedClock } from '../../base/index.ts'
import { type Command, EXIT, moment, wholeNumber } from '../command.ts'
import { explainedText } from '../explained-text.ts'
import { requestOf } from '../request.ts'

const EVENTS = 10
const EVENTS_MAX = 100_000

export const explainFeaturesCommand: Command = {
  name: 'explain-features',
  summary: 'show the features of one key: windows, the events in them, and those that do not count',
  usage: '<prediction> <column>=<value> … [<input>=<value> …]',
  example: 'prescore explain-features late origin=JFK destination=LAX hour=18 --as-of 2001-06-15T08:00:00-04:00',
  options: {
    'as-of': { type: 'string', value: 'TIME', help: 'The moment that the features are to hold for (default: now)' },
    events: { type: 'string', value: 'N', help: `Events listed of each kind, the latest (default: ${EVENTS})` },
    now: { type: 'string', value: 'TIME', help: 'Pretend that it is this moment' },
  },
  positionals: [1, 64],
  places: ['prediction'],
  async run({ open, terminal, options, positionals: [name, ...parts] }) {
    const nowUs = moment(options.now, 'now')
    const asOfUs = moment(options['as-of'], 'as-of')
    const eventsMax = wholeNumber(options.events, 'events', 0, EVENTS_MAX) ?? EVENTS
    const app = await open(nowUs === undefined ? undefined : simulatedClock(nowUs))
    const { key, inputs } = requestOf(app.prediction(name as string), parts)
    const release = await app.liveRelease(name as string)
    const request = { key, inputs, asOfUs: asOfUs ?? app.clock.nowUs(), eventsMax }
    const explained = await explainFeatures(app.database(), app.loaded, release, request)
    terminal.printJson(reportJson(explained), explainedText(explained))
    return EXIT.done
  },
}
