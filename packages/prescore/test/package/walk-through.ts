/** From an empty folder to the first answer, by the installed package, as docs/start.md says. Seconds are told, never judged. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { until } from '../cli/process.ts'
import { blocksOf } from '../docs/blocks.ts'
import { type Packed, type Place, prescoreIn, ROOT } from './installed.ts'

const ORDERS = `order_id;placed;shop;amount;express
1;2024-05-01 10:00:00;S1;12.5;true
2;2024-05-02 11:00:00;S2;7;false
3;2024-05-03 10:00:00;S1;;true
4;2024-05-09 10:00:00;S1;3;true
`
const MODEL = join(import.meta.dirname, '../models/fixtures/lightgbm.onnx')

export function walkThroughs(packed: () => Packed): void {
  describe('from an empty folder', () => {
    test('the sample: the commands of docs/start.md, one after the other', async t => {
      const page = readFileSync(join(ROOT, 'docs/start.md'), 'utf8')
      const commands = blocksOf('start.md', page)[0]?.text.trim().split('\n') ?? []
      assert.equal(commands[0], 'npx prescore init my-project')
      assert.match(
        timed(t, 'the sample', () => followed(packed(), packed().home, commands)),
        /^value +\d/m,
      )
      await serves(t, packed(), join(packed().home, 'my-project'), 'spend', 'c7')
    })

    const ways = [
      ['data alone', ['--from', 'orders.csv']],
      ['data and a model', ['--from', 'orders.csv', '--model', 'model.onnx']],
    ] as const
    for (const [name, options] of ways)
      test(name, t => {
        const place = packed()
        const cwd = join(place.home, name.replaceAll(' ', '-'))
        mkdirSync(cwd)
        writeFileSync(join(cwd, 'orders.csv'), ORDERS)
        writeFileSync(join(cwd, 'model.onnx'), readFileSync(MODEL))
        const last = timed(t, name, () => {
          const { next, prediction } = JSON.parse(prescoreIn(place, cwd, 'init', 'mine', ...options, '--json')) as {
            next: string[]
            prediction: string
          }
          const [check, ...others] = next
          return followed(place, join(cwd, 'mine'), [check as string, `npx prescore release ${prediction}`, ...others])
        })
        assert.match(last, /^value +[\d.]+$/m)
      })
  })
}

function timed(t: TestContext, what: string, body: () => string): string {
  const startedMs = performance.now()
  const last = body()
  t.diagnostic(`${what}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s from init to the first answer, without the install`)
  return last
}

/** Runs the commands as a shell would, and gives what the last of them printed. */
function followed(place: Place, start: string, commands: readonly string[]): string {
  let cwd = start
  let last = ''
  for (const command of commands) {
    const [program, first = '', ...args] = command.split(' ')
    if (program === 'cd') cwd = join(cwd, first)
    else if (program === 'npm') assert.deepEqual([first, listed(cwd)], ['install', ['onnxruntime-node', 'prescore']])
    else if (program === 'npx' && first === 'prescore') last = prescoreIn(place, cwd, ...args)
    else assert.fail(`not to be followed: ${command}`)
  }
  return last
}

/** What npm would install: it is further up already. */
function listed(cwd: string): string[] {
  return Object.keys((JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8')) as { dependencies: object }).dependencies)
}

async function serves(t: TestContext, { main }: Place, cwd: string, prediction: string, key: string): Promise<void> {
  const server = spawn(process.execPath, [main, 'serve', '--port', '0'], { cwd })
  t.after(() => server.kill('SIGKILL'))
  let printed = ''
  for (const stream of [server.stdout, server.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  await until(() => /http:\S+\d/.test(printed) || server.exitCode !== null)
  const url = /http:\/\/[\d.:]+/.exec(printed)?.[0] ?? assert.fail(printed)
  const answer = (await (await fetch(`${url}/api/predictions/${prediction}/answers/${key}`)).json()) as { source: string; value: number }
  assert.deepEqual([answer.source, typeof answer.value], ['store', 'number'])
  const ended = once(server, 'close')
  server.kill('SIGTERM')
  assert.deepEqual((await ended)[0], 0, printed)
}
