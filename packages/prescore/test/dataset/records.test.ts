/** Records of rows come back to the places that the rows have in their block, whichever files they lie in. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type RecordRun, readRecords, writeRecords } from '../../src/dataset/records.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-records-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('rows of a block in several files, more of them than are read at once', () => {
  const rows = 70_000
  const valueOf = (row: number, column: number) => (row % 7 === 0 ? Number.NaN : row + column / 4)
  const runs = [0, 1].map((part): RecordRun => {
    const file = join(folder, String(part))
    // Something of another block before.
    const places = Int32Array.from({ length: 3 + rows / 2 }, (_, i) => (i < 3 ? i : 2 * (i - 3) + part))
    const column = (at: number) => Float64Array.from(places, (row, i) => (i < 3 ? -1 : valueOf(row, at)))
    writeRecords(file, places, [column(0), column(1), column(2)])
    return { file, from: 3, records: rows / 2 }
  })
  const columns = [0, 1, 2].map(() => new Float64Array(rows))
  readRecords(runs, columns)
  columns.forEach((values, at) => {
    assert.deepEqual(
      values,
      Float64Array.from({ length: rows }, (_, row) => valueOf(row, at)),
    )
  })
})
