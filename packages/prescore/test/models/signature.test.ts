import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PrescoreError } from '../../src/base/index.ts'
import { inspectModel, openModel } from '../../src/models/index.ts'
import { MalformedMessage } from '../../src/models/onnx/protobuf.ts'
import { type OnnxFile, readOnnx } from '../../src/models/onnx/signature.ts'
import { FEATURES, fixture, onnxDefinition } from './fixtures.ts'

const MODELS = readdirSync(fixture('.')).filter(name => name.endsWith('.onnx'))

test('inputs, outputs, metadata, operators, opset and producer are read', async () => {
  assert.deepEqual(await inspectModel(fixture('lightgbm.onnx')), {
    inputs: [{ name: 'features', type: 'float32', shape: [null, 5] }],
    outputs: [
      { name: 'label', type: 'int64', shape: [1] },
      { name: 'probabilities', type: 'float32', shape: [null, 2] },
    ],
    metadata: { features: JSON.stringify(FEATURES).replaceAll(',', ', '), feature_hash: 'a'.repeat(64) },
    operators: ['Cast', 'Identity', 'Mul', 'TreeEnsembleClassifier'],
    opset: 9,
    producer: 'OnnxMLTools',
  })
})

test('types and shapes of every kind are read', async () => {
  const inputs = async (name: string) => (await inspectModel(fixture(`${name}.onnx`))).inputs
  assert.deepEqual(await inputs('double'), [{ name: 'features', type: 'float64', shape: [null, 5] }])
  assert.deepEqual(await inputs('float16'), [{ name: 'features', type: 'float16', shape: [null, 5] }])
  assert.deepEqual(await inputs('text'), [{ name: 'origin', type: 'string', shape: [null, 1] }])
  assert.deepEqual(await inputs('fixed_rows'), [{ name: 'features', type: 'float32', shape: [3, 5] }])
  assert.deepEqual(await inputs('open_width'), [{ name: 'features', type: 'float32', shape: null }])
  assert.deepEqual(
    (await inputs('double_columns')).map(({ name, shape }) => [name, shape]),
    [
      ['hour', [null]],
      ['distance', [null]],
    ],
  )
  assert.deepEqual((await inspectModel(fixture('zipmap.onnx'))).outputs[1], {
    name: 'probabilities',
    type: 'sequence(map(int64, float32))',
    shape: null,
  })
})

test('weights that old files list among the inputs are none', async () => {
  assert.deepEqual((await inspectModel(fixture('listed_weights.onnx'))).inputs, [{ name: 'features', type: 'float32', shape: [null, 5] }])
})

test('weights in another file are refused, with how to keep them in', async () => {
  await assert.rejects(inspectModel(fixture('weights_outside.onnx')), (error: PrescoreError) => {
    assert.equal(error.code, 'model_unreadable')
    assert.match(error.message, /weights\.bin/)
    assert.match(error.fix, /external_data=False/)
    return true
  })
})

test('a type nested a thousand times ends', () => {
  let type: Buffer = Buffer.of(0x0a, 0x02, 0x08, 0x01)
  for (let i = 0; i < 1000; i++) type = message(4, message(1, type))
  const value = Buffer.concat([message(1, Buffer.from('deep')), message(2, type)])
  const { outputs } = readOnnx(message(7, message(12, value))).signature
  assert.match(outputs[0]?.type ?? '', /^(sequence\(){8}…\){8}$/)
})

test('a byte changed, cut or put anywhere gives a signature or a refusal, never anything else', () => {
  const files = MODELS.map(name => readFileSync(fixture(name)))
  const edit = fc.record({ at: fc.nat({ max: 20_000 }), cut: fc.nat({ max: 3 }), put: fc.uint8Array({ maxLength: 3 }) })
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(edit, { minLength: 1, maxLength: 5 }), (file, edits) => {
      let bytes = file
      for (const { at, cut, put } of edits)
        bytes = Buffer.concat([bytes.subarray(0, at % bytes.length), put, bytes.subarray((at % bytes.length) + cut)])
      assertReadOrRefused(bytes)
    }),
    { numRuns: 5000 },
  )
})

test('random bytes give a signature or a refusal, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => assertReadOrRefused(Buffer.from(bytes))),
    { numRuns: 5000 },
  )
})

test('a file cut short anywhere is refused, unless all that a model needs is still there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prescore-models-'))
  const whole = readFileSync(fixture('lightgbm.onnx'))
  const lengths = [...Array(60).keys()]
    .map(i => Math.floor((whole.length / 60) * i))
    .concat([...Array(200).keys()].map(i => whole.length - 1 - i))
  const afterGraph = whole.lastIndexOf('ai.onnx.ml')
  for (const length of lengths) {
    const file = join(folder, `${length}.onnx`)
    await writeFile(file, whole.subarray(0, length))
    const opened = openModel(file, onnxDefinition('lightgbm'), FEATURES)
    if (length < afterGraph) await assert.rejects(opened, (error: PrescoreError) => error.code === 'model_unreadable')
    else
      await opened.then(
        runner => runner.close(),
        (error: PrescoreError) => assert.equal(error.code, 'model_unreadable'),
      )
  }
  await rm(folder, { recursive: true })
})

function assertReadOrRefused(bytes: Buffer): void {
  let read: OnnxFile
  try {
    read = readOnnx(bytes)
  } catch (error) {
    if (error instanceof MalformedMessage) return
    throw error
  }
  for (const { name, type, shape } of [...read.signature.inputs, ...read.signature.outputs]) {
    assert.equal(typeof name, 'string')
    assert.equal(typeof type, 'string')
    assert.ok(shape === null || shape.every(length => length === null || Number.isSafeInteger(length)))
  }
}

function message(field: number, body: Buffer): Buffer {
  const length: number[] = []
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), body])
}
