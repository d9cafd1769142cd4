/** What every driver's `load` does alike: check the rows, and cut them into bounded parts. */
import { PrescoreError } from '../base/index.ts'
import { BlockBuilder } from './block.ts'
import { type HeaderToLoad, type RunHeader, STORE_FORMAT, type StoredBlock, type StoredRow, type StoredRows } from './types.ts'

/** Rows of one transaction at most: other writers wait no longer than these take (some 10 ms). */
const ROWS_PER_TRANSACTION = 25_000

/** Rows of a block from the first to before the last. */
export interface StoredPart {
  readonly block: StoredBlock
  readonly from: number
  readonly to: number
}

/** The rows in parts of at most {@link ROWS_PER_TRANSACTION}. @throws PrescoreError `rows_not_reconciled`: not as many as the header says; `internal` */
export async function* partsOf(header: HeaderToLoad, rows: StoredRows): AsyncGenerator<StoredPart> {
  let count = 0
  for await (const block of blocksOf(header, rows)) {
    for (let from = 0; from < block.rows; from += ROWS_PER_TRANSACTION)
      yield { block, from, to: Math.min(block.rows, from + ROWS_PER_TRANSACTION) }
    count += block.rows
  }
  checkCount(wholeHeader(header, count), count)
}

async function* blocksOf(header: HeaderToLoad, rows: StoredRows): AsyncGenerator<StoredBlock> {
  const building = new BlockBuilder(header)
  const isFull = (row: StoredRow) => building.add(row) === ROWS_PER_TRANSACTION
  if (Symbol.asyncIterator in rows) {
    for await (const some of rows) {
      if (!isBlock(some)) for (const row of some) if (isFull(row)) yield building.taken()
      if (!isBlock(some)) continue
      if (building.rows > 0) yield building.taken()
      yield some
    }
  } else for (const row of rows) if (isFull(row)) yield building.taken()
  if (building.rows > 0) yield building.taken()
}

function isBlock(rows: readonly StoredRow[] | StoredBlock): rows is StoredBlock {
  return !Array.isArray(rows)
}

/** The key of a row. */
export function keyAt({ keys, keyEnds }: StoredBlock, row: number): Uint8Array {
  return keys.subarray(row === 0 ? 0 : keyEnds[row - 1], keyEnds[row])
}

/** @throws PrescoreError `rows_not_reconciled` */
export function checkCount({ run, rows }: RunHeader, count: number): void {
  if (count !== rows) throw new PrescoreError('rows_not_reconciled', { where: `run ${run}`, found: `${count} rows`, expected: `${rows}` })
}

/** @param count of the rows that were loaded */
export function wholeHeader(header: HeaderToLoad, count: number): RunHeader {
  return { ...header, rows: header.rows ?? count }
}

/** A header as it was stored. @throws PrescoreError `store_format` when a later version wrote it. */
export function parseHeader(text: string): RunHeader {
  const header = JSON.parse(text) as RunHeader
  checkFormat(header.format, `run ${header.run}`)
  return header
}

/** @throws PrescoreError `store_format` */
export function checkFormat(format: number, where: string): void {
  if (format > STORE_FORMAT)
    throw new PrescoreError('store_format', { where, found: `format ${format}`, expected: `at most ${STORE_FORMAT}` })
}

/**
 * Whether a run is there already, as its header tells.
 * @throws PrescoreError `invalid_value` when a run of that id has another header: a run id names one content
 */
export function isLoaded(stored: RunHeader | undefined, wanted: HeaderToLoad): boolean {
  if (stored === undefined) return false
  const differs = (Object.keys(wanted) as (keyof HeaderToLoad)[]).find(name => stored[name] !== wanted[name])
  if (differs === undefined) return true
  throw new PrescoreError('invalid_value', {
    where: `run ${wanted.run}: ${differs}`,
    found: String(wanted[differs]),
    expected: `${stored[differs]}, as it was stored under this id`,
  })
}

/** Keys ascend, and none is empty. @throws PrescoreError `duplicate_keys`, `internal` */
export function checkOrder(before: Uint8Array | undefined, keyBytes: Uint8Array): void {
  const order = before === undefined ? -1 : Buffer.compare(before, keyBytes)
  if (order < 0 && keyBytes.length > 0) return
  const found = `key ${Buffer.from(keyBytes).toString('hex')}`
  if (order === 0) throw new PrescoreError('duplicate_keys', { found })
  throw new PrescoreError('internal', { where: 'rows to store', found, expected: 'keys in ascending order, none of them empty' })
}
