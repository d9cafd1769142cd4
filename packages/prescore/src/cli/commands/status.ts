import { PrescoreError, simulatedClock } from '../../base/index.ts'
import { type StatusReport, statusOf } from '../../monitor/index.ts'
import { type Command, EXIT, moment, text } from '../command.ts'
import { statusText } from '../status-text.ts'

const ASK_MS = 10_000

export const status: Command = {
  name: 'status',
  summary: 'show on one screen what is served, how old it is, what feeds it, and what to do',
  usage: '[--url URL]',
  example: 'prescore status --url http://127.0.0.1:8080',
  options: {
    url: {
      type: 'string',
      value: 'URL',
      help: 'Ask a running server, which also knows of live features and answers (default: look at the files)',
    },
    now: { type: 'string', value: 'TIME', help: 'Pretend that it is this moment' },
  },
  positionals: [0, 0],
  async run({ open, terminal, options }) {
    const url = text(options.url)
    const nowUs = moment(options.now, 'now')
    if (url !== undefined && nowUs !== undefined)
      throw new PrescoreError('wrong_use', { found: '--url and --now', expected: 'one of them: a server has a clock of its own' })
    const report = url === undefined ? await ofFiles(open, nowUs) : await ofServer(url)
    terminal.print(report, statusText(report))
    return EXIT.done
  },
}

async function ofFiles(open: Parameters<Command['run']>[0]['open'], nowUs: number | undefined): Promise<StatusReport> {
  const app = await open(nowUs === undefined ? undefined : simulatedClock(nowUs))
  const { predictions, sources } = app.loaded.definition
  return statusOf({
    resolvers: Object.keys(predictions).map(name => app.resolver(name)),
    catalog: app.store().catalog,
    clock: app.clock,
    sources: Object.keys(sources).filter(name => sources[name]?.type === 'events'),
    logOf: name => app.log(name),
    audits: app,
    schedules: app.schedules,
  })
}

/** @throws PrescoreError `server_unreachable` */
async function ofServer(url: string): Promise<StatusReport> {
  const unreachable = (found: string, cause?: unknown) =>
    new PrescoreError('server_unreachable', { where: url, found, expected: 'a server of Prescore', cause })
  if (!URL.canParse('/api/status', url))
    throw new PrescoreError('wrong_use', { where: '--url', found: url, expected: 'such as http://127.0.0.1:8080' })
  const asked = await fetch(new URL('/api/status', url), { signal: AbortSignal.timeout(ASK_MS) }).catch((cause: Error) => {
    throw unreachable(cause.cause instanceof Error ? cause.cause.message : cause.message, cause)
  })
  const body = (await asked.json().catch(() => undefined)) as StatusReport | undefined
  if (!asked.ok || body?.predictions === undefined) throw unreachable(`status ${asked.status}`)
  return body
}
