/** A disk that is full, or may not be written to: said so, nothing is published, what was served stays; with room again, the same bytes. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assertAnswers, inShop } from '../batch/harness.ts'
import { AS_OF, CONFIG, changed, expectedAnswers, makeShop, removeShop, shopOrders } from '../batch/shop.ts'
import { MAIN } from '../cli/process.ts'

const customers = Array.from({ length: 1_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
/** Of the disk, in kB: each is full in another step. */
const SIZES = process.env.PRESCORE_FULL === '1' ? [24, 64, 120, 180, 240] : [64, 150]

let folder: string
let digest: string

before(async () => {
  folder = await makeShop({ customers })
  digest = await inShop(folder, async shop => {
    const { run, report } = await shop.run()
    assertAnswers(shop, run, expectedAnswers(shopOrders(), customers))
    return report.digest
  })
})
after(() => removeShop(folder))

/** A mount of its own, which only the script sees, and which goes with it. */
const UNSHARE = ['--user', '--map-root-user', '--mount', 'sh', '-c']
const missing =
  spawnSync('unshare', [...UNSHARE, 'mount -t tmpfs -o size=64k none /mnt'], { stdio: 'ignore' }).status === 0
    ? undefined
    : 'no disk of its own can be mounted here (unshare --user --mount)'

interface Step {
  readonly code: number
  readonly output: {
    readonly error?: { readonly code: string; readonly fix: string }
    readonly state?: string
    readonly report?: { readonly digest: string }
    readonly outputs?: { readonly table: { readonly state: string; readonly message?: string; readonly fix?: string } }
  }
}

/** Runs commands of a shell over a disk at $DISK; `prescore …` tells its exit code and its output, a line each. Its state is at $STATE. */
function onDisk(script: string): Step[] {
  const run = `prescore() { "${process.execPath}" "${MAIN}" "$@" --json --project "$PROJECT" --state "$STATE" 2>/dev/null >"$OUT"; echo "$? $(cat "$OUT")"; }`
  const whole = `set -u; DISK="${folder}/disk"; STATE="$DISK/state"; PROJECT="${folder}"; OUT="${folder}/out"; mkdir -p "$DISK"; ${run}; ${script}`
  const text = execFileSync('unshare', [...UNSHARE, whole], { encoding: 'utf8', cwd: folder })
  return text
    .trim()
    .split('\n')
    .map(line => {
      const [, code, output] = /^(\d+) (.*)$/.exec(line) ?? []
      assert.ok(output !== undefined && output !== '', line)
      return { code: Number(code), output: JSON.parse(output) as Step['output'] }
    })
}

test('a full disk', { skip: missing ?? false }, t => {
  const command = `prescore run spend --as-of ${AS_OF} --shards 2 --threads 2`
  const met: string[] = []
  for (const size of SIZES) {
    const script = `mount -t tmpfs -o size=${size}k none "$DISK"; ${command}; mount -o remount,size=64m "$DISK"; ${command}; ${command}`
    const [full, resumed, again] = onDisk(script) as [Step, Step, Step]
    if (full.code !== 0) {
      const error = full.output.error as NonNullable<Step['output']['error']>
      assert.equal(full.code, 1, JSON.stringify(error))
      assert.match(error.code, /^(file_unwritable|store_unreadable|run_failed)$/, JSON.stringify(error))
      assert.match(JSON.stringify(error), /make room/i)
      met.push(`${size} kB: ${error.code}`)
    }
    assert.deepEqual([resumed.code, resumed.output.state, resumed.output.report?.digest], [0, 'published', digest], JSON.stringify(resumed))
    assert.deepEqual([again.code, again.output.report?.digest], [0, digest])
  }
  t.diagnostic(met.join('; '))
  assert.ok(met.length > 1, 'none of the disks was full')
})

test('a full disk under an output: trying again would not help, the run is served, and it is written when there is room', {
  skip: missing ?? false,
}, () => {
  for (const format of ['csv', 'parquet', 'ndjson']) {
    const output = changed(
      CONFIG,
      'gates: { coverage: 0.9 }',
      `gates: { coverage: 0.9 }, outputs: { table: file({ path: 'disk/out/scores.${format}' }) }`,
    )
    writeFileSync(join(folder, `${format}.ts`), changed(output, 'events, fn,', 'events, file, fn,'))
    const command = `prescore run spend --as-of ${AS_OF}`
    const script = `mount -t tmpfs -o size=4k none "$DISK"; head -c 4096 /dev/zero > "$DISK/filler"; STATE="${folder}/${format}"; PROJECT="${folder}/${format}.ts"
      ${command}; test -z "$(find "$DISK" -type f -not -name filler)" && prescore get spend c0; mount -o remount,size=64m "$DISK"; ${command}; test -s "$DISK/out/scores.${format}" && ${command}`
    const [full, answer, written, again] = onDisk(script) as [Step, Step, Step, Step]
    assert.deepEqual([full.code, full.output.state, full.output.report?.digest], [1, 'published', digest], JSON.stringify(full))
    const { state, message, fix } = full.output.outputs?.table ?? {}
    assert.equal(state, 'failed')
    assert.match(`${message} ${fix}`, /^file_unwritable: .*make room/i)
    assert.equal(answer.code, 0, 'nothing half-written lies there, and the run is served')
    assert.deepEqual([written.code, written.output.outputs?.table.state], [0, 'written'], JSON.stringify(written))
    assert.equal(again?.code, 0, 'the file is there')
  }
})

test('a disk that may only be read', { skip: missing ?? false }, () => {
  const later = `prescore run spend --as-of 2026-03-10T13:00:00Z`
  const script = `mount -t tmpfs -o size=64m none "$DISK"; prescore run spend --as-of ${AS_OF}; mount -o remount,ro "$DISK"; ${later}; mount -o remount,rw "$DISK"; prescore get spend c0; ${later}`
  const [first, refused, answer, second] = onDisk(script) as unknown as [Step, Step, { output: { run: string } }, Step]
  assert.equal(first.output.state, 'published')
  assert.equal(refused.code, 1)
  assert.match(String(refused.output.error?.code), /^(file_unwritable|store_unreadable|read_only)$/)
  assert.equal(answer.output.run, (first.output as { run?: string }).run)
  assert.equal(second.output.state, 'published')
})
