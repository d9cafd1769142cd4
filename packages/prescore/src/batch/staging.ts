/** From the shards of a finished run to stored answers and a digest of all of them. */
import { createHash } from 'node:crypto'
import { checkSignal } from '../base/index.ts'
import { ExactSum } from '../features/index.ts'
import { freeLetGo } from '../parquet/index.ts'
import type { StoredBlock } from '../stores/index.ts'
import type { RunContext } from './context.ts'
import { type Distribution, distributionOf } from './gates/shift.ts'
import { SortedRuns } from './sorted-runs.ts'
import type { ScoreManifest } from './stages/score-manifest.ts'
import { corrupt, piecesOf, type StagedShard, stagePiece } from './stages/staged-piece.ts'

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
export class StagedRows implements AsyncIterable<StoredBlock> {
  readonly #context: RunContext
  readonly #staged: () => AsyncIterable<StagedShard>
  readonly #onRows: (rows: number) => void
  readonly #signal: AbortSignal | undefined
  #result: Staged | undefined

  /** @param staged gives the pieces of all shards in their order, whoever makes them */
  constructor(
    context: RunContext,
    staged: () => AsyncIterable<StagedShard>,
    onRows: (rows: number) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#context = context
    this.#staged = staged
    this.#onRows = onRows
    this.#signal = signal
  }

  /** What all rows amount to: read now, where nobody has read them to the end. */
  async result(): Promise<Staged> {
    if (this.#result === undefined) for await (const _ of this);
    return this.#result as Staged
  }

  /** @throws PrescoreError `run_corrupt` when a shard's file is not what its DONE says; `interrupted` */
  async *[Symbol.asyncIterator](): AsyncGenerator<StoredBlock> {
    const digest = createHash('sha256')
    const values = new SortedRuns()
    const sum = new ExactSum()
    let ok = 0
    let last: Uint8Array | undefined
    const extent: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    let onlyText: string | undefined
    let isConstant = true
    let part = createHash('sha256')
    let isNumber = true
    for await (const { manifest, isLast, piece } of this.#staged()) {
      checkSignal(this.#signal)
      // Of pieces that are stored.
      freeLetGo()
      if (last !== undefined && piece.first !== undefined && Buffer.compare(last, piece.first) >= 0)
        throw corrupt(this.#context, manifest, 'rows out of order')
      last = piece.last ?? last
      digest.update(piece.lines)
      part.update(piece.lines)
      if (manifest.values.width !== 1) isNumber = false
      if (isLast) {
        const found = part.digest('hex')
        if (found !== manifest.digest) throw corrupt(this.#context, manifest, `rows of digest ${found.slice(0, 12)}`)
        part = createHash('sha256')
      }
      extent[0] = Math.min(extent[0], piece.extent[0])
      extent[1] = Math.max(extent[1], piece.extent[1])
      onlyText ??= piece.text
      if (!piece.isConstant || (piece.text !== undefined && piece.text !== onlyText)) isConstant = false
      ok += piece.block.rows
      values.add(piece.values)
      sum.mergeState(piece.sum)
      yield piece.block
      this.#onRows(piece.block.rows)
    }
    this.#result = {
      digest: digest.digest('hex'),
      summary: isNumber ? summaryOf(values, sum.value()) : null,
      distribution: isNumber ? distributionOf(values) : null,
      extent: ok === 0 ? null : extent,
      isConstant: isConstant && ok > 1,
    }
  }
}

/** In this thread, one after the other. @throws PrescoreError as {@link stagePiece} */
export async function* stagedHere(context: RunContext, shards: readonly ScoreManifest[]): AsyncGenerator<StagedShard> {
  for (const piece of piecesOf(shards)) yield await stagePiece(context, piece)
}

/** @param sum of all, rounded once: it does not depend on how they were divided */
function summaryOf(values: SortedRuns, sum: number): ValueSummary | null {
  if (values.length === 0) return null
  const at = (share: number) => values.at(Math.round(share * (values.length - 1)))
  return { min: at(0), p05: at(0.05), median: at(0.5), mean: sum / values.length, p95: at(0.95), max: at(1) }
}
