/** The tables of a folder of live state: that of its groups, and one for each of them. */
import type { Database } from 'lmdb'
import { BINARY, type LmdbFolder } from '../lmdb/index.ts'

export type Table = Database<Buffer, Buffer>

/** Groups that may be open at once, and one table for the marks. */
export const TABLES_MAX = 1024
export const META = 'meta'
export const GROUP = 'group:'

/** A table by its name, made when it is not there. @throws PrescoreError `store_unreadable` */
export function openTable(folder: LmdbFolder, name: string): Table {
  return folder.table<Buffer, Buffer>(name, BINARY) as Table
}
