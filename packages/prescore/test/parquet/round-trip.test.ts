/** What is written is what is read, to the bit. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Chunk, Kind, ValueType } from '../../src/expressions/index.ts'
import {
  GroupedFile,
  identifier,
  literal,
  readColumns,
  type StoredColumns,
  selectItem,
  writeGroups,
  writeParquet,
  writeRowGroup,
} from '../../src/parquet/index.ts'
import { columnFrom, type Plain, plainValues } from '../expressions/rows.ts'
import { Place } from './place.ts'

const place = await Place.open()

type Write = (file: string, columns: StoredColumns, chunks: readonly Chunk[]) => Promise<number>

/** The database's writer, and row groups that are put together. */
const WRITERS: Readonly<Record<string, Write>> = {
  whole: (file, columns, chunks) => writeParquet(place.database, file, columns, chunks),
  'at once': async (file, columns, chunks) => {
    await writeGroups(file, columns, chunks)
    return chunks.reduce((sum, { rows }) => sum + rows, 0)
  },
  'by row groups': (file, columns, chunks) => grouped(file, columns, chunks, {}),
}

async function grouped(
  file: string,
  columns: StoredColumns,
  chunks: readonly Chunk[],
  metadata: Readonly<Record<string, string>>,
): Promise<number> {
  rmSync(file, { force: true })
  const whole = await GroupedFile.create(file, columns)
  for (const chunk of chunks) {
    const bytes = `${file}.group`
    await whole.append(bytes, await writeRowGroup(bytes, columns, chunk))
    rmSync(bytes)
  }
  await whole.finish(metadata)
  await whole.close()
  return chunks.reduce((sum, { rows }) => sum + rows, 0)
}

const TIME_MAX = 2 ** 53 - 1
/** Up to 71 years, a number of seconds gives back each microsecond. */
const DURATION_MAX = 2 ** 51
const INT64_MAX = 2n ** 63n - 1n

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(
    '',
    'a',
    'a\0',
    'a\0b',
    '\0',
    '\ufeff',
    '\ufeffab',
    `\ufeff${'ab'.repeat(9)}`,
    'é'.repeat(6),
    'é'.repeat(7),
    'abcdefghijkl',
    'abcdefghijklm',
    '😀',
  ),
)
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -INT64_MAX - 1n, max: INT64_MAX }).map(narrow),
  fc.constantFrom<Plain>(2n ** 53n, -(2n ** 53n) - 1n, 0),
)
const value: Readonly<Record<Kind, fc.Arbitrary<Plain>>> = {
  int64: integer,
  float64: fc.double({ noNaN: true }),
  boolean: fc.boolean(),
  string: text,
  timestamp: fc.integer({ min: -TIME_MAX, max: TIME_MAX }),
  duration: fc.integer({ min: -DURATION_MAX, max: DURATION_MAX }),
}
const KINDS = Object.keys(value) as Kind[]

/** As columns hold it. */
function narrow(number: bigint): Plain {
  return Number.isSafeInteger(Number(number)) ? Number(number) : number
}

type Table = Readonly<Record<Kind, readonly Plain[]>>

const table = (rows: number): fc.Arbitrary<Table> => {
  const cells = (kind: Kind) =>
    fc.array(fc.option(value[kind], { nil: undefined, freq: 4 }), { minLength: rows, maxLength: rows, size: 'max' })
  return fc.record(Object.fromEntries(KINDS.map(kind => [kind, cells(kind)])) as { [K in Kind]: fc.Arbitrary<Plain[]> }, {
    noNullPrototype: true,
  })
}

function chunksOf(values: Table, sizes: readonly number[]): Chunk[] {
  let from = 0
  return sizes.map(rows => {
    const columns = KINDS.map(kind => [kind, columnFrom({ kind } as ValueType, values[kind].slice(from, from + rows), 3)] as const)
    from += rows
    return { rows, columns: new Map(columns) }
  })
}

