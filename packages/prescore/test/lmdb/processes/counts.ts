/** A table with one number. */
import type { Database } from 'lmdb'
import { BINARY, type LmdbFolder } from '../../../src/lmdb/index.ts'

export const ONE = Buffer.from('one')

export function counts(folder: LmdbFolder): Database<Buffer, Buffer> {
  return folder.table<Buffer, Buffer>('counts', BINARY) as Database<Buffer, Buffer>
}

export function numberOf(table: Database<Buffer, Buffer>): number {
  return Number(table.getBinary(ONE)?.toString() ?? 0)
}
