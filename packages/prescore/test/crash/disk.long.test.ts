/** A disk that is full, or may not be written to: said so, nothing is published, what was served stays; with room again, the same bytes. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { assertAnswers, inShop } from '../batch/harness.ts'
import { AS_OF, expectedAnswers, makeShop, removeShop, shopOrders } from '../batch/shop.ts'
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
  }
}

/** Runs commands of a shell over a disk at $DISK; `prescore …` tells its exit code and its output, a line each. */
function onDisk(script: string): Step[] {
  const run = `prescore() { "${process.execPath}" "${MAIN}" "$@" --json --project "${folder}" --state "$DISK/state" 2>/dev/null >"$OUT"; echo "$? $(cat "$OUT")"; }`
  const whole = `set -u; DISK="${folder}/disk"; OUT="${folder}/out"; mkdir -p "$DISK"; ${run}; ${script}`
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
