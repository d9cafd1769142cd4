import { formatInstant, simulatedClock } from '../../base/index.ts'
import { RunDesk, type Schedule } from '../../schedule/index.ts'
import { type Command, EXIT, moment } from '../command.ts'
import { runProgram } from '../run-program.ts'
import { RETENTION, retentionOf } from '../runs/retention.ts'
import { eventJson, eventText, leaseOf, schedulerOf, schedulesOf } from '../schedule/scheduling.ts'
import { stopped } from '../stopped.ts'
import { type Terminal, table } from '../terminal.ts'

/** A run that should stop has five seconds, and its shards are kept. */
const STOP_MS = 10_000
const LISTED = 3

export const schedule: Command = {
  name: 'schedule',
  summary: 'run what the schedules of the project say, until it is stopped',
  usage: '[--list]',
  example: 'prescore schedule --keep 10',
  options: {
    list: { type: 'boolean', help: 'Print when each prediction is due next, and end' },
    now: { type: 'string', value: 'TIME', help: 'A simulated clock that starts at this moment and ticks' },
    ...RETENTION,
  },
  positionals: [0, 0],
  async run({ open, terminal, options, watch }) {
    const nowUs = moment(options.now, 'now')
    const retention = options.keep === undefined ? undefined : retentionOf(options)
    const signal = watch(STOP_MS)
    const app = await open(nowUs === undefined ? undefined : simulatedClock(nowUs))
    const schedules = schedulesOf(app)
    if (options.list === true) {
      const listed = schedules.map(each => listedOf(each, app.clock.nowUs()))
      const handled = (prediction: string) => app.ledger.read(prediction)?.handledUs
      const rows = listed.map(each => ({ ...each, handled: momentOf(handled(each.prediction)) }))
      print(rows, terminal)
      return EXIT.done
    }
    await leaseOf(app).requireWritable()
    const desk = new RunDesk(runProgram(app))
    const scheduler = schedulerOf(app, {
      desk,
      nowUs,
      retention,
      onEvent: event => (terminal.tellsEvents ? terminal.event(eventJson(event)) : terminal.note(eventText(event))),
    })
    scheduler.start()
    terminal.note(schedules.map(each => `${each.prediction}: next ${listedOf(each, app.clock.nowUs()).next[0] ?? 'never'}`).join('\n'))
    await stopped(signal)
    const [isCut] = await Promise.all([scheduler.stop(), desk.stop()])
    return isCut ? EXIT.tryAgain : EXIT.done
  },
}

interface Listed {
  readonly prediction: string
  readonly cron: string
  readonly zone: string
  readonly catchUp: string
  readonly delaySeconds: number
  readonly next: readonly string[]
}

function listedOf({ prediction, cron, zone, catchUp, delayUs, due }: Schedule, nowUs: number): Listed {
  const next: number[] = []
  for (let us = due.after(nowUs); us !== undefined && next.length < LISTED; us = due.after(us)) next.push(us)
  return { prediction, cron, zone, catchUp, delaySeconds: delayUs / 1_000_000, next: next.map(formatInstant) }
}

function momentOf(us: number | undefined): string | null {
  return us === undefined ? null : formatInstant(us)
}

function print(rows: readonly (Listed & { readonly handled: string | null })[], terminal: Terminal): void {
  const head = ['prediction', 'cron', 'zone', 'catch up', 'delay', 'handled', 'next']
  const cells = rows.map(({ prediction, cron, zone, catchUp, delaySeconds, handled, next }) => [
    ...[prediction, cron, zone, catchUp, `${delaySeconds} s`, handled ?? '–'],
    next.length === 0 ? 'never' : next.join(', '),
  ])
  terminal.print({ schedules: rows }, table([head, ...cells]))
}
