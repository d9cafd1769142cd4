/** `prediction`: what is predicted about which entity, from which features, by which model, under which policy. */
import { checkMade, checkSettings, type DurationText, type Settings } from '../base/index.ts'
import {
  type AnyExpression,
  type BooleanExpression,
  type ExpressionOf,
  expressionOf,
  type Kind,
  type NumberExpression,
  nodeOf,
  type RowOf,
  rowOf,
  type TimestampExpression,
} from '../expressions/index.ts'
import type { Entity } from './entity.ts'
import type { Join, LabelWindow } from './feature-group.ts'
import { type GateOptions, gatesOf } from './gates.ts'
import type { InputKinds } from './inputs.ts'
import { type PolicyOptions, policyOf } from './policy.ts'
import { type AnyRows, type Population, Rows, type Source } from './source.ts'
import { type Kinds, sourceRow } from './source-by.ts'
import type { GatesDefinition, KeyColumns, ModelDefinition, OutputDefinition, PolicyDefinition } from './types.ts'
import { durationUs } from './window.ts'

/** A request input: its kind, or its kind and what stands for it where a request does not give it. */
type InputOption = Kind | { readonly kind: Kind; readonly default: string | number | boolean | null }
type Inputs = Readonly<Record<string, InputOption>>
type InputKindsOf<I extends Inputs> = { readonly [K in keyof I]: I[K] extends { readonly kind: infer X extends Kind } ? X : I[K] & Kind }
type Joins = Readonly<Record<string, Join<unknown>>>
type JoinedRows<J extends Joins> = {
  readonly [N in keyof J]: J[N] extends Join<infer F> ? RowOf<{ readonly [M in keyof F]: F[M] & Kind }> : never
}

/** What a prediction's expressions may read. */
interface Scope<E extends KeyColumns, I extends Inputs> {
  readonly key: RowOf<E>
  readonly inputs: RowOf<InputKindsOf<I>>
  readonly asOf: TimestampExpression
}
type JoinedScope<E extends KeyColumns, I extends Inputs, J extends Joins> = Scope<E, I> & { readonly join: JoinedRows<J> }

/** A grid of as-of times, for the `asOf` of a training: whole multiples of the length since the Unix epoch. At each, there is a row for each key of the population. */
export function every(length: DurationText): { readonly everyUs: number } {
  return Object.freeze({ everyUs: durationUs(length, 'every') })
}

interface TrainingOptions<C extends Kinds, I extends Inputs, N> {
  /** The source, or some of its rows: `orders.where(…)`. Time ranges are given to `prescore dataset`. */
  readonly rows: Source<C> | Rows<C>
  /**
   * The moment for which each row's features are computed: of the row, or a grid of times, at each of which there is a row for each key
   * of the population.
   * @error wrong_type, label_leak, not_supported
   */
  readonly asOf: ((row: RowOf<C>) => TimestampExpression) | { readonly everyUs: number }
  /**
   * What request inputs are in a row.
   * @default the columns of the same names
   * @error wrong_type, label_leak
   */
  readonly inputs?: (row: RowOf<C>) => { readonly [K in keyof I]: ExpressionOf<InputKindsOf<I>[K] & Kind> }
  /**
   * Aggregates over what happens after the as-of: `orders.by(customer).next('30d').features(…)`.
   * @default none: the label is of the row alone
   * @error unknown_name, wrong_type
   */
  readonly next?: LabelWindow<N>
  /**
   * What is to be predicted: a number or a boolean. Columns that it reads are refused as keys, inputs and as-of; rows whose label
   * is missing, or not known yet, are left out and counted.
   * @error wrong_type, label_leak
   */
  readonly label: (
    row: RowOf<C>,
    next: RowOf<{ readonly [K in keyof N]: N[K] & Kind }>,
  ) => NumberExpression<'int64' | 'float64'> | BooleanExpression
}

