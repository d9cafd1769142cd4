/** What the answers of a prediction are computed from. */
import { contentHash } from '../base/index.ts'
import type { LiveState } from '../online/index.ts'
import type { Release } from '../release/index.ts'
import { pinIdentity, type SourcePin } from '../sources/index.ts'
import type { OpenedSource } from './place.ts'
import type { Ground, GroundSource } from './types.ts'

/** Of a release that is answered from the state; @param opened the sources that it joins. */
export function groundOf(release: Release, opened: readonly OpenedSource[], state: LiveState): Ground {
  return { release, sources: opened.map(groundSource), positions: () => opened.map(({ feed }) => state.position(feed)) }
}

function groundSource({ at: { name, definition }, pin, log }: OpenedSource): GroundSource {
  const { untilUs } = definition
  const ends = untilUs === undefined ? {} : { untilUs }
  return { name, history: historyDigest(pin), ...ends, ...(log === undefined ? {} : { log: log.pin().log }) }
}

/** Tells the bytes of a source's files, and where they end. */
export function historyDigest(pin: SourcePin): string {
  return contentHash(filesIdentity(pin))
}

/** What arrived since is in the log: the files are the same. */
export function filesIdentity({ arrived: _, ...pin }: SourcePin): unknown {
  return pinIdentity(pin)
}
