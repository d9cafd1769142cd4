/** The log as an array: the obviously right one beside it. */
import { FUTURE_TOLERANCE_US } from '../../src/sources/index.ts'
import type { Row } from './place.ts'

/** An event, and what must become of it: a code, or the row that it is. */
export interface Sample {
  readonly event: unknown
  readonly refused?: string
  /** Without position and known-at. */
  readonly row: Row
}

interface Counts {
  readonly accepted: number
  readonly late: number
  readonly duplicate: number
  readonly rejected: readonly { readonly index: number; readonly code: string }[]
}

export class Model {
  readonly rows: Row[] = []
  readonly ids = new Set<unknown>()
  notedAsOfUs = -(2 ** 53 - 1)
  clockUs = -(2 ** 53 - 1)

  append(samples: readonly Sample[], nowUs: number): Counts {
    this.tick(nowUs)
    const rejected: { index: number; code: string }[] = []
    let [accepted, late, duplicate] = [0, 0, 0]
    for (const [index, { refused, row }] of samples.entries()) {
      const code = refused ?? ((row.timeUs as number) > nowUs + FUTURE_TOLERANCE_US ? 'event_in_future' : undefined)
      if (code !== undefined) rejected.push({ index, code })
      else if (this.ids.has(row['row.id'])) duplicate++
      else {
        this.ids.add(row['row.id'])
        const arrival = row['row.received'] as number | undefined
        this.rows.push({ ...row, position: this.rows.length + 1, knownAtUs: Math.max(arrival ?? this.clockUs, this.clockUs) })
        accepted++
        if (arrival !== undefined && arrival <= this.notedAsOfUs) late++
      }
    }
    return { accepted, late, duplicate, rejected }
  }

  tick(nowUs: number): void {
    this.clockUs = Math.max(this.clockUs, nowUs)
    if (this.notedAsOfUs <= nowUs) this.clockUs = Math.max(this.clockUs, this.notedAsOfUs + 1)
  }
}
