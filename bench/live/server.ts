/**
 * A server in a process of its own: `fraud <state folder>` (the card fraud example, on a clock that stands at the end of its data),
 * `log <state folder>` (the same without live features), or `bare <body> <status>` (a plain node:http server that reads each body to its end and gives one answer).
 */
import { createServer as createBareServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { App } from '../../packages/prescore/src/app.ts'
import { instantUs, simulatedClock } from '../../packages/prescore/src/base/index.ts'
import { createServer } from '../../packages/prescore/src/server/index.ts'
import type { ServerReport } from '../lookup/server.ts'

const [kind, argument, status] = process.argv.slice(2) as [string, string, string | undefined]
const PROJECT = join(import.meta.dirname, '../../examples/fraud')
const NOW_US = instantUs('2025-07-01T00:00:00+02:00', 'now')

async function startOurs(state: string, withLive: boolean): Promise<number> {
  const app = await App.open({ project: PROJECT, state, clock: simulatedClock(NOW_US), threads: 2 })
  const live = withLive ? await app.startLive() : undefined
  await live?.settled
  const { catalog, overrides } = app.store()
  const resolvers = [app.resolver('fraud')]
  const shared = { resolvers, catalog, overrides, clock: app.clock, logOf: (name: string) => app.log(name) }
  const server = createServer(live === undefined ? shared : { ...shared, live })
  return (await server.start()).port
}

async function startBare(body: string, code: number): Promise<number> {
  const head = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }
  const server = createBareServer((request, response) => {
    request.on('data', () => {})
    request.on('end', () => {
      response.writeHead(code, head)
      response.end(body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuUs: user + system } satisfies ServerReport)
})
process.on('disconnect', () => process.exit())
const port = await (kind === 'bare' ? startBare(argument, Number(status)) : startOurs(argument, kind === 'fraud'))
process.send?.({ port } satisfies ServerReport)
