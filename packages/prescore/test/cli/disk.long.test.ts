/**
 * A disk that is full, or may not be written: each command that writes says so and what to do, leaves nothing half-written, and works
 * when there is room again. The disk is a small one in memory where that may be mounted; else files may not grow beyond a size.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const AS_OF = '2026-11-29T00:00:00Z'
const RUN = ['run', 'spend', '--as-of', AS_OF]
const LATER = ['run', 'spend', '--as-of', '2026-11-29T01:00:00Z']
const DISK_BYTES = 1_048_576
/** Processes that keep to permissions, as those of root do without its rights over all files. */
const WITHOUT_RIGHTS = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : []

let home: string
let project: string
/** A state with a release, a run that is served, and one that is staged. */
let state: string
let staged: string

before(() => {
  home = mkdtempSync(join(tmpdir(), 'prescore-disk-'))
  project = join(home, 'project')
  state = join(home, 'state')
  succeeds(['init', project])
  const config = join(project, 'prescore.config.ts')
  writeFileSync(config, readFileSync(config, 'utf8').replace('policy: { ', "zone: 'UTC', policy: { schedule: '@daily', "))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../..'), join(project, 'node_modules/prescore'))
  const place = ['--project', project, '--state', state]
  succeeds([...RUN, ...place])
  staged = (JSON.parse(succeeds([...LATER, '--publish', 'never', '--json', ...place])) as { run: string }).run
})
after(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }))

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function prescore(args: readonly string[], through: readonly string[] = []): Ended {
  const [program = '', ...others] = [...through, process.execPath, MAIN, ...args]
  return spawnSync(program, others, { cwd: home, encoding: 'utf8', env: { ...process.env, HOME: home } })
}

/** @returns what it prints */
function succeeds(args: readonly string[]): string {
  const { status, stdout, stderr } = prescore(args)
  assert.equal(status, 0, `${args.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

function assertRefused({ status, stdout, stderr }: Ended, fix: RegExp, what: string): void {
  assert.equal(status, 1, `${what}: ${stderr}${stdout}`)
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; fix: string } }
  assert.match(error.code, /^(file_unwritable|store_unreadable|read_only)$/, `${what}: ${error.message}`)
  assert.match(error.fix, fix, `${what}: ${error.message}`)
  assert.doesNotMatch(stderr, /^ +at .*:\d+:\d+/m, what)
}

/** Each command is a process: the long suite tries them all. */
const isFull = process.env.PRESCORE_FULL !== undefined
const others = () => [
  ['publish', staged],
  ['rollback', 'spend'],
  ['events', 'heartbeat', 'orders'],
]

/** Every command that writes, with where. */
const writing = (place: string, states: string): readonly (readonly string[])[] => [
  ['init', join(place, 'new')],
  ['release', 'spend', '--state', states],
  [...RUN, '--state', states],
  ['events', 'append', 'orders', join(place, 'events.json'), '--state', states],
  ['dataset', 'spend', '--out', join(place, 'spend.parquet')],
  ['types', '--out', join(place, 'types.ts')],
  // They open the same places.
  ...(!isFull ? [] : others().map(command => [...command, '--state', states])),
]

const inProject = (args: readonly string[]) => (args[0] === 'init' ? args : [...args, '--project', project])

test('a disk that is mounted read-only: stored answers are given, by commands and by a server, and all that writes is refused', async t => {
  const disk = smallDisk(t, 'mounted', 64 * DISK_BYTES)
  const copy = disk ?? join(home, 'closed-copy')
  const states = join(copy, 'state')
  cpSync(state, states, { recursive: true })
  if (disk !== undefined) assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk]).status, 0)
  else for (const path of globSync('**/*', { cwd: copy }).map(each => join(copy, each))) chmodSync(path, 0o555)
  const through = disk === undefined ? WITHOUT_RIGHTS : []
  const place = ['--project', project, '--state', states]
  const got = prescore(['get', 'spend', 'c7', '--json', '--now', AS_OF, ...place], through)
  assert.equal(got.status, 0, got.stderr + got.stdout)
  const { value, source } = JSON.parse(got.stdout) as { value: number; source: string }
  assert.equal(source, 'store')
  for (const command of [['runs'], ['status']]) assert.equal(prescore([...command, ...place], through).status, 0, command.join())
  for (const command of [['rollback', 'spend'], ['schedule'], RUN])
    assertRefused(
      prescore([...command, '--json', ...place], through),
      /The disk is read-only|This user may not write there/,
      command.join(' '),
    )
  const [program = '', ...args] = [...through, process.execPath, MAIN, 'serve', '--port', '0', '--now', AS_OF, ...place]
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => server.kill('SIGKILL'))
  const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
  const url = /http:[^\s,]+/.exec(line)?.[0]
  const answer = (await (await fetch(`${url}/api/predictions/spend/answers/c7`)).json()) as { value: number; source: string }
  assert.deepEqual([answer.value, answer.source], [value, 'store'])
  const event = { id: 5002, placed: '2026-03-10T11:00:00Z', customer: 'c1', amount: 1, note: 'a' }
  for (const [path, body] of [
    ['predictions/spend/rollback', {}],
    ['sources/orders/events', [event]],
  ] as const) {
    const headers = { 'content-type': 'application/json' }
    const changed = await fetch(`${url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const problem = (await changed.json()) as { code: string; fix: string }
    assert.deepEqual([changed.status, problem.code], [409, 'read_only'], path)
    assert.match(problem.fix, /The disk is read-only|This user may not write there/)
    assert.ok(!JSON.stringify(problem).includes(copy), JSON.stringify(problem))
  }
  server.kill('SIGTERM')
  assert.deepEqual(await once(server, 'exit'), [0, null])
})

