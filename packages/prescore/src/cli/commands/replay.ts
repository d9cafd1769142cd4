import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, errorFromJson, formatInstant, PrescoreError, simulatedClock } from '../../base/index.ts'
import {
  eventJson,
  FUTURE_TOLERANCE_US,
  type KnownEvent,
  knownEvents,
  type PostedEvent,
  type RejectedEvent,
  sourceAt,
} from '../../sources/index.ts'
import { type Command, EXIT, moment, text } from '../command.ts'
import { adminToken } from '../run-program.ts'
import { count, type Terminal } from '../terminal.ts'

/** The clock is moved in steps of so much simulated time. */
const STEP_US = 60_000_000
/** Events are sent so long before they are known, so that none is stamped later than it was: the receiver's clock ticks meanwhile. */
const AHEAD_US = 30_000_000
const EVENTS_PER_REQUEST = 10_000
/** What is known long before it happens is sent when the log takes it; it counts from its event time on anyhow. */
const EARLIEST_US = FUTURE_TOLERANCE_US - STEP_US - AHEAD_US

export const replay: Command = {
  name: 'replay',
  summary: "feed a source's history to its event log, as if it were arriving",
  usage: '<source> --from TIME --to TIME',
  example: 'prescore replay flights --from 2001-06-15T08:30:00-04:00 --to 2001-06-15T10:30:00-04:00 --url http://127.0.0.1:8080',
  options: {
    from: { type: 'string', value: 'TIME', help: 'Rows that became known from this moment on' },
    to: { type: 'string', value: 'TIME', help: '… and before this one' },
    speed: { type: 'string', value: 'N', help: 'Simulated seconds a second (default: as fast as it goes)' },
    url: {
      type: 'string',
      value: 'URL',
      help: 'A server on a simulated clock (serve --now), which is moved along; without it, the log itself',
    },
  },
  positionals: [1, 1],
  places: ['source'],
  async run({ open, terminal, options, positionals: [name], watch }) {
    const fromUs = required(moment(options.from, 'from'), 'from')
    const toUs = required(moment(options.to, 'to'), 'to')
    if (toUs <= fromUs)
      throw new PrescoreError('wrong_use', { where: '--to', found: text(options.to) as string, expected: 'a moment after --from' })
    const speed = speedOf(text(options.speed))
    const url = text(options.url)
    const signal = watch()
    const clock = simulatedClock(fromUs)
    const app = await open(clock)
    const source = name as string
    const log = app.log(source)
    const events = await knownEvents(app.database(), sourceAt(app.loaded, app.loaded.definition, source), fromUs, toUs)
    const receiver: Receiver =
      url === undefined ? { send: each => log.append(each), moveTo: async us => clock.moveTo(us) } : await serverAt(url, source, fromUs)
    const { refused, ...total } = await feed(receiver, inOrder(events), { fromUs, toUs, speed, signal, terminal })
    const { accepted, late, duplicate, rejected } = total
    for (const [code, { events: many, first }] of refused) terminal.note(`${count(many)} rejected with ${code}, such as: ${first}`)
    terminal.print(
      { source, events: events.length, ...total },
      `${count(events.length)} events of ${source}: ${count(accepted)} accepted (${count(late)} late), ${count(duplicate)} duplicate, ${count(rejected)} rejected; it is ${formatInstant(toUs)} now`,
    )
    return rejected === 0 ? EXIT.done : EXIT.failed
  },
}

interface Sent {
  readonly accepted: number
  readonly late: number
  readonly duplicate: number
  readonly rejected: readonly RejectedEvent[]
}

/** Where events go, and whose clock moves with them. */
interface Receiver {
  send(events: readonly PostedEvent[]): Promise<Sent>
  moveTo(us: number): Promise<void>
}

/** An event, and when it is to be there. */
interface Sending {
  readonly dueUs: number
  readonly event: PostedEvent
}

interface Course {
  readonly fromUs: number
  readonly toUs: number
  readonly speed: number
  readonly signal: AbortSignal
  readonly terminal: Terminal
}

function inOrder(events: readonly KnownEvent[]): readonly Sending[] {
  const sendings = events.map(({ knownAtUs, timeUs, event }) => ({ dueUs: Math.max(knownAtUs, timeUs - EARLIEST_US), event }))
  return sendings.sort((a, b) => a.dueUs - b.dueUs)
}

