/** Which answers are noted: all of some keys, so that what happened to one can be followed. The same keys on any machine. */
import type { LiveRequest } from '../../live/index.ts'

const ALL = 2 ** 32
/** FNV-1a's. A number begins elsewhere, so that 1 is not "1". */
const SEEDS: Readonly<Record<string, number>> = { string: 0x811c9dc5, number: 0x050c5d1f, bigint: 0x050c5d1f }
const OTHERS = 0x1b873593

/** @param share of the keys; where a request has none, of its inputs, and of its attributes where it has none either. */
export function sampler(share: number): (request: LiveRequest) => boolean {
  if (share >= 1) return () => true
  return ({ key, inputs, attributes }) => {
    if (key !== undefined) return hashOf(key) < share * ALL
    return hashOf(attributes === undefined || Object.keys(inputs).length > 0 ? inputs : attributes) < share * ALL
  }
}

/** By names and values, whatever the order of the names. */
function hashOf(values: Readonly<Record<string, unknown>>): number {
  let sum = 0
  for (const name of Object.keys(values)) {
    const value = values[name]
    const text = typeof value === 'string' ? value : isGroup(value) ? String(hashOf(value)) : String(value)
    sum = (sum + textHash(text, textHash(name, SEEDS[typeof value] ?? OTHERS))) | 0
  }
  return sum >>> 0
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object'
}

/** FNV-1a, then mixed, so that keys that differ in their last digit only are spread as well. */
export function textHash(text: string, seed = SEEDS.string as number): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
