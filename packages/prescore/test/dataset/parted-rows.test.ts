/** Rows that are sorted out to parts come back, each of its part alone, in the order in which they came. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { partedChunks } from '../../src/dataset/parted-chunks.ts'
import { NO_PART, PartedWriter, piecesOf, rowsOf } from '../../src/dataset/parted-rows.ts'
import {
  type Chunk,
  type Column,
  Dictionary,
  isStringColumn,
  type NumberColumn,
  type StringColumn,
  stringColumn,
} from '../../src/expressions/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-parted-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const PARTS = 3
const COLUMNS = [
  ['x', { kind: 'float64' }],
  ['text', { kind: 'string' }],
  ['n', { kind: 'int64' }],
] as const

interface Row {
  readonly part: number
  readonly x: number
  readonly text: string | undefined
  readonly n: bigint | undefined
}

const row = fc.record({
  part: fc.integer({ min: NO_PART, max: PARTS - 1 }),
  x: fc.double(),
  text: fc.option(fc.constantFrom('', 'a', 'b', '\ud800', 'ü', '"\n'), { nil: undefined }),
  n: fc.option(fc.oneof(fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n), fc.bigInt({ min: -9n, max: 9n })), {
    nil: undefined,
  }),
})

const isSafe = (n: bigint | undefined) => n === undefined || BigInt(Number(n)) === n

/** @param dictionary that chunks share. Integers are exact where one of the chunk is beyond doubles. */
function chunkOf(rows: readonly Row[], dictionary: Dictionary): Chunk {
  const x: NumberColumn = { type: { kind: 'float64' }, values: Float64Array.from(rows, each => each.x) }
  const n: NumberColumn = {
    type: { kind: 'int64' },
    values: Float64Array.from(rows, each => (each.n === undefined ? Number.NaN : Number(each.n))),
  }
  const exact = { exact: BigInt64Array.from(rows, each => each.n ?? 0n) }
  return {
    rows: rows.length,
    columns: new Map<string, Column>([
      ['x', x],
      ['n', rows.every(each => isSafe(each.n)) ? n : { ...n, ...exact }],
      [
        'text',
        stringColumn(
          rows.map(({ text }) => text),
          dictionary,
        ),
      ],
    ]),
  }
}

let files = 0

test('whatever the chunks and pieces', () => {
  const chunks = fc.array(fc.tuple(fc.array(row, { maxLength: 12 }), fc.boolean()), { maxLength: 8 })
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 9 }), (given, pieceRows) => {
      const writer = new PartedWriter(join(folder, String(files++)), COLUMNS, PARTS, pieceRows)
      let dictionary = new Dictionary()
      for (const [rows, isSame] of given) {
        if (!isSame) dictionary = new Dictionary()
        writer.append(
          chunkOf(rows, dictionary),
          Int32Array.from(rows, ({ part }) => part),
        )
      }
      const written = writer.finish()
      writer.close()
      for (let part = 0; part < PARTS; part++) {
        const expected = given.flatMap(([rows]) => rows).filter(each => each.part === part)
        const own = piecesOf(written, part)
        assert.equal(rowsOf(own), expected.length)
        assert.deepEqual(
          [...readBack(own)],
          expected.map(({ x, text, n }) => ({ x, text, n })),
        )
      }
    }),
    { numRuns: 300 },
  )
})

function* readBack(own: ReturnType<typeof piecesOf>) {
  for (const { rows, columns } of partedChunks(own)) {
    const [x, text, n] = ['x', 'text', 'n'].map(name => columns.get(name)) as [NumberColumn, Column, NumberColumn]
    if (!isStringColumn(text)) throw new TypeError('texts were expected')
    for (let i = 0; i < rows; i++) {
      const value = n.values[i] as number
      const exact = n.exact?.[i] ?? (Number.isNaN(value) ? 0n : BigInt(value))
      yield { x: x.values[i], text: text.dictionary[text.codes[i] as number], n: Number.isNaN(value) ? undefined : exact }
    }
  }
}

test('more texts than are held', () => {
  const writer = new PartedWriter(join(folder, 'texts'), [['text', { kind: 'string' }]], 2, 1000)
  const of = (from: number) => Array.from({ length: 50_000 }, (_, i) => `text ${from + i}`)
  const all = [of(0), of(40_000), of(90_000), of(0)]
  for (const texts of all)
    writer.append(
      { rows: texts.length, columns: new Map([['text', stringColumn(texts)]]) },
      Int32Array.from(texts, (_, i) => i % 2),
    )
  const written = writer.finish()
  writer.close()
  const found = [...partedChunks(piecesOf(written, 1))].flatMap(({ columns }) => {
    const { codes, dictionary } = columns.get('text') as StringColumn
    return Array.from(codes, code => dictionary[code])
  })
  assert.deepEqual(
    found,
    all.flatMap(texts => texts.filter((_, i) => i % 2 === 1)),
  )
})
