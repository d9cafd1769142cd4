/** One request as of one moment, fed chunk by chunk: of the events only what its features need is kept. */
import type { Column, NumberColumn } from '../expressions/index.ts'
import type { ClockName, CompiledGroup, KeyFilter, MomentFeatures, MomentShare } from '../features/index.ts'
import type { ScannedChunk } from '../sources/index.ts'
import type { Owners } from './division.ts'
import type { FileSpill } from './file-spill.ts'
import { sourceKeyColumns } from './key-columns.ts'
import { KeyIndex } from './key-index.ts'
import type { FeatureRequest } from './request.ts'

export class MomentReader {
  readonly compiled: CompiledGroup
  readonly request: FeatureRequest
  readonly firstUs: number
  readonly lastUs: number
  readonly #features: MomentFeatures
  readonly #keys: EventKeys
  readonly #spill: FileSpill | undefined

  /**
   * Undefined: it takes all events at once.
   * @param tie the column that decides between events of the same time. @param momentUs the as-of, where there may be no row with one
   * @param spill where events go for which there is no room; it is closed with the reader
   */
  static of(
    request: FeatureRequest,
    compiled: CompiledGroup,
    clock: ClockName,
    tie: string | undefined,
    { momentUs, spill }: { readonly momentUs?: number | undefined; readonly spill?: FileSpill | undefined } = {},
  ): MomentReader | undefined {
    const { asOfUs, positions } = request
    const firstUs = momentUs ?? asOfUs[0]
    if (firstUs === undefined || positions !== undefined || tie !== undefined || !areAll(asOfUs, firstUs)) return undefined
    const keys = isOneInteger(request) ? new IntegerKeys(request) : new NumberedKeys(request)
    const features = compiled.atMoment({ keys: keys.asking, asOfUs: firstUs, clock, withTies: false, spill })
    return features === undefined ? undefined : new MomentReader(request, compiled, features, keys, firstUs, spill)
  }

  private constructor(
    request: FeatureRequest,
    compiled: CompiledGroup,
    features: MomentFeatures,
    keys: EventKeys,
    asOfUs: number,
    spill: FileSpill | undefined,
  ) {
    this.#spill = spill
    this.request = request
    this.compiled = compiled
    this.#features = features
    this.#keys = keys
    this.firstUs = asOfUs
    this.lastUs = asOfUs
  }

  /** Whether events can be dealt to others by their keys. */
  get isShareable(): boolean {
    return this.#keys instanceof IntegerKeys
  }

  get filter(): KeyFilter {
    return this.#features.filter
  }

  /** From now on events are kept for several, each asking about other keys. */
  shareWith(filters: readonly KeyFilter[], self: number): void {
    this.#features.shareWith(filters, self)
  }

  shareOf(owner: number): MomentShare {
    return this.#features.shareOf(owner)
  }

  receive(share: MomentShare): void {
    this.#features.receive(share)
  }

  columnsToScan(): Set<string> {
    return new Set([...this.compiled.columnsUsed, ...sourceKeyColumns(this.request.group)])
  }

  /** @param owners whose events are kept, where that are several */
  append(chunk: ScannedChunk, owners?: Owners): void {
    const columns = sourceKeyColumns(this.request.group).map(name => chunk.columns.get(`row.${name}`) as Column)
    const keys = this.#keys.of(columns, chunk.rows)
    this.#features.add(chunk, keys, owners?.of(keys, chunk.rows))
  }

  compute(): readonly Column[] {
    return this.#features.columns()
  }

  /** Whether its events are in a file, and none in memory. */
  get hasSpilled(): boolean {
    return this.#spill?.isUsed === true
  }

  /** Nobody needs what was spilled any more. */
  close(): void {
    this.#spill?.remove()
  }
}

function areAll(values: Float64Array, value: number): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== value) return false
  return true
}

/** Keys as doubles. */
interface EventKeys {
  /** Of the rows that ask; NaN: none. */
  readonly asking: Float64Array
  of(columns: readonly Column[], rows: number): Float64Array
}

function isOneInteger({ group, keys }: FeatureRequest): boolean {
  const [kind, ...others] = Object.values(group.entity)
  return kind === 'int64' && others.length === 0 && (keys[0] as NumberColumn).exact === undefined
}

/** Keys of one column of safe integers are what they are: no others are asked for. */
class IntegerKeys implements EventKeys {
  readonly asking: Float64Array

  constructor({ keys, asOfUs }: FeatureRequest) {
    this.asking = (keys[0] as NumberColumn).values.subarray(0, asOfUs.length)
  }

  of([column]: readonly Column[]): Float64Array {
    const { values, exact } = column as NumberColumn
    return exact === undefined ? values : values.map(value => (Number.isSafeInteger(value) ? value : Number.NaN))
  }
}

/** Other keys are numbered, those that are asked for. */
class NumberedKeys implements EventKeys {
  readonly asking: Float64Array
  readonly #index: KeyIndex

  constructor({ group, keys, asOfUs }: FeatureRequest) {
    this.#index = new KeyIndex(group.entity)
    this.asking = asKeys(this.#index.add(keys, asOfUs.length))
  }

  of(columns: readonly Column[], rows: number): Float64Array {
    return asKeys(this.#index.find(columns, rows))
  }
}

function asKeys(numbers: Int32Array): Float64Array {
  const keys = new Float64Array(numbers.length)
  for (let i = 0; i < keys.length; i++) {
    const number = numbers[i] as number
    keys[i] = number < 0 ? Number.NaN : number
  }
  return keys
}
