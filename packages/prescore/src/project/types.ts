/**
 * The vocabulary, as plain data. Nothing here computes; every engine reads these definitions.
 *
 * - **entity**: the kind of thing predicted about (route, customer). **key**: one entity's identifier.
 * - **source**: where rows come from. **events**: rows with an event time. **table**: rows that describe entities.
 * - **derived column**: an expression over one row, applied alike in every engine.
 * - **feature**: a named value at an as-of time. **feature group**: the window aggregates of one entity over one source.
 * - **join**: a feature group, with where each column of its key comes from.
 * - **feature vector**: the ordered numbers that a model's input receives.
 * - **population**: the rows that a batch scores at an as-of time.
 * - **training**: rows with an as-of each, and the label.
 * - **prediction**: entity + features + model + policy. **project**: sources and predictions by name.
 */
import type { ExpressionNode, Kind } from '../expressions/index.ts'
import type { PostgresRowsDefinition } from './postgres-rows.ts'

export type ColumnKind = 'string' | 'int64' | 'float64' | 'boolean' | 'timestamp'
export type KeyKind = 'string' | 'int64'
export type KeyColumns = Readonly<Record<string, KeyKind>>

export interface SourceDefinition {
  readonly type: 'events' | 'table'
  /** Paths or globs, relative to the project file; empty where rows come from a database. Where they lie is configuration, in no hash. */
  readonly files: readonly string[]
  /** The database, where rows come from one. Configuration, in no hash. */
  readonly from?: PostgresRowsDefinition
  readonly columns: Readonly<Record<string, ColumnKind>>
  /** What columns are called in the files, where that differs. Configuration, in no hash. */
  readonly names?: Readonly<Record<string, string>>
  /** How timestamps without a zone are read, and calendar parts of all timestamps are taken. */
  readonly zone?: string
  readonly derive: Readonly<Record<string, ExpressionNode>>
  /** Column that is unique by row; the first arrival of an id wins. */
  readonly id?: string
  /** Event time (events), or valid-from (table; absent: always valid). A declared or derived timestamp column. */
  readonly time?: string
  /** When the row was known; absent: at its event time. */
  readonly arrival?: ExpressionNode
  /** Where history ends and the event log is the truth: files count where they were known before. Configuration, in no hash. */
  readonly untilUs?: number
}

/** A declared source, whatever its columns. */
export interface AnySource {
  readonly definition: SourceDefinition
}

export type AggregateName =
  | 'count'
  | 'sum'
  | 'mean'
  | 'share'
  | 'std'
  | 'min'
  | 'max'
  | 'first'
  | 'last'
  | 'current'
  | 'distinct'
  | 'mode'
  | 'timeSinceLast'

/** What the clocks of the source's zone tell: from the beginning of the hour, day, week (on Monday) or month. */
export type PeriodName = 'thisHour' | 'today' | 'thisWeek' | 'thisMonth'

/**
 * One window aggregate: the rows of the key with event time in [t − delay − window, t − delay), known at t. `current` looks at
 * a row that holds from t − delay on, too.
 */
export interface AggregationDefinition {
  readonly aggregate: AggregateName
  /** What is aggregated: over `row.*`. Absent: rows (count, timeSinceLast). */
  readonly value?: ExpressionNode
  /** Only rows for which this is true. */
  readonly where?: ExpressionNode
  /** Length of the window in µs; absent, as is `period`: all that lies before. */
  readonly windowUs?: number
  /** A calendar window instead: from the beginning of the period that t − delay lies in. */
  readonly period?: PeriodName
  readonly delayUs: number
  /** Of `last` and `mode`, from 2 on: the second, third, … instead of the first. */
  readonly rank?: number
  /** Takes the place of a missing result. */
  readonly default?: number
}

export interface FeatureGroupDefinition {
  readonly source: string
  readonly entity: KeyColumns
  /** The source's column for each column of the key. */
  readonly by: Readonly<Record<string, string>>
  readonly features: Readonly<Record<string, AggregationDefinition>>
}

export interface JoinDefinition extends FeatureGroupDefinition {
  /** Where each column of the joined key comes from: over `key.*`, `input.*`, `asOf`. */
  readonly key: Readonly<Record<string, ExpressionNode>>
}

export interface NamedExpression {
  readonly name: string
  readonly expression: ExpressionNode
}

/** A model on a server of others. */
export interface RemoteModelDefinition {
  readonly url: string | { readonly env: string }
  readonly model: string
  /** Absent: the newest when the release is made. It is frozen. */
  readonly version?: string
  /** TensorFlow Serving: what the label means when the release is made. */
  readonly label?: string
  /** TensorFlow Serving: the signature's name. */
  readonly signature?: string
  /** Time for one request, retries included. */
  readonly timeoutMs: number
  /** Rows in one request at most. */
  readonly rowsPerRequest: number
}

export interface ModelDefinition {
  /** What runs it. Of an ONNX model always 'onnx' is declared; a release runs it by 'trees' where that gives the same bits. */
  readonly runtime: 'onnx' | 'trees' | 'tfServing' | 'openInference' | 'func'
  /** Of a runtime that is a server. */
  readonly remote?: RemoteModelDefinition
  /** Of a function: its text. */
  readonly source?: string
  /** Path relative to the project file; empty for a model that is no file. */
  readonly file: string
  /** Name of the output tensor. */
  readonly output: string
  /** One element of the output's row; absent: the whole row (a number where it has one element). */
  readonly index?: number
}

