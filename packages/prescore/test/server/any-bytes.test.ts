/**
 * Bytes on a connection, cut anywhere, are answered as if each request had come alone, to a server that has no hot path: nothing is
 * lost, doubled, or read in another way. `PRESCORE_FULL=1` tries 20 times as much.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { Resolver } from '../../src/resolve/index.ts'
import { createServer, type Server } from '../../src/server/index.ts'
import { CLOCK, furnished, predictionOf } from './house.ts'
import { ANN, ANSWERS, get, LAST, ODD, post, REQUESTS } from './wire-requests.ts'

const RUNS = { numRuns: process.env.PRESCORE_FULL === '1' ? 8_000 : 400 }
const { store } = await furnished()
const defects: unknown[] = []
const serve = (isRouted: boolean): Server =>
  createServer({
    resolvers: [
      new Resolver({ prediction: predictionOf('score', { customer: 'string' }), store, clock: CLOCK }),
      new Resolver({
        prediction: predictionOf('fixed', { customer: 'string' }, { default: { value: 0.5, reason: 'später' } }),
        store,
        clock: CLOCK,
      }),
    ],
    catalog: store.catalog,
    clock: CLOCK,
    onDefect: error => void defects.push(error),
    ...(isRouted ? { onAnswered: () => {} } : {}),
  })
const servers = [serve(false), serve(true)] as const
const [hotPort, routedPort] = (await Promise.all(servers.map(async server => (await server.start()).port))) as [number, number]
after(async () => {
  await Promise.all(servers.map(server => server.stop()))
  assert.deepEqual(defects, [])
})

/** One connection, and what came over it. */
class Line {
  readonly #socket: Socket
  #text = ''
  #isClosed = false
  #heard = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1')
      this.#heard()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      this.#heard()
    })
  }

  static async open(port: number): Promise<Line> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Line(socket)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  write(bytes: string): void {
    if (this.#socket.writable) this.#socket.write(bytes, 'latin1')
  }

  end(): void {
    this.#socket.end()
  }

  leave(): void {
    this.#socket.destroy()
  }

  /** The answers, once there are so many, or the server has closed. */
  async answers(heads: readonly boolean[]): Promise<readonly string[]> {
    for (;;) {
      const answers = split(this.#text, heads)
      const whole = answers.filter(each => !/^HTTP\/1\.1 1/.test(each)).length
      if (this.#isClosed || whole >= heads.length) return answers
      await new Promise<void>(resolve => (this.#heard = resolve))
    }
  }
}

/** Whole answers, without what differs from one to the next. @param heads of each in turn: whether it is to a HEAD */
function split(text: string, heads: readonly boolean[]): string[] {
  const answers: string[] = []
  let isHead = 0
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end < 0) break
    const head = text.slice(at, end + 4)
    const isInterim = /^HTTP\/1\.1 1/.test(head)
    const length = isInterim || heads[isHead] === true ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (text.length < end + 4 + length) break
    answers.push(head + text.slice(end + 4, end + 4 + length))
    if (!isInterim) isHead++
    at = end + 4 + length
  }
  return answers.map(each => each.replace(/\r\ndate: [^\r]+/i, '').replace(/x-request-id: (?!same)[\w-]{10,}/, 'x-request-id: made'))
}

/** Each request alone, the next once it is answered; undefined: a request of these closed the connection, and how far it came. */
async function oneByOne(
  requests: readonly string[],
  half: string,
): Promise<{ answers: readonly string[]; asked: number; isClosed: boolean }> {
  const line = await Line.open(routedPort)
  let answers: readonly string[] = []
  let asked = 0
  while (asked < requests.length && !line.isClosed) {
    line.write(requests[asked++] as string)
    answers = await line.answers(headsOf(requests.slice(0, asked)))
    // Some answers say that the connection ends.
    if (endsIn(answers)) break
  }
  const hasEnded = asked === requests.length && half !== ''
  if (hasEnded) {
    line.write(half)
    line.end()
  }
  const isClosed = hasEnded || line.isClosed || endsIn(answers)
  if (isClosed) answers = await line.answers([...headsOf(requests.slice(0, asked)), false, false])
  line.leave()
  return { answers, asked, isClosed }
}

/** All at once, cut at some places; then half a request, and the end. */
async function inPieces(requests: readonly string[], half: string, cuts: readonly number[], expected: number) {
  const line = await Line.open(hotPort)
  const bytes = requests.join('') + half
  const places = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let from = 0
  for (const place of [...places, bytes.length]) {
    if (place === from) continue
    line.write(bytes.slice(from, place))
    from = place
    await sleep(place % 3 === 0 ? 1 : 0)
  }
  const heads = headsOf(requests)
  let answers = await line.answers(heads.slice(0, expected))
  if (half !== '') line.end()
  const probe = 'GET /livez HTTP/1.1\r\nhost: x\r\nx-request-id: same-probe\r\n\r\n'
  const isOver = half !== '' || endsIn(answers) || line.isClosed
  if (!isOver) line.write(probe)
  answers = await line.answers(isOver ? [...heads, false, false] : [...heads.slice(0, expected), false])
  line.leave()
  const last = answers.at(-1) ?? ''
  return last.includes('same-probe') ? { answers: answers.slice(0, -1), isClosed: false } : { answers, isClosed: true }
}

/** Whether one says that the connection ends; what comes behind it is a body in pieces. */
const endsIn = (answers: readonly string[]) => answers.some(each => /\r\nconnection: close\r\n/i.test(each))
const headsOf = (requests: readonly string[]) => requests.map(each => each.startsWith('HEAD'))

async function alike(requests: readonly string[], half: string, cuts: readonly number[]): Promise<void> {
  const alone = await oneByOne(requests, half)
  const expected = alone.asked
  const together = await inPieces(requests, alone.asked < requests.length ? '' : half, cuts, expected)
  assert.deepEqual(together, { answers: alone.answers, isClosed: alone.isClosed }, JSON.stringify([requests, half, cuts]).slice(0, 2_000))
}

test('each request alone, behind another one, and before another one', async () => {
  const [first = ''] = REQUESTS
  for (const each of [...REQUESTS, ...ODD]) {
    await alike([each], '', [])
    await alike([REQUESTS[0] as string, each, REQUESTS[7] as string], '', [])
    await alike([each, each, REQUESTS[1] as string], '', [Math.floor(each.length / 2), each.length + 3])
  }
  for (const each of LAST) {
    await alike([each], '', [])
    await alike([first, each], '', [first.length + Math.floor(each.length / 2)])
  }
})

test('a request cut at each of its bytes, and one that ends at each', async () => {
  for (const request of [post(ANSWERS, ANN), get(`${ANSWERS}/ann`)]) {
    for (let at = 1; at < request.length; at++) {
      await alike([request], '', [at])
      await alike([], request.slice(0, at), [])
    }
  }
})

test('whatever comes, however it is cut', async () => {
  const cuts = fc.array(fc.nat(20_000), { maxLength: 5 })
  const plain = fc.array(fc.constantFrom(...REQUESTS), { maxLength: 6 })
  const mixed = fc.array(fc.constantFrom(...REQUESTS, ...ODD), { maxLength: 6 })
  const share = fc.double({ min: 0.01, max: 0.99, noNaN: true })
  const half = fc.tuple(fc.constantFrom(...REQUESTS, ...ODD), share).map(([text, of]) => text.slice(0, Math.ceil((text.length - 1) * of)))
  const stream = fc.oneof(
    fc.tuple(mixed, fc.oneof(fc.constant(''), half), cuts),
    // Cut in the last: behind half a head all belongs to node:http, which answers nothing more once it has read what is no request.
    fc.tuple(plain, fc.constantFrom(...LAST), cuts).map(([requests, last, places]) => {
      const before = requests.join('').length
      return [[...requests, last], '', places.map(place => before + (place % last.length))] as const
    }),
  )
  await fc.assert(
    fc.asyncProperty(stream, ([requests, rest, places]) => alike(requests, rest, places)),
    RUNS,
  )
})

test('a thousand requests at once', async () => {
  const requests = Array.from({ length: 1_000 }, (_, i) => REQUESTS[(i * 7) % 8] as string)
  const line = await Line.open(hotPort)
  line.write(requests.join(''))
  const answers = await line.answers(headsOf(requests))
  line.leave()
  const alone = await Promise.all(REQUESTS.slice(0, 8).map(each => oneByOne([each], '')))
  assert.deepEqual(
    answers,
    requests.map((_, i) => alone[(i * 7) % 8]?.answers[0]),
  )
})
