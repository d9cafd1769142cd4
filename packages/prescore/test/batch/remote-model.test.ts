/** A model on a server takes part in runs like a file: the same values, and a run that waits for its server. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { serveModels } from '../models/model-server.ts'
import { inShop } from './harness.ts'
import { AS_OF_US, CONFIG, changed, makeShop, removeShop } from './shop.ts'

const folders: string[] = []
after(() => folders.forEach(removeShop))
const MODELS = { weighted: join(import.meta.dirname, 'fixtures/weighted.onnx') }

async function shopOf(model: string): Promise<string> {
  const config = changed(
    changed(CONFIG, "onnx('model.onnx', { output: 'values[0]' })", model),
    'fn, minutes, onnx',
    'env, fn, func, minutes, onnx, openInference, tfServing',
  )
  const folder = await makeShop({ config })
  folders.push(folder)
  return folder
}

/** Every answer of a run at the shop's moment. */
async function answersOf(folder: string): Promise<Record<string, string | undefined>> {
  return inShop(folder, async shop => {
    const { run } = await shop.run()
    return Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, shop.stored(run, { customer: `c${i}` })]))
  })
}

test('a run scores the same values on either server as with the file', async () => {
  const server = await serveModels(MODELS)
  process.env.PRESCORE_TEST_MODELS = server.url
  try {
    const expected = await answersOf(await shopOf("onnx('model.onnx', { output: 'values[0]' })"))
    assert.ok(Object.values(expected).filter(value => value !== undefined).length > 20)
    for (const kind of ['openInference', 'tfServing']) {
      const folder = await shopOf(`${kind}({ url: env('PRESCORE_TEST_MODELS'), model: 'weighted.model', output: 'values[0]' })`)
      assert.deepEqual(await answersOf(folder), expected, kind)
    }
  } finally {
    await server.stop()
  }
})

test('a run whose server is gone fails as a whole, and goes on when it is back', async () => {
  const server = await serveModels(MODELS)
  const port = Number(new URL(server.url).port)
  process.env.PRESCORE_TEST_MODELS = server.url
  const folder = await shopOf(
    "openInference({ url: env('PRESCORE_TEST_MODELS'), model: 'weighted.model', output: 'values[0]', timeoutMs: 500 })",
  )
  await inShop(folder, async shop => {
    assert.equal((await shop.run().finally(server.stop)).state, 'published')
    const later = { asOfUs: AS_OF_US + 3_600_000_000 }
    await assert.rejects(shop.run(later), (error: unknown) => {
      assert.ok(error instanceof PrescoreError)
      assert.match(`${error.code} ${error.message}`, /model_unavailable|model server cannot be asked/)
      return true
    })
    const again = await serveModels(MODELS, port)
    try {
      assert.equal((await shop.run(later)).state, 'published')
    } finally {
      await again.stop()
    }
  })
})

test('a function scores in runs too', async () => {
  const folder = await shopOf('func({ run: f => (f.orders ?? 0) + 0.5 })')
  const answers = await answersOf(folder)
  const values = Object.values(answers).filter(value => value !== undefined)
  assert.ok(values.length > 20 && values.every(value => Number(value) % 1 === 0.5), JSON.stringify(answers))
})
