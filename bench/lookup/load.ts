/**
 * A load generator in a process of its own: HTTP/1.1 over raw sockets, kept alive, one request at a time on each, each answer
 * read to its end. It sends prepared bytes and looks only for the end of an answer, so that the server is what is measured.
 * Closed loop: it asks for the capacity, not for the latency at a given rate.
 */
import { createConnection, type Socket } from 'node:net'

export interface LoadOrder {
  readonly port: number
  readonly connections: number
  readonly durationMs: number
  /** Whole requests as text; sent in turn. `latin1`: a character is a byte. */
  readonly requests: readonly string[]
  readonly encoding?: 'latin1'
  /** Send each request once and end; otherwise they are sent again and again until the time is over. */
  readonly once?: boolean
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Answers with another status than 200. */
  readonly failures: number
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

process.on('message', (order: LoadOrder) => {
  void generate(order).then(result => process.send?.(result))
})

async function generate({ port, connections, durationMs, requests, encoding, once = false }: LoadOrder): Promise<LoadResult> {
  const prepared = requests.map(text => Buffer.from(text, encoding))
  const state = {
    sent: 0,
    done: 0,
    failures: 0,
    until: performance.now() + durationMs,
    most: once ? prepared.length : Number.POSITIVE_INFINITY,
  }
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, () => converse(port, () => prepared[state.sent++ % prepared.length] as Buffer, state)),
  )
  return { requests: state.done, seconds: (performance.now() - started) / 1000, failures: state.failures }
}

interface State {
  readonly sent: number
  done: number
  failures: number
  readonly until: number
  readonly most: number
}

function converse(port: number, next: () => Buffer, state: State): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(next()))
    let missing = 0
    let head: Buffer | undefined
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      if (missing === 0) {
        head = head === undefined ? chunk : Buffer.concat([head, chunk])
        const end = head.indexOf(END_OF_HEAD)
        if (end < 0) return
        if (head[9] !== 0x32 || head[10] !== 0x30) state.failures++
        missing = contentLength(head, end) - (head.length - end - END_OF_HEAD.length)
        head = undefined
      } else missing -= chunk.length
      if (missing > 0) return
      missing = 0
      state.done++
      if (performance.now() < state.until && state.sent < state.most) socket.write(next())
      else socket.end(resolve)
    })
  })
}

function contentLength(head: Buffer, end: number): number {
  const text = head.toString('latin1', 0, end)
  const at = text.search(/content-length: /i)
  return Number.parseInt(text.slice(at + 16), 10)
}
