/** What every format of files must do besides: folders, globs and several files are one source, and a file that was pinned is not another one later. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { type ColumnKind, events, table } from '../../src/project/index.ts'
import { pinIdentity, pinSource, type SourceAt } from '../../src/sources/index.ts'
import type { Place, Row } from '../parquet/place.ts'
import { scanned, sourceAt, us } from '../sources/scanned.ts'
import type { Times } from '../sources/written.ts'
import { AT, COLUMNS, EDGES, expectedOf, refused, testSourceRows } from './source-rows.ts'

export interface FormatSubject {
  readonly place: Place
  /** `.csv.gz` */
  readonly ending: string
  /** Writes rows; timestamps are microseconds, written as instants or as local times. A column that no row has is not in the file. */
  write(file: string, columns: Readonly<Record<string, ColumnKind>>, rows: readonly Row[], times: Times): Promise<void>
}

export function testSourceFormat(name: string, { place, ending, write }: FormatSubject): void {
  let files = 0
  const fileName = (folder = '.') => `${folder}/${name.replaceAll(/\W/g, '-')}-${files++}${ending}`
  const declared = (names: string | readonly string[]): SourceAt => sourceAt(place, events({ files: names, columns: COLUMNS, time: 'at' }))
  async function written(rows: readonly Row[], times: Times = 'instants', folder?: string): Promise<string> {
    const file = fileName(folder)
    await write(file, COLUMNS, rows, times)
    return file
  }

  testSourceRows(name, {
    place,
    at: files => ({ files }),
    write: async (columns, rows, times = 'instants') => {
      const file = fileName()
      await write(file, columns, rows, times)
      return file
    },
  })

  test(`${name}: a folder, a glob and several files are one source`, async () => {
    const folder = `folder-${name.replaceAll(/\W/g, '-')}`
    mkdirSync(place.path(`${folder}/deeper`), { recursive: true })
    const one = await written(EDGES.slice(0, 4), 'instants', folder)
    await written(EDGES.slice(4), 'instants', `${folder}/deeper`)
    const expected = expectedOf(EDGES)
    assert.deepEqual(await scanned(place, declared(folder)), expected)
    assert.deepEqual(await scanned(place, declared(`${folder}/**/*${ending}`)), expected)
    assert.deepEqual(await scanned(place, declared([one, `${folder}/deeper`])), expected)
  })

  test(`${name}: columns that only the folders have are read from them, and are part of the pin`, async () => {
    const base = `hive-${name.replaceAll(/\W/g, '-')}`
    const columns = { day: 'timestamp', shop: 'string', part: 'int64', n: 'int64' } as const
    const places = ['day=2001-06-15/shop=a%20b/part=7', 'day=2001-06-16/shop=__HIVE_DEFAULT_PARTITION__/part=8']
    for (const [i, path] of places.entries()) {
      mkdirSync(place.path(`${base}/${path}`), { recursive: true })
      await write(`${base}/${path}/x${ending}`, { n: 'int64' }, [{ n: i }], 'instants')
    }
    const source = sourceAt(place, events({ files: base, columns, time: 'day', zone: 'UTC' }))
    const rows = await scanned(place, source)
    assert.deepEqual(
      rows.map(each => each.row),
      [
        { day: us('2001-06-15T00:00:00Z'), shop: 'a b', part: 7, n: 0 },
        { day: us('2001-06-16T00:00:00Z'), shop: undefined, part: 8, n: 1 },
      ],
    )
    assert.equal((await scanned(place, source, { fromUs: us('2001-06-16T00:00:00Z') })).length, 1)
    assert.match(JSON.stringify(pinIdentity(await pinSource(place.database, source))), /a%20b/)
    const wrong = sourceAt(place, table({ files: base, columns: { ...columns, shop: 'int64' }, zone: 'UTC' }))
    await refused(pinSource(place.database, wrong), 'wrong_cell')
  })

  test(`${name}: a column that one file lacks is missing in its rows; one that no file has is refused`, async () => {
    const { b: _, ...fewer } = COLUMNS
    const [whole, part] = [await written(EDGES.slice(0, 1)), fileName()]
    await write(part, fewer, [{ n: 5, at: AT + 5, s: 'x', f: 1, id: 10 }], 'instants')
    const rows = await scanned(place, declared([whole, part]), { columns: ['b'] })
    assert.deepEqual(rows.map(each => each.row.b).sort(), [true, undefined])
    await refused(pinSource(place.database, declared(part)), 'column_missing')
  })

  test(`${name}: a pin survives JSON, and what was pinned is refused once it changed`, async () => {
    const file = await written(EDGES)
    const source = declared(file)
    const pin = JSON.parse(JSON.stringify(await pinSource(place.database, source)))
    assert.deepEqual(await scanned(place, source, {}, pin), expectedOf(EDGES))
    await write(file, COLUMNS, EDGES.slice(1), 'instants')
    await assert.rejects(scanned(place, source, {}, pin), { code: 'source_changed' })
  })
}
