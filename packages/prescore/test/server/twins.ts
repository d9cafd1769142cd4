/** Two servers that must answer alike, byte for byte: the same bytes go to both over a connection that is kept. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Server } from '../../src/server/index.ts'

export interface Twins {
  /** What both answer, but for dates and the ids that they make. @param answers how many are waited for. */
  alike(request: string, answers?: number): Promise<string>
  /** Both connections end; the next request opens others. */
  hangUp(): void
}

/** @param servers that are not started yet. */
export async function twins(servers: readonly [Server, Server]): Promise<Twins> {
  const lines = await Promise.all(servers.map(async server => lineTo((await server.start()).port)))
  return {
    async alike(request, answers = 1) {
      const [first = '', second = ''] = (await Promise.all(lines.map(line => line.ask(request, answers)))).map(text =>
        text.replace(/\r\ndate: [^\r]+/gi, '').replace(/x-request-id: (?!same)[\w-]{10,}/g, 'x-request-id: made'),
      )
      assert.equal(first, second, JSON.stringify(request.slice(0, 500)))
      return first
    },
    hangUp() {
      for (const line of lines) line.close()
    },
  }
}

/** One connection, kept for as long as the server keeps it. */
function lineTo(port: number) {
  let socket: Socket | undefined
  let text = ''
  let heard = () => {}
  const open = async (): Promise<Socket> => {
    const opened = connect(port, '127.0.0.1')
    opened.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      heard()
    })
    opened.on('close', () => {
      text += '[closed]'
      socket = undefined
      heard()
    })
    await once(opened, 'connect')
    return opened
  }
  const ask = async (request: string, answers: number): Promise<string> => {
    socket ??= await open()
    text = ''
    socket.write(request, 'latin1')
    while (!isWhole(text, request.startsWith('HEAD'), answers))
      await new Promise<void>(resolve => {
        heard = resolve
      })
    return text
  }
  return { ask, close: () => socket?.destroy() }
}

/** Whether so many answers are there, and each to its end. */
function isWhole(text: string, isHead: boolean, answers: number): boolean {
  if (answers === 0 || text.endsWith('[closed]')) return true
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end)
  if (end < 0 || /connection: close/i.test(head)) return false
  const isInterim = /^HTTP\/1\.1 1/.test(head)
  const bodyChars = isHead ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (text.length < end + 4 + bodyChars) return false
  return isWhole(text.slice(end + 4 + bodyChars), isHead, isInterim ? answers : answers - 1)
}
