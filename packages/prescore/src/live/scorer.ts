/** One request scored: the keys of its joins, their features, the vector, the model. */
import { PrescoreError } from '../base/index.ts'
import { type CompiledExpression, compile, type ExpressionNode, isStringColumn, references, type Scope } from '../expressions/index.ts'
import { type ServedModel, type ServingStats, valueText } from '../models/index.ts'
import type { LiveValue } from '../online/index.ts'
import {
  type AttributeKinds,
  type Attributes,
  attributeKinds,
  defaultInputs,
  type Inputs,
  type JoinDefinition,
  type Key,
  type PredictionDefinition,
  type ProjectDefinition,
  vectorScope,
} from '../project/index.ts'
import { RequestRow, type Slot } from './request-row.ts'
import { RequestVector } from './request-vector.ts'
import type { FeatureReader, FeaturesRead, LiveRequest, LiveScore, LiveScorer } from './types.ts'

export interface ScorerParts {
  readonly release: string
  /** As they were frozen. */
  readonly project: ProjectDefinition
  readonly prediction: PredictionDefinition
  readonly features: FeatureReader
  readonly model: ServedModel
}

export function createScorer(parts: ScorerParts): LiveScorer {
  return new Scorer(parts)
}

/** A slot of the row by the name that a request has for it. */
type NamedSlot = readonly [name: string, slot: Slot]

class Scorer implements LiveScorer {
  readonly release: string
  readonly featureNames: readonly string[]
  readonly attributes: AttributeKinds
  readonly #prediction: PredictionDefinition
  readonly #features: FeatureReader
  readonly #model: ServedModel
  readonly #row: RequestRow
  readonly #vector: RequestVector
  /** What the model is given; it keeps nothing of it. */
  readonly #input: Float32Array | Float64Array
  readonly #keySlots: readonly NamedSlot[]
  readonly #inputSlots: readonly NamedSlot[]
  readonly #asOf: Slot | undefined
  readonly #joins: readonly JoinOfRequest[]
  /** The joins whose key is made of the prediction's own, by their places; none where one of them does not tell keys without events. */
  readonly #ofOwnKey: readonly number[]
  readonly #inputNames: readonly string[]
  readonly #defaults: Inputs

  constructor({ release, project, prediction, features, model }: ScorerParts) {
    const scope = vectorScope(project, prediction)
    this.release = release
    this.attributes = attributeKinds(project, prediction)
    this.#prediction = prediction
    this.#features = features
    this.#model = model
    this.#row = new RequestRow(scope, refsOf(prediction))
    this.#vector = new RequestVector(prediction, scope, this.#row)
    this.featureNames = this.#vector.names
    this.#input = new (model.inputType === 'float32' ? Float32Array : Float64Array)(this.featureNames.length)
    this.#keySlots = this.#slots('key', Object.keys(prediction.entity ?? {}))
    this.#inputSlots = this.#slots('input', Object.keys(prediction.inputs))
    this.#asOf = this.#row.slot('asOf')
    this.#joins = Object.entries(prediction.joins).map(([name, join]) => new JoinOfRequest(name, join, scope, this.#row, prediction.name))
    const own = this.#joins.flatMap((join, i) => (join.isOfOwnKey ? [i] : []))
    this.#ofOwnKey = own.every(i => this.#joins[i]!.tellsKeys) ? own : []
    this.#inputNames = Object.keys(prediction.inputs)
    this.#defaults = defaultInputs(prediction)
  }

