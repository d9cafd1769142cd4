/** A server in a process of its own: `ours <folder>`, or `bare <body>` (a plain node:http server with one answer). */
import { createServer as createBareServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '../../packages/prescore/src/server/index.ts'
import { openResolver } from './fixture.ts'

/** What the process says on 'cpu': microseconds of processor time so far. */
export type ServerReport = { readonly port: number } | { readonly cpuUs: number }

const [kind, argument] = process.argv.slice(2) as [string, string]

async function startOurs(folder: string): Promise<number> {
  const { store, resolver } = openResolver(folder)
  const { port } = await createServer({ resolvers: [resolver], catalog: store.catalog }).start()
  return port
}

async function startBare(body: string): Promise<number> {
  const server = createBareServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuUs: user + system } satisfies ServerReport)
})
process.on('disconnect', () => process.exit())
process.send?.({ port: await (kind === 'ours' ? startOurs(argument) : startBare(argument)) } satisfies ServerReport)
