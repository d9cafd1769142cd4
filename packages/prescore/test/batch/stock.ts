/** A shop of items on shelves, some of which cannot be scored: for runs that are gone on from once the sources are mended. */
import { join } from 'node:path'
import { exportRun, type RunOutcome } from '../../src/batch/index.ts'
import { literal } from '../../src/parquet/index.ts'
import { inShop, type OpenShop } from './harness.ts'
import { makeShop, writeRows } from './shop.ts'

/** The model gives [1, 2, 3, 4][place] / divisor: it fails on another place, and on a divisor of 0 gives infinity. */
export const STOCK_CONFIG = `import { defineProject, entity, onnx, prediction, table } from 'prescore'
const items = table({ files: 'items.parquet', columns: { item: 'int64', shelf: 'int64', place: 'float64', divisor: 'float64' } })
const shelves = table({ files: 'shelves.parquet', columns: { shelf: 'int64', divisor: 'float64' } })
const item = entity({ item: 'int64' })
const shelf = entity({ shelf: 'int64' })
const facts = items.by(item).features(f => ({ place: f.last('place'), shelf: f.last('shelf') }))
const about = shelves.by(shelf).features(f => ({ divisor: f.last('divisor') }))
export default defineProject({
  sources: { items, shelves },
  predictions: {
    spend: prediction({
      entity: item,
      inputs: { divisor: 'float64', shelf: 'int64' },
      join: s => ({ facts: facts.at(s.key), about: about.at({ shelf: s.inputs.shelf }) }),
      features: s => ({ place: s.join.facts.place, divisor: s.inputs.divisor.times(s.join.about.divisor) }),
      model: onnx('model.onnx'),
      population: items.keys(item).inputs({ divisor: 'divisor', shelf: 'shelf' }),
      policy: { mode: 'batch' },
      gates: { coverage: 0 },
    }),
  },
})
`

export interface Item {
  readonly item: number
  readonly shelf: number
  readonly place: number
  readonly divisor: number | 'Infinity' | null
}

export interface Stock {
  readonly items: readonly Item[]
  /** By shelf. */
  readonly shelves: readonly number[]
}

export async function writeStock(folder: string, { items, shelves }: Stock): Promise<void> {
  const divisor = (value: Item['divisor']) => (value === null ? 'NULL::DOUBLE' : `'${value}'::DOUBLE`)
  const rows = items.map(({ item, shelf, place, divisor: by }) => `(${item}::BIGINT, ${shelf}::BIGINT, ${place}::DOUBLE, ${divisor(by)})`)
  await writeRows(join(folder, 'items.parquet'), `SELECT * FROM (VALUES ${rows.join(', ')}) AS v(item, shelf, place, divisor)`)
  const all = shelves.map((by, shelf) => `(${shelf}::BIGINT, ${by}::DOUBLE)`)
  await writeRows(join(folder, 'shelves.parquet'), `SELECT * FROM (VALUES ${all.join(', ')}) AS v(shelf, divisor)`)
}

export async function makeStock(stock: Stock): Promise<string> {
  const folder = await makeShop({ config: STOCK_CONFIG, model: 'fragile' })
  await writeStock(folder, stock)
  return folder
}

/** Whether the model has a value for it. */
export const isSound = ({ place, divisor }: Item) => place >= 0 && place <= 3 && typeof divisor === 'number' && divisor !== 0

/** Three items that fail, one that is not there yet, and what mends them without a change of the others. */
export const BROKEN: Stock = {
  items: [
    { item: 1, shelf: 0, place: 1, divisor: 2 },
    { item: 2, shelf: 0, place: 9, divisor: 1 },
    { item: 3, shelf: 1, place: 2, divisor: 0 },
    { item: 4, shelf: 1, place: 3, divisor: 'Infinity' },
    { item: 6, shelf: 1, place: 3, divisor: 4 },
  ],
  shelves: [1, 2],
}
export const MENDED: Stock = {
  ...BROKEN,
  items: [
    ...BROKEN.items.map(each => (isSound(each) ? each : { ...each, place: 2, divisor: 3 })),
    { item: 5, shelf: 0, place: 0, divisor: 1 },
  ],
}

export type Row = Readonly<Record<string, unknown>>

/** All rows of a run with their features, by key. */
export async function rowsOf({ app, folder }: OpenShop, run: string): Promise<ReadonlyMap<number, Row>> {
  const file = join(folder, `${run.slice(0, 12)}.parquet`)
  await exportRun(await app.place(), { run, file, format: 'parquet', withFeatures: true })
  const rows: readonly Row[] = await (await app.database()).query(`SELECT * FROM read_parquet(${literal(file)})`, file)
  return new Map(rows.map(({ run: _, written_at, data_through, ...row }) => [Number(row.key_item), row]))
}

/** A run of all keys over the sources as they are now, in a place of its own. */
export async function undisturbed(folder: string, name: string): Promise<{ outcome: RunOutcome; rows: ReadonlyMap<number, Row> }> {
  return inShop(
    folder,
    async shop => {
      const outcome = await shop.run({ publish: 'never' })
      return { outcome, rows: await rowsOf(shop, outcome.run) }
    },
    { state: join(folder, name) },
  )
}
