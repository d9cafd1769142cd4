/**
 * An open-loop load generator in a process of its own: arrival times are drawn ahead (Poisson), requests are sent when they are due
 * whether or not others were answered, and a request's latency counts from when it was to arrive. So a server that stalls is
 * charged with all that had to wait.
 */
import { createConnection, type Socket } from 'node:net'

export interface ArrivalsOrder {
  readonly port: number
  /** Requests go in turn to so many connections, one behind another on each. */
  readonly connections: number
  readonly perSecond: number
  readonly durationMs: number
  readonly requests: readonly string[]
}

export interface ArrivalsResult {
  readonly requests: number
  readonly failures: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

const END_OF_HEAD = '\r\n\r\n'

process.on('message', (order: ArrivalsOrder) => {
  void generate(order).then(result => process.send?.(result))
})

async function generate({ port, connections, perSecond, durationMs, requests }: ArrivalsOrder): Promise<ArrivalsResult> {
  const dueMs = arrivalTimes(perSecond, durationMs)
  const prepared = requests.map(text => Buffer.from(text))
  const latencies: number[] = []
  const lines = await Promise.all(Array.from({ length: connections }, () => openLine(port, ms => latencies.push(ms))))
  const startedMs = performance.now()
  let next = 0
  await new Promise<void>(resolve => {
    const send = (): void => {
      const nowMs = performance.now() - startedMs
      for (; next < dueMs.length && (dueMs[next] as number) <= nowMs; next++)
        lines[next % connections]?.send(prepared[next % prepared.length] as Buffer, startedMs + (dueMs[next] as number))
      if (next === dueMs.length && latencies.length === next) resolve()
      else setImmediate(send)
    }
    send()
  })
  for (const { socket } of lines) socket.destroy()
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number
  const failures = lines.reduce((sum, line) => sum + line.failures(), 0)
  return { requests: sorted.length, failures, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) }
}

/** Gaps of a Poisson process, from a seed: the same for each run. */
export function arrivalTimes(perSecond: number, durationMs: number): Float64Array {
  const times: number[] = []
  let seed = 0x2545f491
  for (let atMs = 0; ; ) {
    seed ^= seed << 13
    seed ^= seed >>> 17
    seed ^= seed << 5
    atMs -= (Math.log(((seed >>> 0) + 1) / 2 ** 32) * 1_000) / perSecond
    if (atMs > durationMs) return Float64Array.from(times)
    times.push(atMs)
  }
}

interface Line {
  readonly socket: Socket
  send(bytes: Buffer, dueMs: number): void
  failures(): number
}

/** Answers come in the order of the requests. */
function openLine(port: number, answered: (latencyMs: number) => void): Promise<Line> {
  return new Promise((resolve, reject) => {
    const due: number[] = []
    let text = ''
    let failures = 0
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () =>
      resolve({
        socket,
        send(bytes, dueMs) {
          due.push(dueMs)
          socket.write(bytes)
        },
        failures: () => failures,
      }),
    )
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      for (;;) {
        const end = text.indexOf(END_OF_HEAD)
        if (end < 0) return
        const whole = end + END_OF_HEAD.length + Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
        if (text.length < whole) return
        if (!text.startsWith('HTTP/1.1 200')) failures++
        text = text.slice(whole)
        answered(performance.now() - (due.shift() as number))
      }
    })
  })
}
