/** Where a log stands, as one small record that each commit rewrites: seven doubles, little-endian. */
import { TIME_US_MAX } from '../../base/index.ts'

/** The moment of what never was. */
const NEVER_US = -TIME_US_MAX

export interface Head {
  position: number
  clockUs: number
  notedAsOfUs: number
  retainedFromUs: number
  /** Of the last block: its bytes, and the earliest and latest event time in it. No bytes: there is none to add to. */
  tailBytes: number
  tailMinTimeUs: number
  tailMaxTimeUs: number
}

export function emptyHead(): Head {
  return {
    position: 0,
    clockUs: NEVER_US,
    notedAsOfUs: NEVER_US,
    retainedFromUs: NEVER_US,
    tailBytes: 0,
    tailMinTimeUs: 0,
    tailMaxTimeUs: 0,
  }
}

const FIELDS = ['position', 'clockUs', 'notedAsOfUs', 'retainedFromUs', 'tailBytes', 'tailMinTimeUs', 'tailMaxTimeUs'] as const

export function encodeHead(head: Head): Buffer {
  const bytes = Buffer.alloc(8 * FIELDS.length)
  FIELDS.forEach((field, i) => bytes.writeDoubleLE(head[field], 8 * i))
  return bytes
}

export function decodeHead(bytes: Buffer): Head {
  const head = emptyHead()
  FIELDS.forEach((field, i) => {
    head[field] = bytes.readDoubleLE(8 * i)
  })
  return head
}
