/** What can be said on the command line: help, options, and suggestions for what was mistyped. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WriteStream } from 'node:tty'
import { type ErrorCode, PrescoreError } from '../../src/base/index.ts'
import { findCommand, parseCommand } from '../../src/cli/arguments.ts'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { commandHelp } from '../../src/cli/help.ts'
import { Interruption } from '../../src/cli/interruption.ts'
import { progressText } from '../../src/cli/progress.ts'
import { emphasis, table } from '../../src/cli/terminal.ts'
import { prescore } from './process.ts'

function refusal(act: () => unknown): { readonly code: ErrorCode; readonly message: string; readonly fix: string } {
  try {
    act()
  } catch (error) {
    if (error instanceof PrescoreError) return error
    throw error
  }
  assert.fail('nothing was refused')
}

const parse = (line: string) => {
  const [, name = '', ...args] = line.split(' ')
  return parseCommand(findCommand(COMMANDS, name), args)
}

test('every command has a help with all its options, and an example that parses', () => {
  for (const command of COMMANDS) {
    const help = commandHelp(command)
    for (const option of [...Object.keys(command.options), 'project', 'state', 'threads', 'json', 'help'])
      assert.match(help, new RegExp(`^ {2}--${option}\\b`, 'm'), command.name)
    assert.ok(help.includes(command.example) && help.includes(command.usage))
    assert.match(command.example, new RegExp(`^prescore ${command.name}\\b`))
    parse(command.example)
  }
})

test('help and version, as a process', async () => {
  const [overview, bare, run, flag, version, unknown] = await Promise.all([
    prescore(['help']),
    prescore([]),
    prescore(['help', 'run']),
    prescore(['run', '--help']),
    prescore(['--version']),
    prescore(['help', 'rum']),
  ])
  for (const { name } of COMMANDS) assert.match(overview.stdout, new RegExp(`^ {2}${name} `, 'm'))
  assert.equal(bare.stdout, overview.stdout)
  assert.equal(flag.stdout, run.stdout)
  assert.match(run.stdout, /^prescore run: /)
  const { version: expected } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
  assert.equal(version.stdout, `${expected}\n`)
  assert.deepEqual(
    [overview, bare, run, flag, version].map(({ code, stderr }) => [code, stderr]),
    Array(5).fill([0, '']),
  )
  assert.deepEqual([unknown.code, unknown.stdout], [2, ''])
  assert.match(unknown.stderr, /Did you mean `run`\?/)
})

const MISTYPED: Readonly<Record<string, readonly [words: RegExp, fix: RegExp]>> = {
  'prescore rnu late': [/`rnu`.*a command/, /Did you mean `run`\?/],
  'prescore explain late': [/`explain`.*a command/, /Did you mean `explain-features`\?/],
  'prescore run late --as-off 1': [/Unknown option '--as-off'.*prescore run <prediction>/, /Did you mean `--as-of`\?/],
  'prescore run late --repim': [/--repim/, /Did you mean `--repin`\?/],
  'prescore get late k --maxage 5': [/--maxage/, /Did you mean `--max-age`\?/],
  'prescore run late -x': [/Unknown option '-x'/, /There are: --project/],
  'prescore run': [/nothing.*prescore run <prediction>/, /prescore help run/],
  'prescore run late early': [/`early`.*prescore run <prediction>/, /prescore help run/],
  'prescore check all': [/`all`.*prescore check/, /prescore help check/],
  'prescore run late --as-of': [/--as-of.*argument missing/, /prescore help run/],
  'prescore run late --repin=yes': [/--repin.*does not take an argument/, /prescore help run/],
}

for (const [line, [words, fix]] of Object.entries(MISTYPED)) {
  test(`refused: ${line}`, () => {
    const error = refusal(() => parse(line))
    assert.equal(error.code, 'wrong_use')
    assert.match(error.message, words)
    assert.match(error.fix, fix)
  })
}

test('with --json, an error is the one document on stdout', async () => {
  const results = await Promise.all([
    prescore(['rnu', '--json']),
    prescore(['run', '--json']),
    prescore(['runs', '--json', '--project', 'nowhere']),
  ])
  assert.deepEqual(
    results.map(({ code, stderr }) => [code, stderr]),
    [
      [2, ''],
      [2, ''],
      [1, ''],
    ],
  )
  const codes = results.map(({ stdout }) => (JSON.parse(stdout) as { error: { code: string } }).error.code)
  assert.deepEqual(codes, ['wrong_use', 'wrong_use', 'project_not_found'])
})

test('colours: on a terminal, unless NO_COLOR is set', t => {
  const terminal = Object.create(WriteStream.prototype, { isTTY: { value: true } }) as WriteStream
  const { NO_COLOR, FORCE_COLOR, TERM, NODE_DISABLE_COLORS, CI } = process.env
  t.after(() => {
    for (const [name, value] of Object.entries({ NO_COLOR, FORCE_COLOR, TERM, NODE_DISABLE_COLORS, CI })) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  })
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'CI']) Reflect.deleteProperty(process.env, name)
  process.env.TERM = 'xterm-256color'
  assert.equal(emphasis('red', 'error', terminal), '\x1b[31merror\x1b[39m')
  process.env.NO_COLOR = '1'
  assert.equal(emphasis('red', 'error', terminal), 'error')
})

test('progress: rates once there are rows, time to go where the total is known', () => {
  assert.equal(progressText(0, undefined, undefined), '…')
  assert.equal(progressText(0, 4000, undefined), '0 of 4,000 rows')
  assert.equal(progressText(1000, 4000, 500), '1,000 of 4,000 rows, 500 rows/s, 0:06 to go')
  assert.equal(progressText(1000, 400_000, 500), '1,000 of 400,000 rows, 500 rows/s, 13:18 to go')
  assert.equal(progressText(1_234_567, undefined, 1e6), '1,234,567 rows, 1,000,000 rows/s')
})

test('a second signal cuts at once, unless it comes with the first, as npx passes it on', async () => {
  let cuts = 0
  const interruption = new Interruption(() => cuts++)
  const { aborted } = interruption.watch(60_000)
  process.emit('SIGINT')
  process.emit('SIGINT')
  assert.deepEqual([aborted, interruption.watch(60_000).aborted, cuts], [false, true, 0])
  await sleep(600)
  process.emit('SIGTERM')
  assert.equal(cuts, 1)
  let later = 0
  const then = () => later++
  interruption.close(then)
  process.emit('SIGTERM')
  assert.deepEqual([cuts, later], [1, 1])
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, then)
})

test('tables: columns as wide as their widest cell, no blanks at the end', () => {
  assert.equal(
    table([
      ['run', 'state', ''],
      ['1', 'published', 'x'],
      ['longer', 'x', ''],
    ]),
    'run     state\n1       published  x\nlonger  x',
  )
})
