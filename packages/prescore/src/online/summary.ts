/** What a block, or many, come to, for windows that hold all of it: then their events need not be looked at. */
import type { BitRange } from '../features/index.ts'
import { type CodeSet, DistinctCodes } from './distinct-codes.ts'
import type { EventBlock } from './event-block.ts'
import type { ValueField } from './layout.ts'
import { bitsOf, NO_BITS, type SumParts, union, type WindowSums } from './window-sums.ts'

export interface Summary {
  readonly events: number
  readonly firstUs: number
  readonly lastUs: number
  /** From here on all its events are known. */
  readonly knownThroughUs: number
  /** By value of the layout. */
  readonly values: readonly ValueSummary[]
  /** Of which question of the key the sums are. */
  sumsOf: object | undefined
}

export interface ValueSummary {
  readonly count: number
  /** When the last event was that has a value. */
  readonly lastUs: number
  readonly least: number
  readonly greatest: number
  readonly bits: BitRange
  /** The different values by their codes of the key, where the layout wants to know. */
  readonly distinct: CodeSet | undefined
  /** Of a block: the same by the block's own codes of texts. */
  readonly codes: Int32Array | undefined
  /** Undefined: they can only be made of the events. */
  sums: SumParts | undefined
}

/** The different values of a key by code, as they come up. */
export type KeyCodes = Map<number | string, number>

/**
 * @param tieFields how many fields come before the values.
 * @param codes of the key, by value of the layout.
 */
export function summarise(block: EventBlock, values: readonly ValueField[], tieFields: number, codes: readonly KeyCodes[]): Summary {
  let knownThroughUs = Number.NEGATIVE_INFINITY
  for (let i = 0; i < block.size; i++) knownThroughUs = Math.max(knownThroughUs, block.knownAtUs[i]!)
  return {
    events: block.size,
    firstUs: block.timesUs[0]!,
    lastUs: block.timesUs[block.size - 1]!,
    knownThroughUs,
    values: values.map((field, i) => summaryOf(block, block.fields[tieFields + i]!, field, codes[i]!)),
    sumsOf: undefined,
  }
}

function summaryOf(block: EventBlock, values: Float64Array, field: ValueField, keyCodes: KeyCodes): ValueSummary {
  let count = 0
  let lastUs = Number.NEGATIVE_INFINITY
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < block.size; i++) {
    const value = values[i]!
    if (value !== value) continue
    count++
    lastUs = block.timesUs[i]!
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  const bits = field.withSums ? bitsOf(values, block.size) : NO_BITS
  const codes = field.withDistinct && field.isText ? codesOf(block, values, keyCodes) : undefined
  const distinct = field.withDistinct ? distinctOf(values, block.size, codes, keyCodes) : undefined
  return { count, lastUs, least, greatest, bits, distinct, codes, sums: undefined }
}

function codesOf(block: EventBlock, values: Float64Array, keyCodes: KeyCodes): Int32Array {
  const { texts } = block
  const codes = new Int32Array(texts.length).fill(-1)
  for (let i = 0; i < block.size; i++) {
    const value = values[i]!
    if (value === value && codes[value]! < 0) codes[value] = codeOf(keyCodes, texts[value]!)
  }
  return codes
}

const united = new DistinctCodes()

function distinctOf(values: Float64Array, size: number, codes: Int32Array | undefined, keyCodes: KeyCodes): CodeSet {
  united.clear()
  for (let i = 0; i < size; i++) {
    const value = values[i]!
    if (value === value) united.add(codes === undefined ? codeOf(keyCodes, value) : codes[value]!)
  }
  return united.take()
}

function codeOf(codes: KeyCodes, value: number | string): number {
  const known = codes.get(value)
  if (known !== undefined) return known
  codes.set(value, codes.size)
  return codes.size - 1
}

/** Of summaries that follow each other. */
export function merged(parts: readonly Summary[], values: readonly ValueField[]): Summary {
  return {
    events: parts.reduce((sum, { events }) => sum + events, 0),
    firstUs: parts[0]!.firstUs,
    lastUs: parts.at(-1)!.lastUs,
    knownThroughUs: parts.reduce((latest, { knownThroughUs }) => Math.max(latest, knownThroughUs), Number.NEGATIVE_INFINITY),
    values: values.map((_, i) => mergedValue(parts.map(part => part.values[i]!))),
    sumsOf: undefined,
  }
}

function mergedValue(parts: readonly ValueSummary[]): ValueSummary {
  let distinct: CodeSet | undefined
  if (parts[0]!.distinct !== undefined) {
    united.clear()
    for (const part of parts) united.addAll(part.distinct!)
    distinct = united.take()
  }
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    lastUs: Math.max(...parts.map(({ lastUs }) => lastUs)),
    least: Math.min(...parts.map(({ least }) => least)),
    greatest: Math.max(...parts.map(({ greatest }) => greatest)),
    bits: parts.map(({ bits }) => bits).reduce(union, NO_BITS),
    distinct,
    codes: undefined,
    sums: undefined,
  }
}

/** The sums of all values of a block. */
export function partsOf(values: Float64Array, size: number, sums: WindowSums): SumParts | undefined {
  sums.clear()
  for (let i = 0; i < size; i++) {
    const value = values[i]!
    if (value === value) sums.add(value)
  }
  return sums.take()
}

/** The sums of several, all in the form of `sums`. */
export function sumOfParts(parts: readonly (SumParts | undefined)[], sums: WindowSums): SumParts | undefined {
  sums.clear()
  for (const each of parts) {
    if (each === undefined) return undefined
    sums.merge(each)
  }
  return sums.take()
}