  score(request: LiveRequest): LiveScore | Promise<LiveScore> {
    this.#checkGiven(request.inputs)
    this.#setRequest(request)
    const keys = this.#joins.map(join => join.key())
    const read = this.#features.read(keys, request.asOfUs, request.deadlineAtMs)
    const found = read instanceof Promise ? read.then(each => this.#lookAtKey(request, keys, each)) : this.#lookAtKey(request, keys, read)
    if (!(found instanceof Promise)) return this.#scoreJoined(request, found)
    return found.then(features => {
      // Another request may have used the row meanwhile.
      this.#setRequest(request)
      return this.#scoreJoined(request, features)
    })
  }

  /** Says of what was read whether nothing is known of the request's key. That is asked only where all of it may be of nothing. */
  #lookAtKey({ key, attributes, asOfUs, deadlineAtMs }: LiveRequest, keys: readonly (Key | undefined)[], read: FeaturesRead) {
    if (key === undefined || attributes !== undefined || this.#ofOwnKey.length === 0) return read
    for (const i of this.#ofOwnKey) if (!this.#joins[i]!.mayBeOfNothing(read.values[i]!)) return read
    const found = (isKnown: boolean): FeaturesRead => (isKnown ? read : { ...read, isOfUnknownKey: true })
    const knows = this.#features.knows(this.#ofOwnKey, keys, asOfUs, deadlineAtMs)
    return knows instanceof Promise ? knows.then(found) : found(knows)
  }

  get stats(): ServingStats {
    return this.#model.stats
  }

  close(): Promise<void> {
    return this.#model.close()
  }

  /** What is not given must have a default. */
  #checkGiven(given: Inputs): void {
    for (const name of this.#inputNames) {
      if (given[name] !== undefined || this.#defaults[name] !== undefined) continue
      throw new PrescoreError('missing_input', { where: `predictions.${this.#prediction.name}`, found: `no \`${name}\`` })
    }
  }

  #setRequest({ key, inputs, asOfUs }: LiveRequest): void {
    for (const [name, slot] of this.#keySlots) slot.set(key?.[name])
    for (const [name, slot] of this.#inputSlots) slot.set(inputs[name] === undefined ? this.#defaults[name] : inputs[name])
    this.#asOf?.set(asOfUs)
  }

  #scoreJoined(request: LiveRequest, read: FeaturesRead): LiveScore | Promise<LiveScore> {
    const { attributes } = request
    for (let i = 0; i < this.#joins.length; i++) {
      this.#joins[i]!.setFeatures(read.values[i]!)
      if (attributes !== undefined) this.#joins[i]!.setAttributes(attributes)
    }
    this.#vector.fill(this.#input)
    const features = this.#vector.copy()
    const { dataThroughUs, feedFailure, isFlawed, isOfUnknownKey, perRequest } = read
    const scoreOf = (value: Float32Array | Float64Array): LiveScore => {
      const plain = { valueText: this.#text(value), dataThroughUs, features }
      if (feedFailure === undefined && isFlawed !== true && isOfUnknownKey !== true && perRequest === undefined) return plain
      return {
        ...plain,
        ...(feedFailure === undefined ? {} : { feedFailure }),
        ...(isFlawed === true ? { isFlawed } : {}),
        ...(isOfUnknownKey === true ? { isOfUnknownKey } : {}),
        ...(perRequest === undefined ? {} : { readNow: this.#readNow(read.values, perRequest) }),
      }
    }
    const scored = this.#model.score(this.#input, request)
    return scored instanceof Promise ? scored.then(scoreOf) : scoreOf(scored)
  }

  #readNow(values: FeaturesRead['values'], perRequest: readonly number[]): Attributes {
    return Object.fromEntries(perRequest.map(i => this.#joins[i]!.attributes(values[i]!)))
  }

  #text(value: Float32Array | Float64Array): string {
    const { width, outputType } = this.#model
    for (let i = 0; i < width; i++)
      if (!Number.isFinite(value[i]))
        throw new PrescoreError('value_not_finite', { where: `predictions.${this.#prediction.name}`, found: String(value[i]) })
    if (width === 1) return valueText(value[0]!, outputType)
    return `[${Array.from(value.subarray(0, width), each => valueText(each, outputType)).join(',')}]`
  }

  #slots(prefix: string, names: readonly string[]): NamedSlot[] {
    return names.flatMap(name => {
      const slot = this.#row.slot(`${prefix}.${name}`)
      return slot === undefined ? [] : [[name, slot] as const]
    })
  }
}

/** One join: how its key comes from the row, and where its features go. */
class JoinOfRequest {
  readonly #name: string
  readonly #columns: readonly string[]
  readonly #keys: readonly CompiledExpression[]
  readonly #row: RequestRow
  readonly #slots: readonly (Slot | undefined)[]
  readonly #features: readonly string[]
  readonly #defaults: readonly (number | undefined)[]
  /** Its key is made of the prediction's own. */
  readonly isOfOwnKey: boolean
  /** A key without events is told from one whose events the features leave out. */
  readonly tellsKeys: boolean

  constructor(name: string, { entity, key, features }: JoinDefinition, scope: Scope, row: RequestRow, prediction: string) {
    this.#name = name
    this.#row = row
    this.#columns = Object.keys(entity)
    const where = `predictions.${prediction}.join.${name}`
    this.#keys = this.#columns.map(column => compile(key[column] as ExpressionNode, scope, `${where}, key column ${column}`))
    this.#features = Object.keys(features)
    this.#defaults = Object.values(features).map(feature => feature.default)
    const refs = this.#columns.flatMap(column => [...references(key[column] as ExpressionNode)])
    this.isOfOwnKey = refs.length > 0 && refs.every(ref => ref.startsWith('key.'))
    this.tellsKeys = Object.values(features).some(({ where: condition }) => condition === undefined)
    this.#slots = this.#features.map(feature => row.slot(`join.${name}.${feature}`))
  }

  /** Undefined where a column of it is missing. */
  key(): Key | undefined {
    const key: Record<string, string | number | bigint> = {}
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#keys[i]!(this.#row.chunk)
      if (isStringColumn(column)) {
        const code = column.codes[0]!
        if (code < 0) return undefined
        key[this.#columns[i]!] = column.dictionary[code]!
        continue
      }
      const value = column.values[0]!
      if (value !== value) return undefined
      key[this.#columns[i]!] = column.exact === undefined || Number.isSafeInteger(value) ? value : column.exact[0]!
    }
    return key
  }

  /** They are what a key without events or rows has, and perhaps others. */
  mayBeOfNothing(values: readonly LiveValue[]): boolean {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (value !== undefined && value === value && value !== 0 && value !== this.#defaults[i]) return false
    }
    return true
  }

  /** As a request sets them. */
  attributes(values: readonly LiveValue[]): [join: string, set: Attributes[string]] {
    return [this.#name, Object.fromEntries(this.#features.map((feature, i) => [feature, values[i] ?? null] as const))]
  }

  setFeatures(values: readonly LiveValue[]): void {
    for (let i = 0; i < this.#slots.length; i++) this.#slots[i]?.set(values[i])
  }

  setAttributes(attributes: NonNullable<LiveRequest['attributes']>): void {
    const set = Object.hasOwn(attributes, this.#name) ? attributes[this.#name] : undefined
    if (set === undefined) return
    this.#features.forEach((feature, i) => {
      if (Object.hasOwn(set, feature)) this.#slots[i]?.set(set[feature])
    })
  }
}

/** Everything that the prediction's expressions read. */
function refsOf({ joins, features }: PredictionDefinition): Set<string> {
  const keys = Object.values(joins).flatMap(({ key }) => Object.values(key))
  return new Set([...features.map(({ expression }) => expression), ...keys].flatMap(node => [...references(node)]))
}
