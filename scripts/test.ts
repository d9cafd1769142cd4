/**
 * Runs the tests of all packages, examples and benchmarks, and ends with the line `N passed, N failed`.
 *
 *   npm test [-- words]        the files whose path contains one of the words; without words all but `*.long.test.ts`
 *   npm run test:all           with those, and the long variants of the others; no test may be skipped
 *   npm run test:all -- --rest  of these, only what `npm test` may have left out: see `leavesOut`
 *
 * Random data come from one seed, PRESCORE_SEED, which is printed; another one each time unless it is given.
 * A skip without a reason, a file without tests and a file that does not end are failures.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { run } from 'node:test'

const ROOT = resolve(import.meta.dirname, '..')
const PATTERNS = ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'bench/test/**/*.test.ts']
const TEST_SEED = new URL('./test-seed.ts', import.meta.url).href
const PARALLEL_MAX = 4
const PRINTED_MAX_CHARACTERS = 4_000

interface Finding {
  readonly name: string
  readonly text: string
}

/** What one test file did; filled while its process runs. */
interface FileResult {
  readonly file: string
  seconds: number
  passed: number
  readonly failures: Finding[]
  readonly skips: Finding[]
  readonly notes: string[]
  /** What the file wrote to stdout and stderr: shown if it fails. */
  printed: string
}

const all = process.argv.includes('--all')
const isRest = process.argv.includes('--rest')
const words = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const fileTimeoutMs = (all ? 20 : 5) * 60_000

// Each file is a process, and so are the commands it starts: compiled code is kept between them.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'prescore-compile-cache')
process.env.PRESCORE_SEED ??= String(Date.now() % 2 ** 31)
if (all) {
  process.env.PRESCORE_FULL = '1'
  process.env.PRESCORE_PROPERTY_RUNS ??= '5000'
}

/** One process for one file. The time limit ends a file that hangs, also when its last test is over and something keeps it alive. */
async function runFile(file: string): Promise<FileResult> {
  const result: FileResult = { file: relative(ROOT, file), seconds: 0, passed: 0, failures: [], skips: [], notes: [], printed: '' }
  const startedMs = performance.now()
  const limit = AbortSignal.timeout(fileTimeoutMs)
  const stream = run({ files: [file], concurrency: 1, signal: limit, execArgv: ['--import', TEST_SEED] })
  stream.on('test:pass', ({ name, skip, todo, details }) => {
    if (skip !== undefined || todo !== undefined) record(result, name, skip ?? todo)
    else if (name === file) result.failures.push({ name: 'the file', text: 'It holds no test: add one, or remove it.' })
    else if (details.type !== 'suite') result.passed++
  })
  stream.on('test:fail', ({ name, line, details: { error } }) => {
    if ('failureType' in error && error.failureType === 'subtestsFailed') return
    const where = name === file ? 'the file' : `${name} (line ${line})`
    result.failures.push({ name: where, text: limit.aborted ? `It did not end within ${fileTimeoutMs / 60_000} min.` : describe(error) })
  })
  stream.on('test:diagnostic', ({ file: origin, message }) => origin === undefined || result.notes.push(message))
  stream.on('test:stdout', ({ message }) => keep(result, message))
  stream.on('test:stderr', ({ message }) => keep(result, message))
  await stream.forEach(() => {})
  result.seconds = (performance.now() - startedMs) / 1000
  return result
}

function record(result: FileResult, name: string, reason: string | boolean | undefined): void {
  if (typeof reason === 'string' && reason !== '') result.skips.push({ name, text: reason })
  else result.failures.push({ name, text: "It is skipped without a reason: say { skip: 'why' } or t.skip('why')." })
}

