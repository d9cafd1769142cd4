import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { formatInstant, instantUs, PrescoreError, simulatedClock } from '../../base/index.ts'
import { type AppendResult, decodeEvents, type EventLog } from '../../sources/index.ts'
import { type Command, EXIT, type Invocation, moment, text } from '../command.ts'
import { count, numbered, type Terminal } from '../terminal.ts'

/** Between so many, an interruption is looked for. */
const EVENTS_AT_ONCE = 10_000
/** Rejected events that are told one by one; the rest is counted. */
const SHOWN_MAX = 20

interface Order {
  readonly log: EventLog
  readonly source: string
  readonly file: string | undefined
  /** Of a drop. */
  readonly beforeUs: number | undefined
  readonly terminal: Terminal
  readonly watch: Invocation['watch']
}

const ACTIONS = {
  append: (order: Order) => append(order),
  status: async ({ log, source, terminal }: Order) => showStatus(log, source, terminal),
  heartbeat: async ({ log, source, terminal }: Order) => {
    await log.heartbeat()
    return showStatus(log, source, terminal)
  },
  drop: async ({ log, source, beforeUs = 0, terminal }: Order) => {
    const dropped = await log.dropBefore(beforeUs)
    const moment = formatInstant(beforeUs)
    terminal.print(
      { source, before: moment, freed: dropped },
      `Events of ${source} before ${moment} are dropped; ${count(dropped)} left the disk.`,
    )
    return EXIT.done
  },
}

export const events: Command = {
  name: 'events',
  summary:
    'append events to a source from a file or stdin (JSON array, or one object a line), show where its log stands, say that nothing else has arrived, or drop old events',
  usage: 'append|status|heartbeat|drop <source> [FILE]',
  example: 'prescore events append flights landed.ndjson',
  options: {
    before: { type: 'string', value: 'TIME', help: 'drop: events with an earlier event time, for good' },
    now: { type: 'string', value: 'TIME', help: 'Pretend that it is this moment: events are known from then on' },
  },
  positionals: [2, 3],
  places: [Object.keys(ACTIONS), 'source', 'file'],
  async run({ open, terminal, options, positionals: [action, source, file], watch }) {
    const act = Object.hasOwn(ACTIONS, action as string) ? ACTIONS[action as keyof typeof ACTIONS] : undefined
    if (act === undefined)
      throw new PrescoreError('wrong_use', { found: `\`${action}\``, expected: `one of ${Object.keys(ACTIONS).join(', ')}` })
    const beforeUs = moment(options.before, 'before')
    if ((beforeUs === undefined) === (action === 'drop'))
      throw new PrescoreError('wrong_use', {
        where: '--before',
        expected: action === 'drop' ? 'a time with a zone' : 'drop, not another action',
      })
    const now = text(options.now)
    const clock = now === undefined ? undefined : simulatedClock(instantUs(now, '--now'))
    const log = (await open(clock)).log(source as string)
    return act({ log, source: source as string, file, beforeUs, terminal, watch })
  },
}

function showStatus(log: EventLog, source: string, terminal: Terminal): typeof EXIT.done {
  const { position, clockUs } = log.status()
  const line =
    position === 0 ? `No events of ${source} yet.` : `${numbered(position, 'event')} of ${source}, the last at ${formatInstant(clockUs)}`
  terminal.print({ source, position, lastAt: position === 0 ? null : formatInstant(clockUs) }, line)
  return EXIT.done
}

async function append({ log, source, file, terminal, watch }: Order): Promise<typeof EXIT.done | typeof EXIT.failed> {
  const isPiped = file === undefined || file === '-'
  if (isPiped && process.stdin.isTTY) terminal.note('Type events, one object a line; Ctrl-D takes them.')
  const body = isPiped ? await buffer(process.stdin) : await readEvents(file)
  const given = decodeEvents(body, body.toString('utf8', 0, 64).trimStart().startsWith('[') ? 'json' : 'ndjson')
  const signal = watch()
  const total = { accepted: 0, late: 0, duplicate: 0, rejected: [] as AppendResult['rejected'][number][] }
  for (let from = 0; from < given.length; from += EVENTS_AT_ONCE) {
    if (signal.aborted) throw cutAfter(source, from, given.length)
    const { accepted, late, duplicate, rejected } = await log.append(given.slice(from, from + EVENTS_AT_ONCE))
    total.accepted += accepted
    total.late += late
    total.duplicate += duplicate
    total.rejected.push(...rejected.map(each => ({ ...each, index: each.index + from })))
  }
  for (const { index, code, message } of total.rejected.slice(0, SHOWN_MAX)) terminal.note(`event ${index}: ${code}: ${message}`)
  if (total.rejected.length > SHOWN_MAX) terminal.note(`… and ${count(total.rejected.length - SHOWN_MAX)} more`)
  const { accepted, late, duplicate, rejected } = total
  terminal.print(
    total,
    `${count(accepted)} accepted (${count(late)} late), ${count(duplicate)} duplicate, ${count(rejected.length)} rejected`,
  )
  return rejected.length === 0 ? EXIT.done : EXIT.failed
}

/** What was taken is durable: those that have an id may all be sent again. */
function cutAfter(source: string, taken: number, given: number): PrescoreError {
  const fix = `Append the events after the first ${taken} alone; where the source has an id, repeating the command comes to the same.`
  return new PrescoreError('interrupted', { where: `events of ${source}`, found: `${taken} of ${given} were taken`, fix })
}

async function readEvents(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new PrescoreError('source_unreadable', { where: file, found: (error as Error).message, expected: 'a file with events' })
  }
}
