/** Human values by key, over the records of any driver: what a person has set stands before anything computed, until it expires. */
import { createHash } from 'node:crypto'
import { type Clock, PrescoreError } from '../base/index.ts'
import type { RecordStore } from './types.ts'

/** Overrides of one prediction, at most. */
const OVERRIDES_MAX = 10_000

export interface OverrideRecord {
  readonly prediction: string
  /** The key's bytes in hex. */
  readonly key: string
  /** The value as the JSON text that is sent. */
  readonly valueText: string
  readonly author: string
  readonly reason: string
  readonly setAtUs: number
  /** From then on it does not stand any more; null: never. */
  readonly expiresAtUs: number | null
}

interface Version {
  readonly sequence: number
}

export class Overrides {
  readonly #records: RecordStore
  readonly #clock: Clock

  constructor(records: RecordStore, clock: Clock) {
    this.#records = records
    this.#clock = clock
  }

  /** Sets or replaces the override of a key; those that have expired go. @throws PrescoreError `invalid_value` when there are too many */
  set(override: Omit<OverrideRecord, 'setAtUs'>): OverrideRecord {
    const { prediction, key } = override
    const nowUs = this.#clock.nowUs()
    const record = { ...override, setAtUs: nowUs }
    const others = this.list(prediction).filter(each => each.key !== key)
    const expired = others.filter(({ expiresAtUs }) => expiresAtUs !== null && expiresAtUs <= nowUs)
    if (others.length - expired.length >= OVERRIDES_MAX)
      throw new PrescoreError('invalid_value', {
        where: `overrides of ${prediction}`,
        found: `${others.length - expired.length} of them`,
        expected: `at most ${OVERRIDES_MAX}`,
      })
    this.#records.transaction(records => {
      for (const each of expired) records.remove('override', idOf(prediction, each.key))
      records.put('override', idOf(prediction, key), JSON.stringify(record))
      records.put('overrides', prediction, JSON.stringify(this.#next(records.get('overrides', prediction))))
    })
    return record
  }

  /** @throws PrescoreError `override_not_found` */
  remove(prediction: string, key: string): void {
    this.#records.transaction(records => {
      if (records.get('override', idOf(prediction, key)) === undefined)
        throw new PrescoreError('override_not_found', { where: `${prediction}` })
      records.remove('override', idOf(prediction, key))
      records.put('overrides', prediction, JSON.stringify(this.#next(records.get('overrides', prediction))))
    })
  }

  /** Expired ones included, until the next change. */
  list(prediction: string): readonly OverrideRecord[] {
    return this.#records.entries('override', `${prediction}/`).map(([, text]) => JSON.parse(text) as OverrideRecord)
  }

  /** Changes with each change; whoever serves compares it. Undefined: there was never one. */
  version(prediction: string): string | undefined {
    return this.#records.get('overrides', prediction)
  }

  #next(text: string | undefined): Version {
    return { sequence: text === undefined ? 1 : (JSON.parse(text) as Version).sequence + 1 }
  }
}

/** Names of predictions have no slash; a key may be longer than a record's id. */
function idOf(prediction: string, key: string): string {
  return `${prediction}/${createHash('sha256').update(key).digest('hex')}`
}
