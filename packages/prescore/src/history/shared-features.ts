/**
 * Features of many keys by several workers that share one scan: each reads a slice of the source, deals what it has read to the workers
 * whose keys it is of, and puts together the features of its own keys. So nothing is read twice.
 */
import type { Column } from '../expressions/index.ts'
import type { KeyFilter, MomentShare } from '../features/index.ts'
import { type Database, freeAllLetGo } from '../parquet/index.ts'
import type { SourceAt, SourcePin } from '../sources/index.ts'
import type { Division } from './division.ts'
import { KnownThrough } from './known-through.ts'
import type { MomentReader } from './moment-reader.ts'
import type { PeerTalk } from './peers.ts'
import { type ScanOptions, scanned } from './scanned.ts'

export interface Sharing {
  readonly talk: PeerTalk
  readonly division: Division
  /** Of each peer the parts of the division that it has. */
  readonly parts: readonly (readonly number[])[]
  readonly asOfUs: number
}

export interface SharedFeatures {
  readonly features: readonly (readonly Column[])[]
  readonly knownThroughUs: number | undefined
}

/** What each tells before it reads. */
interface Before {
  /** Undefined: it cannot read for others. */
  readonly filters: readonly KeyFilter[] | undefined
}

/** What each tells when it has read. */
interface After {
  readonly shares: readonly MomentShare[]
  readonly knownThroughUs: number | undefined
}

/** What each tells at last. */
const READ = 'read'

/**
 * All peers call it with requests for the same features, of one moment.
 * @param readers of the requests; undefined: one cannot be read so.
 * @returns undefined where they cannot share, or a peer has left
 */
export async function sharedFeatures(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  readers: readonly MomentReader[] | undefined,
  { talk, division, parts, asOfUs }: Sharing,
  options: Omit<ScanOptions, 'only'>,
): Promise<SharedFeatures | undefined> {
  const owners = division.owners(parts)
  const before = (await talk.exchange(() => ({ filters: readers?.map(({ filter }) => filter) }) satisfies Before)) as
    | readonly (Before | undefined)[]
    | undefined
  if (before === undefined || readers === undefined) return undefined
  const own: Before = { filters: readers.map(({ filter }) => filter) }
  const told = before.map(each => each ?? own)
  if (told.some(({ filters }) => filters === undefined)) return undefined
  readers.forEach((reader, i) => {
    reader.shareWith(
      told.map(({ filters }) => filters?.[i] as KeyFilter),
      talk.index,
    )
  })
  const known = new KnownThrough()
  const slice = { index: talk.index, of: talk.of }
  await scanned(database, source, pin, readers, { ...options, slice }, chunk => {
    known.note(chunk.knownAtUs, asOfUs)
    for (const reader of readers) reader.append(chunk, owners)
  })
  const after = (await talk.exchange(
    to => ({ shares: readers.map(reader => reader.shareOf(to)), knownThroughUs: known.us }) satisfies After,
  )) as readonly (After | undefined)[] | undefined
  if (after === undefined) return undefined
  for (const each of after) {
    if (each === undefined) continue
    readers.forEach((reader, i) => reader.receive(each.shares[i] as MomentShare))
    if (each.knownThroughUs !== undefined) known.note(Float64Array.of(each.knownThroughUs), asOfUs)
  }
  if (readers.some(({ hasSpilled }) => hasSpilled)) freeAllLetGo()
  const features = readers.map(reader => reader.compute())
  // What one has spilled is there until all have read it, or have left.
  await talk.exchange(() => READ)
  return { features, knownThroughUs: known.us }
}
