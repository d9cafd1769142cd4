/** Columns of Parquet files of other writers, read without DuckDB: the same as with it, or left to it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ColumnsFile, identifier, literal, readColumns, selectItem } from '../../src/parquet/index.ts'
import { PythonEnvironment } from '../python.ts'
import { Place } from './place.ts'
import { valuesOf } from './values.ts'

const environment = new PythonEnvironment('parquet', 'fastparquet==2026.9.0\npolars==2.1.0\npyarrow==26.0.1\n')

const COLUMNS = {
  int64: ['int8', 'int16', 'int32', 'int64', 'large', 'same', 'uint8', 'uint16', 'uint32'],
  float64: ['float', 'double', 'int32', 'uint32', 'int64'],
  boolean: ['boolean'],
  string: ['words', 'texts', 'wide'],
  timestamp: ['seconds', 'millis', 'micros', 'instant', 'nanos'],
} as const

test('files of pyarrow, polars and fastparquet', { skip: environment.missing }, async () => {
  const place = await Place.open()
  await promisify(execFile)(await environment.python(), [join(import.meta.dirname, 'writers.py'), place.folder])
  const compared = { own: 0, left: 0 }
  for (const name of readdirSync(place.folder).sort()) {
    const file = place.path(name)
    for (const [kind, columns] of Object.entries(COLUMNS) as [keyof typeof COLUMNS, readonly string[]][]) {
      for (const column of columns) {
        const own = await ColumnsFile.open(file, [{ name: column, called: column, kind }], {})
        compared[own === undefined ? 'left' : 'own']++
        if (own === undefined) continue
        const value = kind === 'timestamp' ? `CAST(${identifier(column)} AS TIMESTAMP)` : identifier(column)
        const sql = `SELECT ${selectItem(kind, value)} FROM read_parquet(${literal(file)}, file_row_number = true) ORDER BY file_row_number`
        const expected = await valuesOf(readColumns(place.database, sql, { [column]: kind }, 'a test'))
        assert.deepEqual(await valuesOf(own.read('a test', false, () => {})), expected, `${name}, ${column} as ${kind}`)
      }
    }
  }
  // Most of them are read, but for other compressions and encodings, nanoseconds, and large integers as floats.
  assert.ok(compared.own > 1.3 * compared.left, JSON.stringify(compared))
})
