import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PrescoreError, Problem } from '../../src/base/index.ts'
import { checkModel, inspectModel, type ModelSignature, openModel } from '../../src/models/index.ts'
import { FEATURES, fixture, onnxDefinition } from './fixtures.ts'

async function check(
  name: string,
  features: readonly string[] = FEATURES,
  output = '',
  index?: number,
  hash?: string,
): Promise<readonly Problem[]> {
  return checkModel(await inspectModel(fixture(`${name}.onnx`)), onnxDefinition(name, output, index), features, hash, 'late, model')
}

/** Asserts that there is just this problem, with these patterns in what was found, what was expected, and the fix. */
function assertOne(problems: readonly Problem[], code: string, found: RegExp, expected: RegExp, fix = /./, severity = 'error'): void {
  assert.deepEqual(
    problems.map(each => [each.code, each.severity]),
    [[code, severity]],
  )
  const [first] = problems as [Problem]
  assert.match(first.where, /^late, model/)
  assert.match(first.found, found)
  assert.match(first.expected, expected)
  assert.match(first.fix, fix)
}

test('models that fit have no problems', async () => {
  for (const name of [
    'linear',
    'double',
    'lightgbm',
    'classes',
    'network',
    'row_mean',
    'fixed_rows',
    'listed_weights',
    'open_width',
    'batch_mean',
  ]) {
    assert.deepEqual(await check(name), [], name)
  }
  assert.deepEqual(await check('columns', FEATURES.slice(0, 3)), [])
  assert.deepEqual(await check('double_columns', ['distance', 'hour'], 'z'), [])
  assert.deepEqual(await check('lightgbm', FEATURES, 'probabilities', 1, 'a'.repeat(64)), [])
})

test('a vector of another length is refused', async () => {
  assertOne(await check('linear', FEATURES.slice(1)), 'model_mismatch', /^5 values a row$/, /^4, one for each feature$/)
})

test('types that no feature can be passed as are refused, with the way out', async () => {
  assertOne(await check('text', ['origin']), 'model_mismatch', /^string$/, /float32/, /Encode the text/)
})

test('float16 is refused at either end', async () => {
  const problems = await check('float16', FEATURES, 'y')
  assert.deepEqual(
    problems.map(({ code, found }) => [code, found]),
    [
      ['model_mismatch', 'float16'],
      ['model_output', 'float16'],
    ],
  )
  for (const { fix } of problems) assert.match(fix, /keep_io_types=True/)
})

test('one input a feature: what lacks its counterpart is named, with the nearest name', async () => {
  const problems = await check('columns', ['hour', 'distanse', 'flights_7d'])
  assert.deepEqual(
    problems.map(({ where }) => where),
    ['late, model, input `distance`', 'late, model, feature `distanse`'],
  )
  assert.match(problems[0]?.fix ?? '', /Did you mean `distanse`/)
  assert.match(problems[1]?.fix ?? '', /Did you mean `distance`/)
})

test('the names of the metadata must agree in order: the first difference is told', async () => {
  const swapped = ['hour', 'flights_7d', 'distance', 'delay_mean_7d', 'share_late_7d']
  assertOne(await check('lightgbm', swapped), 'model_mismatch', /^`distance` as feature 2$/, /^`flights_7d`$/)
  const problems = await check('lightgbm', [...FEATURES, 'more'])
  assert.deepEqual(
    problems.map(({ found }) => found),
    ['5 values a row', 'nothing after 5 features as feature 6'],
  )
})

test('metadata that is no list of names, and another feature hash, are warnings', async () => {
  const signature = await inspectModel(fixture('linear.onnx'))
  const withMetadata = (metadata: Record<string, string>): ModelSignature => ({ ...signature, metadata })
  const problems = (metadata: Record<string, string>) =>
    checkModel(withMetadata(metadata), onnxDefinition('linear'), FEATURES, 'b'.repeat(64), 'late, model')
  for (const features of ['hour,distance', '{"hour":1}', '[1,2]']) {
    assertOne(problems({ features }), 'model_mismatch', /./, /JSON array of names/, /json\.dumps/, 'warning')
  }
  assertOne(problems({ feature_hash: 'a'.repeat(64) }), 'model_mismatch', /^a{12}$/, /^b{12}$/, /prescore dataset/, 'warning')
  assert.deepEqual(problems({}), [])
})

