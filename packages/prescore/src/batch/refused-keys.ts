/** What is wrong with the keys of a population; of a table, each row is a key of its own. */
import { formatInstant, PrescoreError } from '../base/index.ts'
import { type Key, type KeyColumns, keyJson } from '../project/index.ts'

export function withoutKey(where: string): PrescoreError {
  return new PrescoreError('invalid_key', {
    where,
    found: 'a row whose key has a missing column',
    expected: 'a value in every key column',
  })
}

export function repeatedKey(where: string, entity: KeyColumns, key: Key): PrescoreError {
  return new PrescoreError('duplicate_keys', { where, found: keyJson(entity, key) })
}

export function emptyPopulation(where: string, asOfUs: number): PrescoreError {
  return new PrescoreError('empty_population', { where, found: `no row as of ${formatInstant(asOfUs)}` })
}
