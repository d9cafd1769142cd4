/** A file is written whole or not at all. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Chunk } from '../../src/expressions/index.ts'
import { literal, writeParquet } from '../../src/parquet/index.ts'
import { columnFrom } from '../expressions/rows.ts'
import { Place } from './place.ts'

const place = await Place.open()
const chunk = (...values: number[]): Chunk => ({ rows: values.length, columns: new Map([['n', columnFrom({ kind: 'int64' }, values)]]) })

async function* broken(error: unknown): AsyncGenerator<Chunk> {
  yield chunk(1, 2, 3)
  throw error
}

test('an error among the chunks leaves nothing behind, and comes through as it is', async () => {
  mkdirSync(place.path('broken'))
  const error = new Error('the third shard is on fire')
  await assert.rejects(
    writeParquet(place.database, place.path('broken/a.parquet'), { n: 'int64' }, broken(error)),
    thrown => thrown === error,
  )
  assert.deepEqual(readdirSync(place.path('broken')), [])
})

test('a failure leaves the file of before as it was', async () => {
  mkdirSync(place.path('before'))
  const file = place.path('before/a.parquet')
  await writeParquet(place.database, file, { n: 'int64' }, [chunk(7)])
  const bytes = readFileSync(file)
  await assert.rejects(writeParquet(place.database, file, { n: 'int64' }, broken(new Error('no'))))
  assert.deepEqual(readFileSync(file), bytes)
  assert.deepEqual(readdirSync(place.path('before')), ['a.parquet'])
})

test('a write after a failed one starts clean', async () => {
  const file = place.path('after.parquet')
  await assert.rejects(writeParquet(place.database, file, { n: 'int64' }, broken(new Error('no'))))
  assert.equal(await writeParquet(place.database, file, { n: 'int64' }, [chunk(4, 5)]), 2)
  assert.deepEqual(await place.query(`SELECT n FROM ${literal(file)} ORDER BY n`), [{ n: 4n }, { n: 5n }])
})

test('a place that cannot be written is refused before any row is asked for', async () => {
  writeFileSync(place.path('a-file'), '')
  let asked = false
  async function* chunks(): AsyncGenerator<Chunk> {
    asked = true
    yield chunk(1)
  }
  for (const file of ['no-folder/a.parquet', 'a-file/a.parquet']) {
    await assert.rejects(writeParquet(place.database, place.path(file), { n: 'int64' }, chunks()), {
      code: 'file_unwritable',
      message: new RegExp(file),
    })
  }
  assert.equal(asked, false)
})

test('what stands in the way of the name is refused, and nothing is left', async () => {
  mkdirSync(place.path('taken/a.parquet'), { recursive: true })
  await assert.rejects(writeParquet(place.database, place.path('taken/a.parquet'), { n: 'int64' }, [chunk(1)]), { code: 'file_unwritable' })
  assert.deepEqual(readdirSync(place.path('taken')), ['a.parquet'])
})

test('a lone surrogate is refused, not replaced', async () => {
  const columns = new Map([['s', columnFrom({ kind: 'string' }, ['fine', '\ud800'])]])
  await assert.rejects(writeParquet(place.database, place.path('s.parquet'), { s: 'string' }, [{ rows: 2, columns }]), {
    code: 'invalid_text',
  })
})

test('several files are written at once', async () => {
  const files = [1, 2, 3, 4].map(n => ({ n, file: place.path(`at-once-${n}.parquet`) }))
  await Promise.all(files.map(({ n, file }) => writeParquet(place.database, file, { n: 'int64' }, [chunk(n, n)])))
  for (const { n, file } of files)
    assert.deepEqual(await place.query(`SELECT sum(n)::BIGINT AS n FROM ${literal(file)}`), [{ n: BigInt(2 * n) }])
})
