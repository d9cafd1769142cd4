/** The demo as it is told, in a copy of the example that has no data and no state yet. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const EXAMPLE = join(import.meta.dirname, '..')
const SCRATCH = resolve(EXAMPLE, '../../.scratch')
const NOT_COPIED = ['.prescore', 'data', 'node_modules', 'test']
/** Stored at three, asked at six, and live at eight. */
const CHICAGO = { origin: 'ORD', destination: 'EWR', hour: 8 }

interface Answer {
  readonly key: object
  readonly value: number
  readonly source: string
  readonly ageSeconds: number
  readonly degraded: boolean
  readonly reason?: { readonly code: string }
}

test('npm run demo tells both acts', { skip: process.env.PRESCORE_FULL !== '1' && 'a minute long: npm run test:all' }, async () => {
  const told = await demo()
  const titles = [...told.matchAll(/^(?:==|First act|Second act).*/gm)].map(([line]) => line)
  assert.deepEqual(titles, [
    'First act: a day of answers, scored ahead at three in the morning',
    '== Three million flights',
    '== A training set: for each flight, what was known when it left',
    '== A release: features and model under one hash',
    '== A day of answers',
    '== The same run again: nothing to do',
    '== Answers over HTTP, as if it were six',
    'Second act: two hours of real flights arrive',
    '== From six to eight, as if live',
    '== The same slot: what was stored says its age, what is live has read the last two hours',
    '== A slot that no batch had: answered live',
    '== A dead model: the release loses its file, and the server is started again',
    '== The model is back: the server goes on from where its live features were',
  ])
  assert.match(told, /^3,000,000 real US flights of half a year/m)
  assert.match(told, /[\d,]+ events of flights: [\d,]+ accepted .* 0 rejected; it is 2001-06-15T12:00:00\.000000Z now/)

  assert.match(told, /"code":"release_corrupt"/)
  assert.doesNotMatch(told, /^\s+at |\\n\s+at /m, 'no stack of what is no defect')

  const answers = [...told.matchAll(/^\{"prediction":"late".*\}$/gm)].map(([line]) => JSON.parse(line) as Answer)
  const chicago = answers.filter(({ key }) => JSON.stringify(key) === JSON.stringify(CHICAGO))
  assert.deepEqual(
    chicago.map(({ source, degraded }) => [source, degraded]),
    [
      ['store', false],
      ['store', false],
      ['live', false],
      ['stale', true],
      ['live', false],
    ],
  )
  const [atSix, stored, live, stale, again] = chicago as [Answer, Answer, Answer, Answer, Answer]
  assert.deepEqual([stored.value, stale.value], [atSix.value, atSix.value])
  assert.ok(live.value < stored.value, `${live.value} at eight, ${stored.value} at three`)
  // Seconds apart.
  assert.ok(Math.abs(again.value - live.value) < 0.02, `${again.value} and ${live.value}`)
  assert.ok(stored.ageSeconds >= 5 * 3600 && live.ageSeconds === 0 && again.ageSeconds === 0)
  assert.equal(stale.reason?.code, 'release_corrupt')
  const others = answers.filter(({ key }) => JSON.stringify(key) !== JSON.stringify(CHICAGO)).map(({ source }) => source)
  assert.deepEqual(others, ['store', 'store', 'live'])
})

/** @returns what it prints; throws unless it ends with 0. */
async function demo(): Promise<string> {
  await mkdir(SCRATCH, { recursive: true })
  const folder = await mkdtemp(join(SCRATCH, 'demo-'))
  try {
    await cp(EXAMPLE, folder, { recursive: true, filter: path => path === EXAMPLE || !NOT_COPIED.includes(basename(path)) })
    await beSlow(join(folder, 'prescore.config.ts'))
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['demo.ts'], { cwd: folder })
    return `${stdout}\n${stderr}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Machines that run tests are busy. */
async function beSlow(file: string): Promise<void> {
  const [before, after] = ["deadline: '1s'", "deadline: '60s'"]
  const text = await readFile(file, 'utf8')
  assert.ok(text.includes(before))
  await writeFile(file, text.replace(before, after))
}