test('a folder that this user may not write', () => {
  const place = join(home, 'closed')
  mkdirSync(place)
  const event = { id: 5001, placed: '2026-03-10T11:00:00Z', customer: 'c1', amount: 1, note: 'a' }
  writeFileSync(join(place, 'events.json'), JSON.stringify([event]))
  cpSync(state, join(place, 'state'), { recursive: true })
  for (const path of [home, place, ...globSync('**/*', { cwd: place }).map(each => join(place, each))]) chmodSync(path, 0o555)
  const before = globSync('**/*', { cwd: place }).sort()
  for (const command of writing(place, join(place, 'state')))
    assertRefused(prescore([...inProject(command), '--json'], WITHOUT_RIGHTS), /This user may not write there/, command.join(' '))
  for (const command of [['release', 'spend'], RUN])
    assertRefused(
      prescore([...inProject(command), '--state', join(place, 'fresh'), '--json'], WITHOUT_RIGHTS),
      /This user may not write there/,
      `${command[0]}, a new state`,
    )
  assert.deepEqual(globSync('**/*', { cwd: place }).sort(), before)
  for (const path of [home, place, ...before.map(each => join(place, each))]) chmodSync(path, 0o755)
})

/** A small disk, which goes with the test; undefined where none may be mounted. */
function smallDisk(t: TestContext, name = 'small', bytes = DISK_BYTES): string | undefined {
  const place = join(home, name)
  mkdirSync(place)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', place]).status !== 0) return undefined
  t.after(() => spawnSync('umount', ['--lazy', place]))
  return place
}

/** Fills the disk but for so many bytes. */
function fill(place: string, leftBytes: number): void {
  const { bavail, bsize } = statfsSync(place)
  writeFileSync(join(place, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)))
}

test('a full disk: what does not fit is refused, nothing half-written stays, and the command works when there is room', t => {
  const disk = smallDisk(t)
  const place = disk ?? join(home, 'limited')
  mkdirSync(place, { recursive: true })
  const states = join(place, 'state')
  const attempt = (args: readonly string[], leftBytes: number): Ended => {
    if (disk === undefined) return prescore([...args, '--json'], ['prlimit', `--fsize=${leftBytes}`])
    fill(place, leftBytes)
    const ended = prescore([...args, '--json'])
    rmSync(join(place, 'filler'))
    return ended
  }
  const out = (name: string) => join(place, name)
  for (const [args, leftBytes] of [
    [['init', out('new')], 4_096],
    [['release', 'spend', '--state', states], 0],
    [['release', 'spend', '--state', states], 4_096],
    [['dataset', 'spend', '--out', out('spend.parquet')], 0],
    [['types', '--out', out('types.ts')], 0],
    [[...RUN, '--state', states], 0],
    [[...RUN, '--state', states], 20_480],
    [[...RUN, '--state', states], 150_000],
  ] as const) {
    if (!isFull && leftBytes === 0 && args[0] !== 'types') continue
    const command = inProject(args)
    assertRefused(
      attempt(command, leftBytes),
      /The disk is full|whether the disk is full|as large here/,
      `${args.join(' ')}, ${leftBytes} bytes left`,
    )
    const half = globSync('**/*', { cwd: place }).filter(file => /\.tmp$|freezing|spend\.parquet|types\.ts|orders\.csv/.test(file))
    assert.deepEqual(half, [], args.join(' '))
  }
  succeeds(inProject([...RUN, '--state', states]))
})
