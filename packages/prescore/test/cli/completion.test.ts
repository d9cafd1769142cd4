/** The scripts that let shells complete the command line: as texts of an invented command line, and in the shells that are here. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after, before, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { bashScript } from '../../src/cli/completion/bash.ts'
import { fishScript } from '../../src/cli/completion/fish.ts'
import { lineOf } from '../../src/cli/completion/line.ts'
import { zshScript } from '../../src/cli/completion/zsh.ts'
import { makeShop, removeShop } from '../batch/shop.ts'
import { blocksOf } from '../docs/blocks.ts'
import { INVENTED } from './invented.ts'
import { MAIN, prescore } from './process.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript }
const PAGE = 'docs/cli.md'
const here = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0
let folder: string
let env: NodeJS.ProcessEnv

before(async () => {
  folder = await makeShop()
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'prescore'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
  chmodSync(join(bin, 'prescore'), 0o755)
  for (const [shell, script] of Object.entries(SCRIPTS)) writeFileSync(join(folder, `completion.${shell}`), script(lineOf(COMMANDS)))
  mkdirSync(join(folder, 'home'))
  env = { ...process.env, HOME: join(folder, 'home'), PATH: [bin, process.env.PATH].join(delimiter) }
})
after(() => removeShop(folder))

function inShell(shell: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(shell, args, { cwd: folder, encoding: 'utf8', env })
  assert.deepEqual([status, stderr], [0, ''], stdout)
  return stdout
}

for (const [shell, script] of Object.entries(SCRIPTS)) {
  test(`${shell}: the script of an invented command line is the reviewed one`, () => {
    const file = join(import.meta.dirname, `golden/completion.${shell}`)
    if (process.env.PRESCORE_GOLDEN === 'write') writeFileSync(file, script(lineOf(INVENTED)))
    assert.equal(script(lineOf(INVENTED)), readFileSync(file, 'utf8'))
  })
}

test('an unknown shell is refused', async () => {
  const { code, stdout, stderr } = await prescore(['completion', 'bosh'])
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /Did you mean `bash`\?/)
})

const ALL = [...COMMANDS.map(({ name }) => name), 'help']
/** Words as Bash breaks them, the last one being completed, and what is offered. */
const OFFERED: Readonly<Record<string, readonly string[]>> = {
  '': ALL,
  ru: ['run', 'runs'],
  'help sc': ['schedule'],
  'run ': ['spend'],
  'run x': [],
  'run spend ': [],
  'run --as-of 2026-03-10T12 : 00 : 00Z ': ['spend'],
  'run --threads ': [],
  'run spend --publish ': ['gated', 'latest', 'never', 'force'],
  'run spend --publish =': ['gated', 'latest', 'never', 'force'],
  'run spend --publish = n': ['never'],
  'run spend --re': ['--reason', '--repin', '--rescore'],
  'runs ': ['list', 'show', 'diff', 'export', 'prune'],
  'runs --out mod': ['model.onnx'],
  'events ': ['append', 'status', 'heartbeat', 'drop'],
  'events append ': ['orders'],
  'events append orders customers': ['customers.parquet'],
  'shard 3f9c ': ['features', 'score'],
  'init ho': ['home'],
  'get spend customer = c': [],
  '--': ['--help', '--version'],
}

