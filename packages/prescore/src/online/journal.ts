/**
 * What a large commit is to put, written down as a whole together with where the groups stand then; so the records themselves can
 * be stored in many small commits, between which others have their turn. To put them again changes nothing: after a crash,
 * whoever opens the folder next puts all that is written down, and the state is that of the position that was written with it.
 *
 * A part holds puts of one group: 2 bytes of length and its name; then of each put 2 bytes of length and its key, and 4 bytes of
 * length plus 1 and its value (0: removed).
 */
import { ByteReader, ByteWriter } from './bytes.ts'

/** A part ends behind the put with which it reaches this. */
const PART_BYTES = 256 * 1024
/** Holds most last puts. */
const SPARE_BYTES = 16 * 1024

/** Undefined bytes: to be removed. */
export type Put = readonly [key: Buffer, bytes: Uint8Array | undefined]

/** Writes puts of a group, from one on, to a part. @returns the part, and the first put that it does not hold */
export function journalPart(group: string, puts: readonly Put[], from: number): { readonly bytes: Buffer; readonly next: number } {
  const to = new ByteWriter(PART_BYTES + SPARE_BYTES)
  to.uint16(Buffer.byteLength(group))
  to.text(group, 'utf8')
  let next = from
  for (; next < puts.length && to.at < PART_BYTES; next++) {
    const [key, bytes] = puts[next]!
    to.uint16(key.length)
    to.copy(key, 0, key.length)
    to.uint32(bytes === undefined ? 0 : bytes.length + 1)
    if (bytes !== undefined) to.copy(bytes, 0, bytes.length)
  }
  return { bytes: to.written(), next }
}

/** What a part holds. */
export function readJournalPart(part: Buffer): { readonly group: string; readonly puts: readonly Put[] } {
  const from = new ByteReader()
  from.open(part)
  const end = part.byteOffset + part.length
  const take = (length: number) => {
    from.at += length
    return Buffer.from(part.buffer, from.at - length, length)
  }
  const group = take(from.uint16()).toString()
  const puts: Put[] = []
  while (from.at < end) {
    const key = take(from.uint16())
    const length = from.uint32()
    puts.push([key, length === 0 ? undefined : take(length - 1)])
  }
  return { group, puts }
}