/** The error and what caused it, with their own stack lines: those of the test runner say nothing. */
function describe(error: Error): string {
  const first = error.cause instanceof Error ? error.cause : error
  const chain: Error[] = []
  for (let each: unknown = first; each instanceof Error && !chain.includes(each); each = each.cause) chain.push(each)
  const texts = chain.map(({ stack, message }) => stack ?? message)
  return texts.join('\ncaused by: ').replaceAll(/\n +at .*\bnode:internal.*|\n +at .*\(node:.*\)/g, '')
}

function keep(result: FileResult, text: string): void {
  result.printed = (result.printed + text).slice(-PRINTED_MAX_CHARACTERS)
}

async function runFiles(files: readonly string[]): Promise<FileResult[]> {
  const results: FileResult[] = []
  const waiting = [...files]
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file)
      results.push(result)
      console.log(lineOf(result))
      reportFailures(result)
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), PARALLEL_MAX) }, worker))
  return results
}

function lineOf({ file, seconds, passed, failures, skips }: FileResult): string {
  const counts = [`${passed} passed`, failures.length > 0 && `${failures.length} failed`, skips.length > 0 && `${skips.length} skipped`]
  return `${failures.length > 0 ? 'FAIL' : 'ok  '} ${file}  ${counts.filter(Boolean).join(', ')}  ${seconds.toFixed(1)} s`
}

function indent(text: string, by = '    '): string {
  return text.trimEnd().replaceAll(/^/gm, by)
}

/** At once, and again at the end: a run that is ended from outside has said by then what it found. */
function reportFailures({ file, failures, printed }: FileResult): void {
  for (const { name, text } of failures) console.log(`\nFAIL ${file}: ${name}\n${indent(text)}`)
  if (failures.length > 0 && printed !== '') console.log(`  printed:\n${indent(printed)}`)
}

function report(results: readonly FileResult[]): number {
  for (const { file, notes } of results) for (const note of notes) console.log(`note ${file}: ${note}`)
  for (const result of results) reportFailures(result)
  const skips = results.flatMap(({ file, skips }) => skips.map(({ name, text }) => `skip ${file}: ${name}: ${text}`))
  console.log(['', ...skips, `${skips.length} skipped${all && skips.length > 0 ? '; here each counts as failed' : ''}`].join('\n'))
  const failed = results.reduce((sum, result) => sum + result.failures.length, 0) + (all ? skips.length : 0)
  console.log(`${results.reduce((sum, result) => sum + result.passed, 0)} passed, ${failed} failed`)
  return failed
}

const isLong = (file: string) => file.endsWith('.long.test.ts')

/** It, or a module of the tests that it imports, asks whether the long variant is wanted, or may skip a test. */
function leavesOut(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  if (/process\.env\.PRESCORE_(FULL|PROPERTY_RUNS)|\{ skip\b|\bskip: |\bskip\(/.test(text)) return true
  const imports = text.matchAll(/^(?:import .*|export .*|\} )from '(\.[^']+\.ts)'/gm)
  const imported = [...imports].map(([, path]) => resolve(dirname(file), path as string))
  return imported.some(path => path.includes('/test/') && existsSync(path) && leavesOut(path, seen))
}

const found = globSync(PATTERNS, { cwd: ROOT, exclude: ['**/node_modules/**'] })
  .filter(file => words.length === 0 || words.some(word => file.includes(word)))
  .sort()
const isWanted = (file: string) => (isRest ? isLong(file) || leavesOut(file) : all || words.length > 0 || !isLong(file))
const files = found.map(file => resolve(ROOT, file)).filter(isWanted)
if (files.length === 0) {
  console.error(words.length === 0 ? 'There is no test file.' : `No test file has ${words.join(' or ')} in its path.`)
  process.exit(1)
}
if (files.length < found.length) {
  const others = isRest ? 'files of which nothing is left out; npm test' : 'long files; npm run test:all'
  console.log(`not run here: ${found.length - files.length} ${others} runs them`)
}
console.log(`PRESCORE_SEED=${process.env.PRESCORE_SEED}`)
process.exitCode = report(await runFiles(files)) > 0 ? 1 : 0