interface PredictionOptions<E extends KeyColumns, I extends Inputs, J extends Joins, F, C extends Kinds, N> {
  /**
   * Whose key a request and the population give.
   * @default none: everything comes as inputs, and the mode is live
   */
  readonly entity?: Entity<E>
  /**
   * What a request gives beside the key: kinds by name, or `{ kind, default }`.
   * @default none
   * @error invalid_name, invalid_value, invalid_input, missing_input
   */
  readonly inputs?: I
  /**
   * The zone of the as-of's calendar parts and of the schedule; IANA name.
   * @default none
   * @error unknown_zone, zone_missing
   */
  readonly zone?: string
  /**
   * Feature groups, each with where its key comes from: `{ use: use.at(s.key) }`. Must stand before `features`.
   * @default none
   * @error invalid_name, unnamed_source, wrong_type
   */
  readonly join?: (s: Scope<E, I>) => J
  /**
   * The feature vector, in the order of the model's input: numbers, booleans (1, 0) and durations (seconds).
   * @error invalid_value, invalid_name, non_numeric_feature, feature_out_of_range
   */
  readonly features: (s: JoinedScope<E, I, J>) => F
  /**
   * What turns the vector into a value: `onnx(…)`, `func(…)`, `openInference(…)` or `tfServing(…)`.
   * @error model_unreadable, model_mismatch, model_output, expected_differ
   */
  readonly model: ModelDefinition
  /**
   * The keys that a batch scores: `stations.keys(station)`, `orders.since('90d').keys(customer)`.
   * @default none: nothing is scored ahead
   * @error no_population, not_supported, unknown_column, wrong_type
   */
  readonly population?: Population<E>
  /**
   * What `prescore dataset` writes.
   * @default none
   * @error no_training, label_leak
   */
  readonly training?: TrainingOptions<C, I, N>
  /** Where answers come from, and how old they may be. In no hash: it changes no value. */
  readonly policy: PolicyOptions
  /**
   * What a run must pass before it is published.
   * @default every planned row must have a value
   */
  readonly gates?: GateOptions<F>
  /**
   * Where else a published run is written, by name: `postgresTable(…)`, `file(…)`.
   * @default none
   * @error no_population, duplicate_name, invalid_value, output_failed
   */
  readonly outputs?: Readonly<Record<string, OutputDefinition>>
}

type FeatureVector = Readonly<Record<string, AnyExpression>>

const PREDICTION: Settings<PredictionOptions<KeyColumns, Inputs, Joins, unknown, Kinds, unknown>> = {
  entity: 'optional',
  inputs: 'optional',
  zone: 'optional',
  join: 'optional',
  features: 'required',
  model: 'required',
  population: 'optional',
  training: 'optional',
  policy: 'required',
  gates: 'optional',
  outputs: 'optional',
}
const INPUT: Settings<Exclude<InputOption, Kind>> = { kind: 'required', default: 'required' }
const TRAINING: Settings<TrainingOptions<Kinds, Inputs, unknown>> = {
  rows: 'required',
  asOf: 'required',
  inputs: 'optional',
  next: 'optional',
  label: 'required',
}

/** Everything that `prediction` was given, before names are known; `defineProject` turns it into plain data. */
class Prediction<E extends KeyColumns = KeyColumns> {
  readonly entity: Entity<E> | undefined
  readonly options: PredictionParts

  constructor(entity: Entity<E> | undefined, options: PredictionParts) {
    this.entity = entity
    this.options = Object.freeze(options)
    Object.freeze(this)
  }
}

export interface PredictionParts {
  readonly inputs: InputKinds
  readonly inputDefaults?: Readonly<Record<string, string | number | boolean | null>>
  readonly zone?: string
  readonly joins: Joins
  readonly features: readonly { readonly name: string; readonly expression: ReturnType<typeof nodeOf> }[]
  readonly model: ModelDefinition
  readonly population?: Population<KeyColumns>
  readonly training?: {
    readonly rows: AnyRows
    readonly asOf: ReturnType<typeof nodeOf> | { readonly everyUs: number }
    readonly inputs: Readonly<Record<string, ReturnType<typeof nodeOf>>>
    readonly label: ReturnType<typeof nodeOf>
    readonly next?: LabelWindow<unknown>
  }
  readonly policy: PolicyDefinition
  readonly gates: GatesDefinition
  readonly outputs: Readonly<Record<string, OutputDefinition>>
}

