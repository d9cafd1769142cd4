/** A tree that was released elsewhere answers where ONNX Runtime is not installed; what needs it says how to install it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AS_OF, changed, makeShop, removeShop } from '../batch/shop.ts'
import { prescore, until } from '../cli/process.ts'
import { HYBRID } from '../live/house.ts'
import { stump } from '../models/trees/stump.ts'
import { type Packed, type Place, prescoreIn, refusalIn, removed, withoutPeers } from './installed.ts'

const TREE = changed(HYBRID, "{ output: 'values[0]' }", "{ output: 'scores[0]' }")
const INSTALL = /npm install --ignore-scripts onnxruntime-node/

export function withoutOnnxRuntime(packed: () => Packed): void {
  describe('without ONNX Runtime', () => {
    let place: Place
    let shop: string
    const values = { c0: 0.75, never: 0.25 }
    const inShop = (...args: readonly string[]): string => prescoreIn(place, shop, ...args)

    before(async () => {
      place = withoutPeers(packed().tarball)
      shop = join(place.home, 'shop')
      const elsewhere = await makeShop({ config: TREE })
      // Up to three orders give 0.25.
      writeFileSync(join(elsewhere, 'model.onnx'), stump(0, 3))
      const { code, stderr } = await prescore(['release', 'spend'], { cwd: elsewhere })
      assert.equal(code, 0, stderr)
      cpSync(elsewhere, shop, { recursive: true, filter: source => !source.includes('node_modules') })
      removeShop(elsewhere)
    })
    after(() => removed(place))

    test('it is not there', () => assert.ok(!existsSync(join(place.home, 'node_modules/onnxruntime-node'))))

    test('check says what will need it, and goes on', () => {
      const { ok, problems } = JSON.parse(inShop('check', '--json')) as { ok: boolean; problems: { code: string; fix: string }[] }
      assert.deepEqual([ok, problems.map(({ code }) => code)], [true, ['duplicate_keys', 'package_missing']])
      assert.match(problems[1]?.fix ?? '', INSTALL)
    })

    test('batch, lookups and live answers of a released tree', () => {
      assert.match(inShop('release', 'spend'), /^Already frozen.*runtime +trees/s)
      assert.equal((JSON.parse(inShop('run', 'spend', '--as-of', AS_OF, '--json')) as { state: string }).state, 'published')
      for (const source of ['store', 'live'])
        for (const [key, value] of Object.entries(values)) {
          const answer = JSON.parse(inShop('get', 'spend', key, '--now', AS_OF, '--prefer', source, '--json')) as Record<string, unknown>
          assert.deepEqual([answer.source, answer.value], [source, value], key)
        }
    })

    test('a server answers from the store, live, and raw tensors', async t => {
      const server = spawn(process.execPath, [place.main, 'serve', '--port', '0', '--now', AS_OF], { cwd: shop })
      t.after(() => server.kill('SIGKILL'))
      let printed = ''
      for (const stream of [server.stdout, server.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          printed += text
        })
      await until(() => /http:\S+\d/.test(printed) || server.exitCode !== null)
      const url = /http:\/\/[\d.:]+/.exec(printed)?.[0] ?? assert.fail(printed)
      const answer = async (prefer: string) =>
        (await (await fetch(`${url}/api/predictions/spend/answers/c0?prefer=${prefer}`)).json()) as Record<string, unknown>
      let live = await answer('live')
      while (live.code === 'not_ready' || (live.reason as { code?: string } | null)?.code === 'not_ready') live = await answer('live')
      assert.deepEqual([live.source, live.value], ['live', values.c0], JSON.stringify(live))
      assert.equal((await answer('store')).source, 'store')
      const { inputs } = (await (await fetch(`${url}/v2/models/spend.model`)).json()) as {
        inputs: readonly { name: string; datatype: string; shape: readonly number[] }[]
      }
      const [{ name, datatype, shape }] = inputs as [(typeof inputs)[number]]
      const tensor = { name, datatype, shape: [1, shape[1]], data: new Array(shape[1]).fill(0) }
      const inferred = await fetch(`${url}/v2/models/spend.model/infer`, { method: 'POST', body: JSON.stringify({ inputs: [tensor] }) })
      const { outputs } = (await inferred.json()) as { outputs: readonly { data: readonly number[] }[] }
      assert.deepEqual([inferred.status, outputs.some(({ data }) => data[0] === 0.25)], [200, true], JSON.stringify(outputs))
      const ended = once(server, 'close')
      server.kill('SIGTERM')
      assert.deepEqual((await ended)[0], 0, printed)
    })

    test('a release of another model, and a model that is no tree, say how to install it', () => {
      writeFileSync(join(shop, 'model.onnx'), stump(0, 4))
      prescoreIn(place, place.home, 'init', 'sample')
      for (const { code, message, fix } of [
        refusalIn(place, shop, 'release', 'spend'),
        refusalIn(place, shop, 'run', 'spend', '--as-of', AS_OF),
        refusalIn(place, join(place.home, 'sample'), 'run', 'spend'),
      ]) {
        assert.equal(code, 'package_missing', message)
        assert.match(fix, INSTALL)
      }
    })
  })
}
