/** Events that tell by themselves which call of which process they are of. */
import { events, type SourceDefinition } from '../../../src/project/index.ts'

export const TRANSFERS: SourceDefinition = events({
  files: 'transfers.parquet',
  columns: { id: 'string', sender: 'string', call: 'int64', size: 'int64', check: 'float64', at: 'timestamp' },
  id: 'id',
  time: 'at',
}).definition

export interface Transfer {
  readonly id: string
  readonly sender: string
  readonly call: number
  /** How many events the call has. */
  readonly size: number
  readonly check: number
  readonly at: string
}

/** The events of a call: always the same. Every fifth id is one that all senders use. */
export function callOf(sender: string, call: number): Transfer[] {
  const size = 1 + ((call * 7) % 23)
  return Array.from({ length: size }, (_, i) => {
    const id = i % 5 === 4 ? `shared ${call} ${i}` : `${sender} ${call} ${i}`
    return { id, sender, call, size, check: call + i / 32, at: '2026-06-15T12:00:00Z' }
  })
}
