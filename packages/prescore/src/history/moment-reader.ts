/** One request as of one moment, fed chunk by chunk: of the events only what its features need is kept. */
import type { Column, NumberColumn } from '../expressions/index.ts'
import type { ClockName, CompiledGroup, MomentFeatures } from '../features/index.ts'
import { sourceKeyColumns } from './key-columns.ts'
import { KeyIndex } from './key-index.ts'
import type { FeatureRequest } from './request.ts'
import type { ScannedChunk } from '../sources/index.ts'

export class MomentReader {
  readonly compiled: CompiledGroup
  readonly request: FeatureRequest
  readonly firstUs: number
  readonly lastUs: number
  readonly #features: MomentFeatures
  readonly #keys: EventKeys

  /** Undefined: it takes all events at once. @param tie the column that decides between events of the same time */
  static of(request: FeatureRequest, compiled: CompiledGroup, clock: ClockName, tie: string | undefined): MomentReader | undefined {
    const { asOfUs, positions } = request
    const [firstUs] = asOfUs
    if (firstUs === undefined || positions !== undefined || tie !== undefined || asOfUs.some(us => us !== firstUs)) return undefined
    const keys = isOneInteger(request) ? new IntegerKeys(request) : new NumberedKeys(request)
    const features = compiled.atMoment({ keys: keys.asking, asOfUs: firstUs, clock, withTies: false })
    return features === undefined ? undefined : new MomentReader(request, compiled, features, keys)
  }

  private constructor(request: FeatureRequest, compiled: CompiledGroup, features: MomentFeatures, keys: EventKeys) {
    this.request = request
    this.compiled = compiled
    this.#features = features
    this.#keys = keys
    this.firstUs = request.asOfUs[0] as number
    this.lastUs = this.firstUs
  }

  columnsToScan(): Set<string> {
    return new Set([...this.compiled.columnsUsed, ...sourceKeyColumns(this.request.group)])
  }

  append(chunk: ScannedChunk): void {
    const columns = sourceKeyColumns(this.request.group).map(name => chunk.columns.get(`row.${name}`) as Column)
    this.#features.add(chunk, this.#keys.of(columns, chunk.rows))
  }

  compute(): readonly Column[] {
    return this.#features.columns()
  }
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
