/** Several processes on one log, and processes that are killed in the middle. */
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventLog, openEventLog } from '../../src/sources/index.ts'
import { folderFor, type Row, rowsOf } from './place.ts'
import { callOf, TRANSFERS, type Transfer } from './processes/transfers.ts'

const KILLS = process.env.PRESCORE_FULL === '1' ? 200 : 28

const APPENDER = join(import.meta.dirname, 'processes/appender.ts')

interface Appender {
  readonly process: ChildProcessByStdio<null, Readable, Readable>
  /** The numbers of a line, for each call that was acknowledged so far. */
  readonly acknowledged: number[][]
  /** Resolves with stderr when it has ended and all it printed was read. */
  readonly ended: Promise<string>
}

function start(folder: string, name: string, first: number, calls: number, inFlight: number): Appender {
  const child = spawn(process.execPath, [APPENDER, folder, name, String(first), String(calls), String(inFlight)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const acknowledged: number[][] = []
  let [rest, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() as string
    acknowledged.push(...lines.map(line => line.split(' ').map(Number)))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  return { process: child, acknowledged, ended: once(child, 'close').then(() => errors) }
}

/** What was seen of a log so far, and found whole. */
class Seen {
  readonly ids = new Set<unknown>()
  #knownAtUs = Number.NEGATIVE_INFINITY

  /** Positions go on, no id is there twice, and each event is as it was sent, with all others of its call. */
  add(rows: readonly Row[]): void {
    for (const { position, knownAtUs, 'row.id': id } of rows) {
      assert.ok(!this.ids.has(id), `${id} is there twice`)
      this.ids.add(id)
      assert.equal(position, this.ids.size)
      assert.ok((knownAtUs as number) >= this.#knownAtUs)
      this.#knownAtUs = knownAtUs as number
    }
    const calls = new Map(
      rows.map(row => [`${row['row.sender']} ${row['row.call']}`, callOf(row['row.sender'] as string, row['row.call'] as number)]),
    )
    const sent = new Map([...calls.values()].flat().map(event => [`${event.sender} ${event.id}`, event]))
    for (const { id } of sent.values()) assert.ok(this.ids.has(id), `${id} of a call that is there is missing`)
    for (const row of rows) {
      const event = sent.get(`${row['row.sender']} ${row['row.id']}`)
      assert.deepEqual([row['row.call'], row['row.size'], row['row.check']], [event?.call, event?.size, event?.check])
    }
  }
}

/** Reads what is new until told to stop, and gives all of it. */
async function follow(log: EventLog, isOver: () => boolean): Promise<Row[]> {
  const rows: Row[] = []
  for (let over = false; !over; ) {
    over = isOver()
    const position = log.position()
    rows.push(...rowsOf(log, rows.length, position))
    await sleep(5)
  }
  return rows
}

test('two processes append at once, a third one follows: one log, each id once', async t => {
  const folder = folderFor(t)
  const calls = 300
  const log = openEventLog(folder, 'transfers', TRANSFERS)
  const appenders = ['a', 'b'].map(name => start(folder, name, 0, calls, 8))
  let over = false
  const followed = follow(log, () => over)
  const errors = await Promise.all(appenders.map(({ ended }) => ended))
  over = true
  assert.deepEqual(errors, ['', ''])
  const rows = await followed
  new Seen().add(rows)
  const expected = new Set(
    ['a', 'b'].flatMap(name =>
      Array.from({ length: calls }, (_, call) => callOf(name, call))
        .flat()
        .map(({ id }) => id),
    ),
  )
  assert.deepEqual(new Set(rows.map(row => row['row.id'])), expected)
  const sum = (field: number) =>
    appenders.flatMap(({ acknowledged }) => acknowledged).reduce((total, line) => total + (line[field] as number), 0)
  const sent = 2 * Array.from({ length: calls }, (_, call) => callOf('a', call).length).reduce((a, b) => a + b)
  assert.deepEqual([sum(1), sum(2)], [expected.size, sent - expected.size])
  await log.close()
})

test('what another process has committed is there at the next look, even within one turn', async t => {
  const folder = folderFor(t)
  const log = openEventLog(folder, 'transfers', TRANSFERS)
  assert.equal(log.position(), 0)
  execFileSync(process.execPath, [APPENDER, folder, 'a', '0', '1', '1'])
  const { size } = callOf('a', 0)[0] as Transfer
  assert.deepEqual([log.position(), log.pin().position, rowsOf(log).length, log.hasIds(['a 0 0'])], [size, size, size, [true]])
  await log.close()
})

test(`after each of ${KILLS} kills while appending, every acknowledged event is there once, and none in part`, async t => {
  const folder = folderFor(t)
  const senders = ['a', 'b', 'c', 'd'].map(name => ({ name, acknowledged: new Set<number>() }))
  const seen = new Seen()
  let killed = 0
  while (killed < KILLS) {
    const appenders = senders.map(({ name, acknowledged }) => start(folder, name, firstOpen(acknowledged), 1_000_000, 4))
    await Promise.all(appenders.map(({ process, ended }) => Promise.race([once(process.stdout, 'data'), ended])))
    await sleep(Math.random() * 40)
    for (const { process } of appenders) killed += Number(process.kill('SIGKILL'))
    const errors = await Promise.all(appenders.map(({ ended }) => ended))
    assert.equal(errors.join(''), '')
    const log = openEventLog(folder, 'transfers', TRANSFERS)
    seen.add(rowsOf(log, seen.ids.size))
    await log.close()
    for (const [i, { name, acknowledged }] of senders.entries()) {
      for (const [call] of (appenders[i] as Appender).acknowledged) {
        acknowledged.add(call as number)
        for (const { id } of callOf(name, call as number)) assert.ok(seen.ids.has(id), `${id} was acknowledged`)
      }
    }
  }
})

/** The first call that was not acknowledged: it is sent again, with those behind it. */
function firstOpen(calls: ReadonlySet<number>): number {
  let first = 0
  while (calls.has(first)) first++
  return first
}
