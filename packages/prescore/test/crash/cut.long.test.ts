/**
 * Ctrl-C and SIGTERM in the commands that `signals.long.test.ts` leaves out: each ends soon with the documented exit code, without a
 * stack, with nothing temporary left; and the same command comes to its end then.
 */
import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { notedWith } from '../audit/house.ts'
import { AS_OF, CONFIG, changed, makeShop, putModel, removeShop } from '../batch/shop.ts'
import { chances } from '../chances.ts'
import { type Ended, type Started, start, until } from '../cli/process.ts'

const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
const chance = chances(seed)
/** Whatever has not ended then, hangs: nobody waits so long. */
const HANGS_MS = 60_000
/** What a command takes to its end here, about. */
const TAKES_MS = 900
const DAY = ['--from', '2026-03-09T12:00:00Z', '--to', AS_OF] as const
let folder: string
/** Of all commands that were cut. */
const codes: (number | null)[] = []

before(async () => {
  const customers = Array.from({ length: 20_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
  folder = await makeShop({ config: notedWith('sample: 1'), customers })
  mkdirSync(join(folder, 'scratch'))
})
after(() => removeShop(folder))

const stateOf = (name: string) => join(folder, name)

function begin(args: readonly string[], stdin?: 'pipe'): Started {
  const started = start(args, { cwd: folder, env: { TMPDIR: join(folder, 'scratch') }, ...(stdin === undefined ? {} : { stdin }) })
  const limit = setTimeout(() => started.child.kill('SIGKILL'), HANGS_MS)
  void started.ended.then(() => clearTimeout(limit))
  return started
}

const over = ({ child }: Started) => child.exitCode !== null || child.signalCode !== null

/**
 * Sends the signal, twice as npx does, and sees that the end is a decent one. Before anything is printed Node may not have started
 * to listen, and the signal ends it: that counts as 75.
 */
async function cut({ child, ended }: Started, signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
  child.kill(signal)
  child.kill(signal)
  const { code, ...printed } = await ended
  const isUnheard = child.signalCode === signal && printed.stdout + printed.stderr === ''
  const end = { code: isUnheard ? 75 : code, ...printed }
  assert.ok(end.code === 0 || end.code === 75, `${end.code} ${end.stdout}${end.stderr}`)
  assert.doesNotMatch(end.stderr, /^ +at /m)
  if (end.code === 75 && end.stderr + end.stdout !== '')
    assert.match(end.stderr + end.stdout, /error interrupted: .*\n {4}→ \S|"code":"interrupted"/)
  codes.push(end.code)
  assert.deepEqual(leftovers(), [])
  return end
}

function leftovers(): string[] {
  const temporary = globSync('**/{*.tmp,freezing-*,reading-*}', { cwd: folder, exclude: ['node_modules'] })
  return [...temporary, ...scratch()]
}

/** ONNX Runtime leaves files of its own there. */
function scratch(): string[] {
  return readdirSync(join(folder, 'scratch')).filter(name => name.startsWith('prescore-'))
}

/** The command to its end. */
async function whole(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await begin(args).ended
  assert.equal(code, 0, stdout + stderr)
  assert.deepEqual(leftovers(), [])
  return stdout
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>

test('any command, before it has begun: 75, or ended by the signal where not even Node has', async () => {
  const { child, ended } = begin(['check'])
  await sleep(chance() * 300)
  child.kill('SIGINT')
  const { code, stdout, stderr } = await ended
  assert.ok(code === 75 || child.signalCode === 'SIGINT', stdout + stderr)
  assert.doesNotMatch(stderr, /^ +at /m)
})

test('release: the release is there, or nothing of it', async () => {
  // What no reader knows makes it larger, so that it takes a while to be written.
  const padding = Buffer.alloc(48 * 2 ** 20)
  copyFileSync(join(folder, 'model.onnx'), join(folder, 'large.onnx'))
  appendFileSync(join(folder, 'large.onnx'), Buffer.concat([field(1_000, padding.length), padding]))
  writeFileSync(join(folder, 'large.ts'), changed(CONFIG, `'model.onnx'`, `'large.onnx'`))
  const args = ['release', 'spend', '--project', 'large.ts', '--state', stateOf('released')]
  const started = begin(args)
  await until(() => globSync('releases/*', { cwd: stateOf('released') }).length > 0 || over(started))
  const { code } = await cut(started)
  assert.equal(globSync('releases/*', { cwd: stateOf('released') }).length, code === 0 ? 1 : 0)
  assert.match(await whole(args), /rozen: release/)
})

test('init: the whole project, or an empty place', async t => {
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  for (const from of [[], ['--from', 'orders.parquet']]) {
    const place = join(folder, `new-${from.length}`)
    const started = begin(['init', place, ...from])
    await sleep(chance() * TAKES_MS)
    const { code } = await cut(started)
    assert.equal(existsSync(join(place, 'prescore.config.ts')), code === 0)
    if (code === 0) continue
    assert.deepEqual(globSync('**', { cwd: place }), [])
    await whole(['init', place, ...from])
  }
})

const LINES = Array.from({ length: 60_000 }, (_, i) =>
  JSON.stringify({ id: 1_000_000 + i, placed: '2026-03-10T11:00:00Z', customer: `c${i}`, amount: 1 }),
)

test('events append, waiting for stdin: nothing is taken', async () => {
  const args = ['events', 'append', 'orders', '--state', stateOf('stdin')]
  const started = begin(args, 'pipe')
  started.child.stdin?.write(`${LINES[0]}\n`)
  await until(() => existsSync(join(stateOf('stdin'), 'log')) || over(started))
  assert.equal((await cut(started)).code, 75)
  assert.equal(json(await whole(['events', 'status', 'orders', '--state', stateOf('stdin'), '--json'])).position, 0)
  const again = begin(args, 'pipe')
  again.child.stdin?.end(LINES[0])
  assert.match((await again.ended).stdout, /^1 accepted/)
})

test('events append, on its way: it says how many were taken; repeated, they are duplicates', async () => {
  writeFileSync(join(folder, 'many.ndjson'), LINES.join('\n'))
  const args = ['events', 'append', 'orders', 'many.ndjson', '--state', stateOf('many'), '--json']
  const started = begin(args)
  await until(() => sizeOf(stateOf('many')) > 1_000_000 || over(started))
  const { code, stdout } = await cut(started)
  const said = (json(stdout).error as { message: string } | undefined)?.message ?? `${LINES.length} of`
  const taken = Number(/(\d+) of/.exec(said)?.[1])
  assert.ok(code === 0 || taken < LINES.length, stdout)
  const { accepted, duplicate } = json(await whole(args))
  assert.deepEqual([accepted, duplicate], [LINES.length - taken, taken])
})

test('replay: what was sent stays; repeated, it is duplicate', async () => {
  const args = ['replay', 'orders', ...DAY, '--state', stateOf('replayed'), '--json']
  const started = begin([...args, '--speed', '600'])
  await until(() => sizeOf(stateOf('replayed')) > 0 || over(started))
  assert.equal((await cut(started, 'SIGTERM')).code, 75)
  const { events, accepted, duplicate } = json(await whole(args)) as Record<string, number>
  assert.equal((accepted as number) + (duplicate as number), events)
})

test('serve, with requests on their way: they are answered, and it ends with 0; then an audit of what was answered', async () => {
  const state = ['--state', stateOf('served')]
  const started = begin(['serve', '--port', '0', '--threads', '1', '--now', AS_OF, ...state])
  await until(() => started.printed.stderr.includes('answering spend live') || over(started))
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(started.printed.stdout)?.[0]
  const asked = Array.from({ length: 20 }, async (_, i) => {
    const response = await fetch(`${url}/api/predictions/spend/answers/c${i}?prefer=live`)
    return ((await response.json()) as { source: string }).source
  })
  await Promise.race(asked)
  const { code, stderr } = await cut(started)
  assert.deepEqual([code, stderr.endsWith('stopped\n')], [0, true], stderr)
  for (const each of await Promise.allSettled(asked)) if (each.status === 'fulfilled') assert.equal(each.value, 'live')

  const auditing = begin(['audit', ...state])
  await sleep(chance() * TAKES_MS)
  await cut(auditing)
  assert.match(await whole(['audit', ...state]), /As served, not a bit differs\.\n$/)
})

test('schedule: with nothing under way 0; in a run 75, and the run is ended in order', async t => {
  writeFileSync(
    join(folder, 'scheduled.ts'),
    changed(CONFIG, `mode: 'batch', maxAge: '24h'`, `mode: 'batch', maxAge: '24h', schedule: '0 13 * * *'`),
  )
  const args = ['schedule', '--project', 'scheduled.ts', '--state', stateOf('scheduled'), '--json']
  const idle = begin([...args, '--now', AS_OF])
  await until(() => idle.printed.stderr.includes('next') || over(idle))
  assert.equal((await cut(idle)).code, 0)
  await inRun(t, begin([...args, '--now', '2026-03-11T11:59:59.900Z']))
})

async function inRun(t: TestContext, running: Started): Promise<void> {
  await until(() => globSync('runs/*/plan.json', { cwd: stateOf('scheduled') }).length > 0 || over(running))
  const { code, stderr } = await cut(running)
  t.diagnostic(`ended with ${code}`)
  if (code === 75) assert.match(stderr, /"outcome":"again".*"code":"interrupted"/)
}

test('run --plan, shard, finish, and export: each is cut once, and comes to its end', async () => {
  putModel(folder, 'weighted')
  writeFileSync(join(folder, 'batch.ts'), CONFIG)
  const place = ['--project', 'batch.ts', '--state', stateOf('sharded')]
  const plan = ['run', 'spend', '--as-of', AS_OF, '--shards', '1', '--plan', ...place]
  const planning = begin(plan)
  await until(() => existsSync(stateOf('sharded')) || over(planning))
  await cut(planning)
  await whole(plan)
  const [run] = readdirSync(join(stateOf('sharded'), 'runs')) as [string]
  for (const stage of ['features', 'score']) {
    const args = ['shard', run, stage, '--index', '0', ...place]
    const computing = begin(args)
    await until(() => globSync(`runs/*/${stage}/*`, { cwd: stateOf('sharded') }).length > 0 || over(computing))
    await cut(computing)
    await whole(args)
  }
  await whole(['run', 'spend', '--as-of', AS_OF, '--finish', ...place])
  const out = join(folder, 'out.ndjson')
  const exporting = ['runs', 'export', run, '--features', '--out', out, ...place]
  const started = begin(exporting)
  await until(() => scratch().length > 0 || over(started))
  assert.equal(existsSync(out), (await cut(started)).code === 0)
  await whole(exporting)
  assert.equal(readFileSync(out, 'utf8').trimEnd().split('\n').length, 20_000)
})

test('not all of them had ended before', t => {
  t.diagnostic(`exit codes ${codes.join(' ')}`)
  assert.ok(codes.filter(code => code === 75).length >= codes.length / 3)
})

/** The head of an unknown field of a protobuf message that holds so many bytes. */
function field(number: number, bytes: number): Buffer {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))])
  return Buffer.from([...varint(number * 8 + 2), ...varint(bytes)])
}

/** Of a state's logs, what is used. */
function sizeOf(state: string): number {
  return globSync('log/**/data.mdb', { cwd: state }).reduce((sum, file) => sum + readFileSync(join(state, file)).length, 0)
}