test('the output must exist, be a float tensor, and have the element', async () => {
  assertOne(
    await check('lightgbm', FEATURES, 'probabilites'),
    'model_output',
    /no output `probabilites`/,
    /./,
    /Did you mean `probabilities`/,
  )
  assertOne(await check('lightgbm', FEATURES, 'label'), 'model_output', /int64/, /float32/, /Choose a float output: probabilities\./)
  assertOne(await check('lightgbm', FEATURES, 'probabilities', 2), 'model_output', /no element \[2\] in rows of 2/, /from \[0\] to \[1\]/)
  assertOne(await check('row_mean', FEATURES, 'y', 1), 'model_output', /no element \[1\] in rows of 1/, /\[0\]/)
  assertOne(await check('double_columns', ['hour', 'distance']), 'model_output', /y, z/, /only one/, /output: 'y'/)
})

test('maps of probabilities are refused with the option that turns them off', async () => {
  for (const output of ['', 'probabilities']) assertOne(await check('zipmap', FEATURES, output), 'model_output', /./, /./, /zipmap=False/)
})

test('shapes that are not one row of values for each row are refused', async () => {
  const { inputs, ...rest } = await inspectModel(fixture('linear.onnx'))
  const withShapes = (input: (number | null)[], output: (number | null)[]) =>
    checkModel(
      { ...rest, inputs: [{ name: 'x', type: 'float32', shape: input }], outputs: [{ name: 'y', type: 'float32', shape: output }] },
      onnxDefinition('linear'),
      FEATURES,
      undefined,
      'late, model',
    )
  assert.deepEqual(withShapes([null, null], [null, 3]), [])
  assertOne(withShapes([null, 1, 5], [null]), 'model_mismatch', /\[any, 1, 5\]/, /\[rows, 5\]/)
  assertOne(withShapes([0, 5], [null]), 'model_mismatch', /of 0/, /variable/)
  assertOne(withShapes([null, 5], []), 'model_output', /\[\]/, /\[rows\]/)
  assertOne(withShapes([null, 5], [null, 2, 2]), 'model_output', /\[any, 2, 2\]/, /\[rows\]/)
  assertOne(withShapes([null, 5], [null, 0]), 'model_output', /no values/, /at least one/)
  assert.equal(inputs.length, 1)
})

test('inputs of several columns beside others, and of different fixed lengths, are refused', async () => {
  const signature = await inspectModel(fixture('double_columns.onnx'))
  const withInputs = (...shapes: (number | null)[][]) => {
    const inputs = ['hour', 'distance'].map((name, i) => ({ name, type: 'float64', shape: shapes[i] ?? null }))
    return checkModel({ ...signature, inputs }, onnxDefinition('double_columns', 'y'), ['hour', 'distance'], undefined, 'late, model')
  }
  assert.deepEqual(withInputs([null, 1], [null]), [])
  assertOne(withInputs([null, 3], [null]), 'model_mismatch', /\[any, 3\]/, /\[rows, 1\] or \[rows\]/)
  assertOne(withInputs([2], [null]), 'model_mismatch', /2, any number of rows/, /same/)
})

test('a model that does not fit is refused when it is opened, with every problem', async () => {
  const definition = onnxDefinition('columns')
  await assert.rejects(openModel(definition.file, definition, ['hour', 'distanse', 'flights_7d']), (error: PrescoreError) => {
    assert.equal(error.code, 'model_mismatch')
    assert.equal(error.details.problems?.length, 2)
    return true
  })
  await assert.rejects(
    openModel(fixture('zipmap.onnx'), onnxDefinition('zipmap'), FEATURES),
    (error: PrescoreError) => error.code === 'model_output',
  )
})

test('what the signature does not say shows itself when the model is warmed up', async () => {
  const refused = (code: string, found: RegExp) => (error: PrescoreError) => {
    assert.equal(error.code, code)
    assert.match(error.message, found)
    return true
  }
  await assert.rejects(
    openModel(fixture('open_width.onnx'), onnxDefinition('open_width'), ['a', 'b']),
    refused('model_mismatch', /of 2 features/),
  )
  await assert.rejects(
    openModel(fixture('open_width.onnx'), onnxDefinition('open_width', 'y', 1), FEATURES),
    refused('model_output', /no element \[1\]/),
  )
  await assert.rejects(
    openModel(fixture('batch_mean.onnx'), onnxDefinition('batch_mean'), FEATURES),
    refused('model_output', /5 values for 2 rows/),
  )
})
