import { formatInstant, PrescoreError, simulatedClock } from '../../base/index.ts'
import { publishRun, rollbackRun } from '../../batch/index.ts'
import { RunDesk } from '../../schedule/index.ts'
import { createServer, LIMITS } from '../../server/index.ts'
import { type Command, EXIT, moment, oneOf, text, wholeNumber } from '../command.ts'
import { adminToken, runProgram } from '../run-program.ts'
import { RETENTION, retentionOf } from '../runs/retention.ts'
import { schedulerOf } from '../schedule/scheduling.ts'
import { LOG_LEVELS, ServeLog } from '../serve-log.ts'
import { stopped } from '../stopped.ts'
import { count, shortHash } from '../terminal.ts'
import { who } from '../who.ts'

const DEFAULT_PORT = 8080
const READY_WITHIN_S = 300
/** What closing takes once all requests are answered or cut, at most. */
const CLOSE_MS = 5_000

export const serve: Command = {
  name: 'serve',
  summary: 'answer over HTTP until it is stopped',
  usage: '[--port N]',
  example: 'prescore serve --port 8080',
  options: {
    port: { type: 'string', value: 'N', help: `Where to listen (default: ${DEFAULT_PORT}; 0: any free port)` },
    host: { type: 'string', value: 'ADDRESS', help: 'Which address to listen on (default: 127.0.0.1)' },
    now: { type: 'string', value: 'TIME', help: 'A simulated clock that starts at this moment, ticks, and can be moved on' },
    'log-level': {
      type: 'string',
      value: 'LEVEL',
      values: LOG_LEVELS,
      help: `What is logged on stderr, as JSON: ${LOG_LEVELS.join(', ')} (default: warn). Given, nothing else is written there`,
    },
    schedule: { type: 'boolean', help: 'Run what the schedules of the project say as well, as `prescore schedule` does' },
    ...RETENTION,
    'ready-within': {
      type: 'string',
      value: 'SECONDS',
      help: `How long /readyz waits for live features that are being filled (default: ${READY_WITHIN_S}; 0: not at all)`,
    },
    until: {
      type: 'string',
      value: 'TIME',
      help: 'With --now: files count where they were known before this moment (default: --now), as if the rest were still to arrive',
    },
  },
  positionals: [0, 0],
  async run({ open, terminal, options, watch }) {
    const port = wholeNumber(options.port, 'port', 0, 65_535) ?? DEFAULT_PORT
    const nowUs = moment(options.now, 'now')
    const untilUs = moment(options.until, 'until') ?? nowUs
    if (nowUs === undefined && untilUs !== undefined)
      throw new PrescoreError('wrong_use', { where: '--until', found: "the machine's clock", expected: '--now beside it' })
    const level = oneOf(options['log-level'], 'log-level', LOG_LEVELS)
    const log = new ServeLog(level ?? 'warn')
    const note = level === undefined ? (message: string) => terminal.note(message) : (message: string) => log.note(message)
    const token = adminToken()
    const retention = options.keep === undefined ? undefined : retentionOf(options)
    const signal = watch(LIMITS.drainMs + CLOSE_MS)
    const app = await open(nowUs === undefined ? undefined : simulatedClock(nowUs))
    const names = Object.keys(app.loaded.definition.predictions)
    const host = text(options.host)
    const readyWithin = wholeNumber(options['ready-within'], 'ready-within', 0, 86_400) ?? READY_WITHIN_S
    const live = await app.startLive({
      ...(untilUs === undefined ? {} : { untilUs }),
      ...(level === undefined
        ? {
            onProgress: (source, { rows, total }) =>
              terminal.progress(`live features of ${source}: ${count(rows)} of ${count(total)} rows`),
          }
        : {}),
      readyWithinMs: readyWithin * 1000,
      onFailure: log.failure,
      onBack: log.back,
      onWarning: log.warning,
      onSwitched: (prediction, release) => note(`answering ${prediction} live with release ${shortHash(release)}`),
      onUnlogged: log.unlogged,
    })
    const desk = new RunDesk(runProgram(app))
    const place = () => app.place()
    const scheduler =
      options.schedule === true ? schedulerOf(app, { desk, nowUs, retention, onEvent: event => log.scheduled(event) }) : undefined
    const server = createServer({
      runs: {
        start: order => desk.start(order).planned,
        activity: run => desk.activity(run),
        publish: async (run, note) => publishRun(await place(), run, { ...who(), ...note }),
        rollback: async (prediction, note) => rollbackRun(await place(), prediction, { ...who(), ...note }),
      },
      adminToken: token,
      resolvers: names.map(name => app.resolver(name)),
      catalog: app.store().catalog,
      overrides: app.store().overrides,
      logOf: name => app.log(name),
      sources: app.loaded.definition.sources,
      modelOf: name => app.releasedModel(name),
      clock: app.clock,
      live,
      audits: app,
      schedules: app.schedules,
      onDefect: log.defect,
      ...(log.isDebug ? { onAnswered: log.answered } : {}),
      port,
      ...(host === undefined ? {} : { host }),
    })
    const { url } = await server.start()
    terminal.print(
      { url, predictions: names },
      `Serving ${names.join(', ')} at ${url}${nowUs === undefined ? '' : `, as if it were ${formatInstant(nowUs)}`}`,
    )
    scheduler?.start()
    if (level !== undefined) log.note('serving', { url, predictions: names })
    void live.settled.then(() => {
      const ready = [...live.seats].filter(([, { isReady }]) => isReady).map(([name]) => name)
      if (ready.length > 0) note(`answering ${ready.join(', ')} live`)
    })
    await stopped(signal)
    await Promise.all([scheduler?.stop(), desk.stop(), server.stop()])
    note('stopped')
    return EXIT.done
  },
}