/** The distinct keys among the rows of a source (events), or its rows (table), at the as-of time. */
export interface PopulationDefinition {
  readonly source: string
  /** Events in [as-of − since, as-of). */
  readonly sinceUs?: number
  /** Over `row.*` and `asOf`. */
  readonly where?: ExpressionNode
  /** The source's column for each column of the key. */
  readonly keys: Readonly<Record<string, string>>
  /** The source's column for each input that is called otherwise there. */
  readonly inputs?: Readonly<Record<string, string>>
}

/** A label over what happens after the as-of: the aggregate over [as-of, as-of + window). */
export interface LabelWindowDefinition extends FeatureGroupDefinition {
  /** The end of the longest window after the as-of, in µs: a label is known once everything up to there is. */
  readonly horizonUs: number
}

export interface TrainingDefinition {
  readonly source: string
  readonly where?: ExpressionNode
  /** Each row's as-of over `row.*`, or a grid of times. */
  readonly asOf: ExpressionNode | { readonly everyUs: number }
  /** The source's column for each column of the key, and for each input. */
  readonly keys: Readonly<Record<string, string>>
  readonly inputs: Readonly<Record<string, ExpressionNode>>
  /** Over `row.*`, and over `next.*` where windows after the as-of are used. */
  readonly label: ExpressionNode
  readonly next?: LabelWindowDefinition
}

export type Mode = 'batch' | 'live' | 'hybrid'

/** What a prediction's value may be: a number, or a vector of numbers, or null (in a default). */
export type PredictionValue = number | null | readonly number[]

export interface PolicyDefinition {
  readonly mode: Mode
  /** Cron expression, read in the prediction's zone. */
  readonly schedule?: string
  /** Runs start up to so long after they are due, always by as much. */
  readonly jitterUs?: number
  /** Which missed due times are made up for; absent: the last. */
  readonly catchUp?: 'skip' | 'last' | 'all'
  readonly maxAgeUs?: number
  readonly maxLagUs?: number
  readonly deadlineUs?: number
  /** For how long a live answer is given again to the same request. */
  readonly rememberUs?: number
  readonly default?: { readonly value: PredictionValue; readonly reason?: string }
}

export interface GatesDefinition {
  /** Least share of planned rows that must have a value. */
  readonly coverage: number
  /** Greatest share of missing feature values: of all, or by feature name. */
  readonly missing?: number | Readonly<Record<string, number>>
  /**
   * Greatest share of rows rejected with a code: `{ model_failed: 0.001 }`.
   * @default none
   * @error invalid_value, unknown_name
   */
  readonly rejected?: Readonly<Record<string, number>>
  /**
   * Least and greatest value: no number may lie outside.
   * @default none
   * @error invalid_value
   */
  readonly range?: { readonly least?: number; readonly greatest?: number }
  /**
   * Whether all values may be the same: false blocks, true is content.
   * @default it warns
   */
  readonly constant?: boolean
  /**
   * Greatest population stability index of the values against those of the run that is served.
   * @default none
   * @error invalid_value
   */
  readonly shift?: number
  /**
   * Statements over the relations `run` and `published`, by name: each must return no rows.
   * @default none
   * @error invalid_name, invalid_value
   */
  readonly sql?: Readonly<Record<string, string>>
  /** Functions that judge what the run came to, by name: their texts. */
  readonly fn?: Readonly<Record<string, string>>
  /**
   * Gates that only warn: `['shift', 'sql.sane']`.
   * @default none
   * @error unknown_name
   */
  readonly warn?: readonly string[]
}

/** Where else a published run is written. */
export type OutputDefinition = PostgresTableDefinition | FileDefinition

export interface PostgresTableDefinition {
  readonly type: 'postgresTable'
  /** The variable of the environment that holds the connection's URL. */
  readonly url: { readonly env: string }
  /** `name` or `schema.name`. */
  readonly table: string
  /** How long runs stay in it once another one is current. */
  readonly keepUs: number
}

export interface FileDefinition {
  readonly type: 'file'
  /** Relative to the project file; its extension says the format. `{run}` and `{asOf}` stand for the run. */
  readonly path: string
  /** With the values of the features. */
  readonly features: boolean
}

export interface PredictionDefinition {
  readonly name: string
  /** Absent: everything comes as inputs. */
  readonly entity?: KeyColumns
  readonly inputs: Readonly<Record<string, Kind>>
  /** What stands for an input that a request does not give, as JSON gives it. */
  readonly inputDefaults?: Readonly<Record<string, string | number | boolean | null>>
  /** The zone of the as-of's calendar parts and of the schedule. */
  readonly zone?: string
  readonly joins: Readonly<Record<string, JoinDefinition>>
  /** In the order of the model's input: over `key.*`, `input.*`, `asOf`, `join.*`. */
  readonly features: readonly NamedExpression[]
  readonly model: ModelDefinition
  readonly population?: PopulationDefinition
  readonly training?: TrainingDefinition
  readonly policy: PolicyDefinition
  readonly gates: GatesDefinition
  readonly outputs: Readonly<Record<string, OutputDefinition>>
}

/** Which live answers are noted down, to be computed again by an audit. */
export interface AuditDefinition {
  /** Share of the keys whose live answers are noted; 0: none. */
  readonly sample: number
  /** What was noted longer ago is forgotten. */
  readonly keepDays: number
  /** Room for what was noted, of all predictions together: the oldest goes first. */
  readonly maxMegabytes: number
}

/** What watches over answers. Configuration, in no hash. */
export interface MonitorDefinition {
  readonly audit?: AuditDefinition
}

export interface ProjectDefinition {
  readonly sources: Readonly<Record<string, SourceDefinition>>
  readonly predictions: Readonly<Record<string, PredictionDefinition>>
  readonly monitor?: MonitorDefinition
}
