/** What `prescore types` writes compiles, and catches what a project's own predictions are not asked like. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CONFIG, SOUND, writeFiles } from '../broken/sound.ts'
import { prescore } from '../cli/process.ts'
import { compileProblems } from '../docs/compile.ts'
import { scratchFolder } from '../init/folder.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const folder = scratchFolder()

const USE = `
import { createClient } from 'prescore/client'
const client = createClient<Predictions, Events>({ url: 'http://127.0.0.1:8080' })
export const value: Promise<number> = client.answer('spend', { customer: 'a' }).then(answer => answer.value)
client.events('orders', [{ id: 1n, at: '2026-03-01T10:00:00Z', customer: 'a', amount: null }])
// @ts-expect-error a prediction that is not there
client.answer('spent', { customer: 'a' })
// @ts-expect-error a key column of another name
client.answer('spend', { client: 'a' })
// @ts-expect-error a key column of another kind
client.answer('spend', { customer: 7 })
// @ts-expect-error an input that is not there
client.answer('spend', { customer: 'a' }, { inputs: { amount: 1 } })
// @ts-expect-error an event without its time
client.events('orders', [{ id: 1 }])
// @ts-expect-error a table takes no events
client.events('customers', [])
`

const block = (file: string, text: string) => ({ file, line: 1, language: 'ts', text, comment: undefined })

test('the types of a project', async () => {
  writeFiles(folder, SOUND)
  const { code, stdout, stderr } = await prescore(['types', '--out', 'types.ts'], { cwd: folder })
  assert.deepEqual([code, stdout], [0, 'Written: types.ts\n'], stderr)
  const text = readFileSync(join(folder, 'types.ts'), 'utf8')
  assert.match(
    text,
    /spend: \{\n {4}key: \{ readonly customer: string \}\n {4}inputs: Readonly<Record<string, never>>\n {4}value: number\n/,
  )
  assert.deepEqual(compileProblems(ROOT, [block('types.ts', text + USE)]), [])
})

test('a default of null, a model that cannot be read, and a project with problems', async () => {
  writeFiles(folder, {
    'prescore.config.ts': CONFIG.replace("mode: 'batch',", "mode: 'batch', default: { value: null },").replace('spend.onnx', 'none.onnx'),
  })
  assert.match((await prescore(['types'], { cwd: folder })).stdout, /value: number \| readonly number\[\] \| null\n/)
  writeFiles(folder, { 'prescore.config.ts': CONFIG.replace("customer: 'string' })", "customer: 'float64' as 'string' })") })
  const { code, stderr } = await prescore(['types'], { cwd: folder })
  assert.equal(code, 1)
  assert.match(stderr, /error invalid_value at predictions\.spend\.entity\.customer/)
})

test('a file that cannot be written', async () => {
  writeFiles(folder, SOUND)
  const { code, stderr } = await prescore(['types', '--out', 'no/such/folder.ts'], { cwd: folder })
  assert.equal(code, 1)
  assert.match(stderr, /file_unwritable/)
})
