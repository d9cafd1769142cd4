/** A server in a process of its own: `ours`, or `bare <file>` (a plain node:http server that reads each body to its end and gives the bytes of the file). */
import { readFileSync } from 'node:fs'
import { createServer as createBareServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ServerReport } from '../lookup/server.ts'
import { protocolServer } from './fixture.ts'

const [kind, file] = process.argv.slice(2) as [string, string]

async function startBare(body: Buffer): Promise<number> {
  const head = { 'content-type': 'application/json', 'content-length': body.length }
  const server = createBareServer((request, response) => {
    request.on('data', () => {})
    request.on('end', () => response.writeHead(200, head).end(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuUs: user + system } satisfies ServerReport)
})
process.on('disconnect', () => process.exit())
const port = kind === 'ours' ? (await (await protocolServer()).start()).port : await startBare(readFileSync(file))
process.send?.({ port } satisfies ServerReport)
