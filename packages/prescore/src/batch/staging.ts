/** From the shards of a finished run to stored answers and a digest of all of them. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { checkSignal, PrescoreError } from '../base/index.ts'
import type { NumberColumn } from '../expressions/index.ts'
import { valueNames } from '../history/index.ts'
import type { ColumnKinds } from '../parquet/index.ts'
import { textFingerprint } from '../project/index.ts'
import type { StoredRow } from '../stores/index.ts'
import type { RunContext } from './context.ts'
import { type Distribution, distributionOf } from './gates/shift.ts'
import { readRun } from './rows.ts'
import type { ScoreManifest } from './stages/score.ts'
import { inputsKind, RowTexts } from './values.ts'

/** Of single-number values. */
export type ValueSummary = {
  readonly min: number
  readonly p05: number
  readonly median: number
  readonly mean: number
  readonly p95: number
  readonly max: number
}

/** What the rows of a run amount to. */
export interface Staged {
  /** SHA-256 of the canonical rows: the same for any number of shards and threads. */
  readonly digest: string
  /** Null for vectors, or without rows. */
  readonly summary: ValueSummary | null
  /** Null for vectors. */
  readonly distribution: Distribution | null
  /** The least and the greatest of all numbers; null without rows. */
  readonly extent: readonly [least: number, greatest: number] | null
  /** All values are the same, of two keys or more. */
  readonly isConstant: boolean
}

/** The rows that have a value, as the store takes them, in the order of their keys' bytes, some at once. */
export class StagedRows implements AsyncIterable<readonly StoredRow[]> {
  readonly #context: RunContext
  readonly #shards: readonly ScoreManifest[]
  readonly #onRows: (rows: number) => void
  readonly #signal: AbortSignal | undefined
  #result: Staged | undefined

  constructor(context: RunContext, shards: readonly ScoreManifest[], onRows: (rows: number) => void, signal: AbortSignal | undefined) {
    this.#context = context
    this.#shards = shards
    this.#onRows = onRows
    this.#signal = signal
  }

  /** What all rows amount to: read now, where nobody has read them to the end. */
  async result(): Promise<Staged> {
    if (this.#result === undefined) for await (const _ of this);
    return this.#result as Staged
  }

  /** @throws PrescoreError `run_corrupt` when a shard's file is not what its DONE says; `interrupted` */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly StoredRow[]> {
    const digest = createHash('sha256')
    const values = new Float64Array(this.#shards.reduce((count, { ok }) => count + ok, 0))
    let ok = 0
    let last: Buffer | undefined
    const extent: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    let onlyText: string | undefined
    let isConstant = true
    for (const shard of this.#shards) {
      const part = createHash('sha256')
      for await (const { rows, texts, numbers } of this.#chunks(shard)) {
        for (const column of numbers) widen(extent, column)
        const [first] = numbers as [Float64Array]
        const stored: StoredRow[] = []
        let lines = ''
        for (let i = 0; i < rows; i++) {
          const keyBytes = texts.keys.bytes(i)
          const valueText = texts.value(i)
          const inputsText = texts.inputs(i)
          if (last !== undefined && !isBefore(last, keyBytes)) throw corrupt(this.#context, shard, 'rows out of order')
          last = keyBytes
          lines += texts.line(i, texts.keys.text(i), valueText, inputsText)
          if (valueText === undefined) continue
          values[ok++] = first[i] as number
          onlyText ??= valueText
          if (valueText !== onlyText) isConstant = false
          stored.push(storedRow(keyBytes, valueText, inputsText))
        }
        this.#onRows(stored.length)
        const bytes = Buffer.from(lines)
        digest.update(bytes)
        part.update(bytes)
        yield stored
      }
      const found = part.digest('hex')
      if (found !== shard.digest) throw corrupt(this.#context, shard, `rows of digest ${found.slice(0, 12)}`)
    }
    const isNumber = this.#shards.every(shard => shard.values.width === 1)
    const sorted = values.sort()
    this.#result = {
      digest: digest.digest('hex'),
      summary: isNumber ? summaryOf(sorted) : null,
      distribution: isNumber ? distributionOf(sorted) : null,
      extent: ok === 0 ? null : extent,
      isConstant: isConstant && ok > 1,
    }
  }

  /** The rows of a shard, some at once. */
  async *#chunks(manifest: ScoreManifest): AsyncGenerator<ReadRows> {
    const { database, prediction } = this.#context
    const names = valueNames(manifest.values.width)
    const keys = Object.entries(prediction.entity ?? {}).map(([name, kind]) => [`key_${name}`, kind] as const)
    const values = names.map(name => [name, 'float64'] as const)
    const kinds: ColumnKinds = { ...Object.fromEntries([...keys, ...values]), rejected: 'string', ...inputsKind(prediction) }
    for await (const chunk of readRun(database, fileOf(this.#context, manifest), kinds)) {
      checkSignal(this.#signal)
      const numbers = names.map(name => (chunk.columns.get(name) as NumberColumn).values.subarray(0, chunk.rows))
      yield { rows: chunk.rows, texts: new RowTexts(chunk, prediction.entity ?? {}, manifest.values), numbers }
    }
  }
}

interface ReadRows {
  readonly rows: number
  readonly texts: RowTexts
  /** Of the values, column by column. */
  readonly numbers: readonly Float64Array[]
}

/** Rejected rows have NaN, which is neither less nor greater. */
function widen(extent: [number, number], column: Float64Array): void {
  for (const value of column) {
    if (value < extent[0]) extent[0] = value
    if (value > extent[1]) extent[1] = value
  }
}

/** As `Buffer.compare`, which would be a call into native code for each row. */
function isBefore(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number)
  return a.length < b.length
}

function storedRow(keyBytes: Buffer, valueText: string, inputsText: string | undefined): StoredRow {
  return inputsText === undefined ? { keyBytes, valueText } : { keyBytes, valueText, inputsText, fingerprint: textFingerprint(inputsText) }
}

function corrupt(context: RunContext, manifest: ScoreManifest, found: string): PrescoreError {
  const expected = `those of digest ${manifest.digest.slice(0, 12)}, in the order of their keys`
  return new PrescoreError('run_corrupt', { where: fileOf(context, manifest), found, expected })
}

function fileOf({ layout }: RunContext, { shard, file }: ScoreManifest): string {
  return join(layout.shard('score', shard), file)
}

function summaryOf(sorted: Float64Array): ValueSummary | null {
  if (sorted.length === 0) return null
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number
  const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length
  return { min: at(0), p05: at(0.05), median: at(0.5), mean, p95: at(0.95), max: at(1) }
}