test('bash: what is offered, as its function sets it', () => {
  const lines = Object.keys(OFFERED).map(line => {
    const words = ['prescore', ...line.split(' ')].map(word => `'${word}'`)
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _prescore; echo "\${COMPREPLY[@]}"`
  })
  const stdout = inShell('bash', ['--norc', '-uc', ['source completion.bash', 'complete -p prescore', ...lines].join('\n')])
  const [registered, ...offered] = stdout.trimEnd().split('\n')
  assert.equal(registered, 'complete -F _prescore prescore')
  const expected = Object.fromEntries(Object.entries(OFFERED).map(([line, words]) => [line, words.join(' ')]))
  assert.deepEqual(Object.fromEntries(Object.keys(OFFERED).map((line, i) => [line, offered[i] ?? ''])), expected)
})

if (here('fish'))
  test('fish: what is offered, as its own `complete` says', () => {
    const offered = (line: string) =>
      inShell('fish', ['--no-config', '-c', `source completion.fish; complete -C 'prescore ${line}'`])
        .split('\n')
        .filter(each => each !== '')
        .map(each => each.split('\t')[0])
    assert.deepEqual(offered('ru'), ['run', 'runs'])
    assert.deepEqual(offered('run --as-of 1 '), ['spend'])
    assert.deepEqual(offered('run spend --publish '), ['force', 'gated', 'latest', 'never'])
    assert.deepEqual(offered('events append '), ['orders'])
  })

if (here('zsh'))
  test('zsh: it parses, asks `_arguments` for the options of a command, and offers names', () => {
    inShell('zsh', ['-fn', 'completion.zsh'])
    const printed = inShell('zsh', [
      '-fc',
      `compdef() { :; }; _arguments() { print -rl -- "$@"; }; compadd() { print -r -- names $names; }
       source ./completion.zsh; words=(prescore run ''); CURRENT=3; _prescore; typed=(prescore run ''); _prescore_names prediction`,
    ])
    const options = COMMANDS.find(({ name }) => name === 'run')?.options ?? {}
    for (const option of Object.keys(options)) assert.match(printed, new RegExp(`^--${option}\\b`, 'm'))
    assert.match(printed, /^1:prediction:_prescore_names prediction$/m)
    assert.match(printed, /^names spend$/m)
  })

test('names: where there are none, for whatever reason, nothing is said, and it ends with 0', async () => {
  const files = {
    'throws.ts': 'throw new Error("no")',
    'endless.ts': 'setInterval(() => {}, 1000)\nawait new Promise(() => {})\n',
    'later.ts': 'void Promise.reject(new Error("later"))\nawait new Promise(() => {})\n',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const ends = await Promise.all(
    [...Object.keys(files), 'nowhere'].map(name => prescore(['__names', 'prediction', '--project', join(folder, name)])),
  )
  for (const end of ends) assert.deepEqual(end, { code: 0, stdout: '', stderr: '' })
})

test('names: of a project that prints while it is loaded, and named by --project in any way', async () => {
  const text = readFileSync(join(folder, 'prescore.config.ts'), 'utf8')
  writeFileSync(join(folder, 'talks.ts'), `console.log('loaded')\nconsole.error('loaded')\n${text}`)
  const ways = [[`--project=${folder}/talks.ts`], ['run', '--project', '=', `${folder}/talks.ts`, '']]
  const ends = await Promise.all(ways.map(words => prescore(['__names', 'prediction', ...words], { cwd: '/' })))
  for (const end of ends) assert.deepEqual(end, { code: 0, stdout: 'spend\n', stderr: '' })
  const sources = await prescore(['__names', 'source'], { cwd: folder })
  assert.equal(sources.stdout, 'orders\n')
})

test(`what ${PAGE} says installs those of the commands`, () => {
  const page = readFileSync(join(import.meta.dirname, '../../../..', PAGE), 'utf8')
  const blocks = blocksOf(PAGE, page).filter(({ language }) => language === 'sh')
  assert.equal(blocks.length, 3)
  for (const { text } of blocks) inShell('bash', ['-ec', text])
  assert.equal(inShell('bash', ['-c', 'source ~/.bashrc; complete -p prescore']), 'complete -F _prescore prescore\n')
  const home = join(folder, 'home')
  assert.match(readFileSync(join(home, '.zshrc'), 'utf8'), /^source ~\/\.prescore-completion\.zsh$/m)
  const installed = { bash: '.prescore-completion.bash', zsh: '.prescore-completion.zsh', fish: '.config/fish/completions/prescore.fish' }
  for (const [shell, file] of Object.entries(installed))
    assert.equal(readFileSync(join(home, file), 'utf8'), SCRIPTS[shell as keyof typeof SCRIPTS](lineOf(COMMANDS)))
})
