/** Rows that are sorted out to parts come back, each of its part alone, in the order in which they came. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { NO_PART, PartedWriter, partedChunks, piecesOf, rowsOf } from '../../src/dataset/parted-rows.ts'
import { type Chunk, type Column, isStringColumn, type NumberColumn, stringColumn } from '../../src/expressions/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-parted-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const PARTS = 3
const COLUMNS = [
  ['x', { kind: 'float64' }],
  ['text', { kind: 'string' }],
] as const

interface Row {
  readonly part: number
  readonly x: number
  readonly text: string | undefined
}

const row = fc.record({
  part: fc.integer({ min: NO_PART, max: PARTS - 1 }),
  x: fc.double(),
  text: fc.option(fc.constantFrom('', 'a', 'b', '\ud800', 'ü', '"\n'), { nil: undefined }),
})

function chunkOf(rows: readonly Row[]): Chunk {
  const x: NumberColumn = { type: { kind: 'float64' }, values: Float64Array.from(rows, each => each.x) }
  return {
    rows: rows.length,
    columns: new Map<string, Column>([
      ['x', x],
      ['text', stringColumn(rows.map(({ text }) => text))],
    ]),
  }
}

let files = 0

test('whatever the chunks and pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (chunks, pieceRows) => {
      const writer = new PartedWriter(join(folder, String(files++)), COLUMNS, PARTS, pieceRows)
      for (const rows of chunks)
        assert.equal(
          writer.append(
            chunkOf(rows),
            Int32Array.from(rows, ({ part }) => part),
          ),
          true,
        )
      const written = writer.finish()
      writer.close()
      for (let part = 0; part < PARTS; part++) {
        const expected = chunks.flat().filter(each => each.part === part)
        const own = piecesOf(written, part)
        assert.equal(rowsOf(own), expected.length)
        const found = [...readBack(own)]
        assert.deepEqual(
          found,
          expected.map(({ x, text }) => ({ x, text })),
        )
      }
    }),
    { numRuns: 200 },
  )
})

function* readBack(own: ReturnType<typeof piecesOf>) {
  for (const { rows, columns } of partedChunks(own)) {
    const [x, text] = [columns.get('x') as NumberColumn, columns.get('text') as Column]
    if (!isStringColumn(text)) throw new TypeError('texts were expected')
    for (let i = 0; i < rows; i++) yield { x: x.values[i], text: text.dictionary[text.codes[i] as number] }
  }
}

test('integers beyond doubles are left to who called', () => {
  const writer = new PartedWriter(join(folder, 'exact'), [['x', { kind: 'int64' }]], 1, 4)
  const exact = BigInt64Array.of(2n ** 60n)
  const column = { type: { kind: 'int64' }, values: Float64Array.of(2 ** 60), exact } as const
  assert.equal(writer.append({ rows: 1, columns: new Map([['x', column]]) }, new Int32Array(1)), false)
  assert.deepEqual(rowsOf(writer.finish()), 0)
  writer.close()
})
