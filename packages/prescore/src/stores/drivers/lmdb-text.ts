import type { LmdbEnvironment, TextTable } from './lmdb-environment.ts'

/** LMDB refuses longer names; none of ours is as long. */
export const ID_BYTES_MAX = 1024

/** A record by its id; undefined when there is none. */
export function readText(environment: LmdbEnvironment, table: TextTable, id: string): string | undefined {
  const name = Buffer.from(id)
  return name.length === 0 || name.length > ID_BYTES_MAX ? undefined : environment.attempt(() => table.get(name))
}