/** What is predicted about which entity, from which features, by which model, under which policy. */
export function prediction<
  E extends KeyColumns = Record<never, never>,
  const I extends Inputs = Record<never, never>,
  J extends Joins = Record<never, never>,
  F extends FeatureVector = FeatureVector,
  C extends Kinds = Kinds,
  N = unknown,
>(options: PredictionOptions<E, I, J, F, C, N>): Prediction<E> {
  checkSettings(options, PREDICTION, 'prediction')
  const { entity, inputs = {} as I, zone, model, population, training, outputs = {} } = options
  if (entity !== undefined) checkMade(entity, 'columns', 'entity', "an entity, such as entity({ customer: 'string' })")
  checkMade(model, 'runtime', 'model', "a model, such as onnx('models/late.onnx')")
  if (population !== undefined) checkMade(population, 'mapping', 'population', 'a population, such as orders.keys(customer)')
  for (const [name, output] of Object.entries(outputs)) checkMade(output, 'type', `outputs.${name}`, 'file(…) or postgresTable(…)')
  const scope = {
    key: rowOf('key', Object.keys(entity?.columns ?? {})),
    inputs: rowOf('input', Object.keys(inputs)),
    asOf: expressionOf<'timestamp'>({ ref: 'asOf' }),
  } as unknown as Scope<E, I>
  const joins = options.join?.(scope) ?? ({} as J)
  for (const [name, join] of Object.entries(joins)) checkMade(join, 'group', `join.${name}`, 'a group at a key, such as habits.at(s.key)')
  const rows = Object.entries(joins).map(([name, { group }]) => [name, rowOf(`join.${name}`, Object.keys(group.features))] as const)
  const features = options.features({ ...scope, join: Object.fromEntries(rows) } as unknown as JoinedScope<E, I, J>)
  return new Prediction(entity, {
    ...inputsOf(inputs),
    joins,
    features: Object.entries(features).map(([name, expression]) => Object.freeze({ name, expression: nodeOf(expression) })),
    model,
    policy: policyOf(options.policy),
    gates: gatesOf(options.gates),
    outputs,
    ...(zone === undefined ? {} : { zone }),
    ...(population === undefined ? {} : { population: population as unknown as Population<KeyColumns> }),
    ...(training === undefined ? {} : { training: trainingOf(training, Object.keys(inputs)) }),
  })
}

function inputsOf(inputs: Inputs): Pick<PredictionParts, 'inputs' | 'inputDefaults'> {
  const options = Object.entries(inputs)
  for (const [name, option] of options) if (typeof option !== 'string') checkSettings(option, INPUT, `inputs.${name}`)
  const kinds = Object.fromEntries(options.map(([name, option]) => [name, typeof option === 'string' ? option : option.kind]))
  const defaults = options.flatMap(([name, option]) => (typeof option === 'string' ? [] : [[name, option.default] as const]))
  return defaults.length === 0 ? { inputs: kinds } : { inputs: kinds, inputDefaults: Object.fromEntries(defaults) }
}

function trainingOf<C extends Kinds, I extends Inputs, N>(
  training: TrainingOptions<C, I, N>,
  inputNames: readonly string[],
): NonNullable<PredictionParts['training']> {
  checkSettings(training, TRAINING, 'training')
  const rows: AnyRows = training.rows instanceof Rows ? training.rows : { source: training.rows, filter: {} }
  const row = sourceRow<C>(rows.source)
  const given = (training.inputs?.(row) ??
    Object.fromEntries(inputNames.map(name => [name, (row as Record<string, unknown>)[name]]))) as Record<string, unknown>
  const next = rowOf('next', Object.keys(training.next?.group.features ?? {}))
  return {
    rows,
    asOf: typeof training.asOf === 'function' ? nodeOf(training.asOf(row)) : training.asOf,
    inputs: Object.fromEntries(inputNames.map(name => [name, nodeOf(given[name])])),
    label: nodeOf(training.label(row, next as never)),
    ...(training.next === undefined ? {} : { next: training.next }),
  }
}