async function feed(receiver: Receiver, events: readonly Sending[], { fromUs, toUs, speed, signal, terminal }: Course) {
  const total = { accepted: 0, late: 0, duplicate: 0, rejected: 0, refused: new Map<string, { events: number; readonly first: string }>() }
  let sent = 0
  const sendUntil = async (end: number) => {
    for (; sent < end; sent = Math.min(end, sent + EVENTS_PER_REQUEST)) {
      const result = await receiver.send(events.slice(sent, Math.min(end, sent + EVENTS_PER_REQUEST)).map(({ event }) => event))
      total.accepted += result.accepted
      total.late += result.late
      total.duplicate += result.duplicate
      total.rejected += result.rejected.length
      for (const { code, message } of result.rejected) {
        const same = total.refused.get(code)
        if (same === undefined) total.refused.set(code, { events: 1, first: message })
        else same.events++
      }
    }
  }
  for (let nowUs = fromUs; nowUs < toUs; nowUs = Math.min(toUs, nowUs + STEP_US)) {
    if (signal.aborted) throw new PrescoreError('interrupted', { where: 'replay', found: formatInstant(nowUs) })
    await sendUntil(firstAfter(events, nowUs + STEP_US + AHEAD_US, sent))
    const stepUs = Math.min(STEP_US, toUs - nowUs)
    if (speed !== Number.POSITIVE_INFINITY) await sleep(stepUs / 1000 / speed, undefined, { signal }).catch(() => undefined)
    await receiver.moveTo(nowUs + stepUs)
    terminal.progress(`${formatInstant(nowUs + stepUs)}  ${count(sent)} of ${count(events.length)} events`)
  }
  // What happens long after the end is known already: the log says what it takes of it.
  await sendUntil(events.length)
  return total
}

function firstAfter(events: readonly Sending[], us: number, from: number): number {
  let at = from
  while (at < events.length && (events[at] as Sending).dueUs <= us) at++
  return at
}

/** @throws PrescoreError `wrong_use` unless a server answers there, on a simulated clock that has not passed the start */
async function serverAt(address: string, source: string, fromUs: number): Promise<Receiver> {
  const place = { where: '--url', expected: `a server on a simulated clock at or before ${formatInstant(fromUs)}` }
  const base = URL.parse(address.endsWith('/') ? address : `${address}/`)
  if (base === null || !base.protocol.startsWith('http')) throw new PrescoreError('wrong_use', { ...place, found: `\`${address}\`` })
  const url = (path: string) => new URL(`api/${path}`, base).href
  const first = await ask(url('clock')).catch((error: unknown) => {
    throw error instanceof Unreachable ? new PrescoreError('wrong_use', { ...place, found: error.message }) : error
  })
  const { now, simulated } = first as { now: string; simulated: boolean }
  if (!simulated) throw new PrescoreError('wrong_use', { ...place, found: "a server on the machine's clock", fix: 'Start it with --now.' })
  if (now > formatInstant(fromUs + AHEAD_US)) {
    const fix = 'Its clock ticks: start it anew and replay at once, or begin later with --from.'
    throw new PrescoreError('wrong_use', { ...place, found: now, fix })
  }
  const tell = (path: string, type: string, body: string) =>
    ask(url(path), type, body).catch((error: unknown) => {
      throw error instanceof Unreachable ? new PrescoreError('interrupted', { where: 'replay', found: error.message }) : error
    })
  return {
    send: async events =>
      (await tell(`sources/${encodeURIComponent(source)}/events`, 'application/x-ndjson', events.map(eventJson).join('\n'))) as Sent,
    moveTo: async us => void (await tell('clock', 'application/json', JSON.stringify({ now: formatInstant(us) }))),
  }
}

/** No server of ours answers there. */
class Unreachable extends Error {}

/** @throws Unreachable, and what the server refuses, as its own error */
async function ask(url: string, type?: string, body?: string): Promise<unknown> {
  const token = adminToken()
  const headers = {
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const request = type === undefined ? {} : { method: 'POST', headers, body: body as string }
  const response = await fetch(url, request).catch((error: Error) => {
    throw new Unreachable(`${url}: ${(error.cause as Error | undefined)?.message ?? error.message}`)
  })
  const answer = await response.json().catch(() => undefined)
  if (answer === null || typeof answer !== 'object') throw new Unreachable(`${url}: no answer of Prescore`)
  if (response.ok) return answer
  const problem = answer as Record<string, unknown>
  if (typeof problem.code !== 'string' || !Object.hasOwn(ERRORS, problem.code)) throw new Unreachable(`${url}: status ${response.status}`)
  throw errorFromJson({ where: url, ...problem })
}

function required(us: number | undefined, name: string): number {
  if (us !== undefined) return us
  throw new PrescoreError('wrong_use', { where: `--${name}`, found: 'nothing', expected: 'a time with a zone' })
}

function speedOf(value: string | undefined): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  const speed = Number(value)
  if (speed > 0) return speed
  throw new PrescoreError('wrong_use', { where: '--speed', found: value, expected: 'a number above 0' })
}