async function readBack(file: string): Promise<Table> {
  const read = new Map<Kind, Plain[]>(KINDS.map(kind => [kind, []]))
  const items = KINDS.map(kind => `${selectItem(kind, identifier(kind))} AS ${identifier(kind)}`)
  const kinds = Object.fromEntries(KINDS.map(kind => [kind, kind]))
  for await (const chunk of readColumns(place.database, `SELECT ${items} FROM read_parquet(${literal(file)})`, kinds, file)) {
    for (const kind of KINDS) {
      const column = chunk.columns.get(kind)
      assert.ok(column)
      assert.equal(column.type.kind, kind)
      read.get(kind)?.push(...plainValues(column, chunk.rows))
    }
  }
  return Object.fromEntries(read) as unknown as Table
}

const stored = Object.fromEntries(KINDS.map(kind => [kind, kind]))

for (const [how, write] of Object.entries(WRITERS)) {
  test(`${how}: every kind comes back as it was, missing values as missing`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20), { maxLength: 3 }).chain(sizes => fc.tuple(fc.constant(sizes), table(sizes.reduce((a, b) => a + b, 0)))),
        async ([sizes, values]) => {
          const file = place.path('random.parquet')
          const rows = await write(file, stored, chunksOf(values, sizes))
          assert.equal(rows, values.int64.length)
          assert.deepEqual(await readBack(file), values)
        },
      ),
      { numRuns: 60 },
    )
  })

  test(`${how}: many chunks, larger and smaller than those of DuckDB`, async () => {
    const sizes = [1, 2047, 5000, 0, 2049]
    const total = sizes.reduce((a, b) => a + b)
    const every = (n: number, make: (i: number) => Plain): Plain[] =>
      Array.from({ length: total }, (_, i) => (i % n === 0 ? undefined : make(i)))
    const values: Table = {
      int64: every(7, i => (i % 5 === 0 ? 2n ** 60n + BigInt(i) : i)),
      float64: every(11, i => i / 7),
      boolean: every(3, i => i % 2 === 0),
      string: every(13, i => (i % 2 === 0 ? `short ${i % 500}` : `a text that is not short ${i % 700}`)),
      timestamp: every(17, i => 1e15 + i),
      duration: every(19, i => i * 1_000_003),
    }
    const file = place.path('chunks.parquet')
    assert.equal(await write(file, stored, chunksOf(values, sizes)), total)
    assert.deepEqual(await readBack(file), values)
  })

  test(`${how}: DuckDB sees instants, seconds, and numbers of the declared width`, async () => {
    const file = place.path('types.parquet')
    const columns = new Map([
      ['at', columnFrom({ kind: 'timestamp' }, [1.5e15])],
      ['took', columnFrom({ kind: 'duration' }, [90_500_000])],
      ['score', columnFrom({ kind: 'float64' }, [Math.fround(0.1)])],
    ])
    await write(file, { at: 'timestamp', took: 'duration', score: 'float32' }, [{ rows: 1, columns }])
    const [row] = await place.query(
      `SELECT typeof("at") AS at_type, epoch_us("at") AS at_us, took, typeof(score) AS score_type, score FROM ${literal(file)}`,
    )
    assert.deepEqual(row, {
      at_type: 'TIMESTAMP WITH TIME ZONE',
      at_us: 1500000000000000n,
      took: 90.5,
      score_type: 'FLOAT',
      score: Math.fround(0.1),
    })
  })

  test(`${how}: a file without rows keeps its columns`, async () => {
    const file = place.path('empty.parquet')
    assert.equal(await write(file, { n: 'int64', s: 'string' }, []), 0)
    const rows = await place.query(`DESCRIBE SELECT * FROM ${literal(file)}`)
    assert.deepEqual(
      rows.map(row => [row.column_name, row.column_type]),
      [
        ['n', 'BIGINT'],
        ['s', 'VARCHAR'],
      ],
    )
  })
}

test('metadata stands in the footer of a file of row groups', async () => {
  const file = place.path('metadata.parquet')
  const metadata = { 'prescore.prediction': 'late', 'it\'s "quoted"': '["a", \'b\']', unicode: 'é 😀' }
  await grouped(file, { n: 'int64' }, [{ rows: 1, columns: new Map([['n', columnFrom({ kind: 'int64' }, [1])]]) }], metadata)
  const rows = await place.query(`SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(${literal(file)})`)
  assert.deepEqual(Object.fromEntries(rows.map(({ key, value }) => [key, value])), metadata)
})
