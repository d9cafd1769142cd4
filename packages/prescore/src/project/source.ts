/** `events` and `table`: where rows come from, with their columns declared and everything derived from them inferred. */
import { checkSettings, type DurationText, PrescoreError, type Settings, suggestion } from '../base/index.ts'
import {
  type AnyExpression,
  type BooleanExpression,
  type ExpressionNode,
  expressionOf,
  type KindOf,
  nodeOf,
  type RowOf,
  rowOf,
  type TimestampExpression,
} from '../expressions/index.ts'
import type { Entity } from './entity.ts'
import type { PostgresRowsDefinition } from './postgres-rows.ts'
import { type Kinds, SourceBy, sourceRow } from './source-by.ts'
import type { AnySource, ColumnKind, KeyColumns, SourceDefinition } from './types.ts'
import { durationUs, momentUs } from './window.ts'

export type Columns = Readonly<Record<string, ColumnKind>>
export type Derived = Readonly<Record<string, AnyExpression>>
/** The kinds of a record of expressions. */
export type KindsOf<D extends Derived> = { readonly [Name in keyof D]: KindOf<D[Name]> }
type AllColumns<C extends Columns, D extends Derived> = C & KindsOf<D>
type Name<T> = keyof T & string

/** For each key column, a column of the source of the same kind; left out where the names are the same. */
export type KeyMapping<E extends KeyColumns, C> = {
  readonly [K in keyof E]: { [N in keyof C & string]: C[N] extends E[K] ? N : never }[keyof C & string]
}
type SameNames<E extends KeyColumns, C> = {
  readonly [K in keyof E]: K extends keyof C ? (C[K] extends E[K] ? true : false) : false
}[keyof E]
type MappingArgument<E extends KeyColumns, C> = [SameNames<E, C>] extends [true]
  ? [mapping?: KeyMapping<E, C>]
  : [mapping: KeyMapping<E, C>]

/** Rows lie in files or in a database. */
type Place =
  | { readonly files: string | readonly string[]; readonly from?: never }
  | { readonly from: PostgresRowsDefinition; readonly files?: never }

interface SourceOptions<C extends Columns, D extends Derived> {
  /**
   * One path, folder or glob, or several, relative to the project file: Parquet, CSV or JSON. Where files lie is in no hash.
   * @default `from` is given
   * @error invalid_value, source_unreadable
   */
  readonly files?: string | readonly string[]
  /**
   * In place of files: a table or a statement of a database, `postgres({ url: env('DATABASE_URL'), table: 'orders' })`. In no hash.
   * @default `files` are given
   * @error invalid_value, source_unreadable, source_unavailable
   */
  readonly from?: PostgresRowsDefinition
  /**
   * The columns that are used, with their kinds: `{ id: 'string', at: 'timestamp' }`. Those of the data must fit without loss.
   * @error invalid_name, duplicate_name, column_missing, column_type, wrong_cell, lossy_cast
   */
  readonly columns: C
  /**
   * What columns are called in the data, where that differs: `{ airport: 'Airport Name' }`.
   * @default the declared names
   * @error unknown_column
   */
  readonly names?: { readonly [K in keyof C]?: string }
  /**
   * How timestamps without a zone are read, and where calendar parts and calendar windows are taken; IANA name. A time that the
   * clocks tell twice means its first occurrence; one that they skip is moved forward by the length of the gap.
   * @default none: then timestamps must say their zone
   * @error zone_missing, unknown_zone
   */
  readonly zone?: string
  /**
   * Columns computed from the declared ones, row by row.
   * @default none
   * @error duplicate_name, wrong_type, impure_function, function_failed
   */
  readonly derive?: (row: RowOf<C>) => D
}

interface EventsOptions<C extends Columns, D extends Derived> extends SourceOptions<C, D> {
  /**
   * A column that no two events share, text or int64; the first arrival of an id wins.
   * @default none: an event that is delivered twice counts twice
   * @error unknown_column, wrong_type, missing_id
   */
  readonly id?: Name<C>
  /**
   * The event time: a column of kind timestamp.
   * @error unknown_column, wrong_type, missing_time, time_out_of_range
   */
  readonly time: Name<C>
  /**
   * When an event was known. Where it is missing, the event is not known yet.
   * @default its event time
   * @error wrong_type
   */
  readonly arrival?: (row: RowOf<AllColumns<C, D>>) => TimestampExpression
  /**
   * The moment, with its zone, at which history ends: what was known from then on counts as it arrives in the event log. In no hash.
   * @default none: files and log both count
   * @error invalid_value
   */
  readonly until?: string
}

interface TableOptions<C extends Columns, D extends Derived> extends SourceOptions<C, D> {
  /**
   * The column with the time from which a row holds, until the next row of its key. `current` reads the row that holds at the as-of.
   * @default every row always holds
   * @error unknown_column, wrong_type
   */
  readonly validFrom?: Name<C>
}

const SHARED: Settings<SourceOptions<Columns, Derived>> = {
  files: 'optional',
  from: 'optional',
  columns: 'required',
  names: 'optional',
  zone: 'optional',
  derive: 'optional',
}
const EVENTS: Settings<EventsOptions<Columns, Derived>> = {
  ...SHARED,
  id: 'optional',
  time: 'required',
  arrival: 'optional',
  until: 'optional',
}
const TABLE: Settings<TableOptions<Columns, Derived>> = { ...SHARED, validFrom: 'optional' }

/** Rows with an event time: what happened. */
export function events<const C extends Columns, D extends Derived = Record<never, never>>(
  options: EventsOptions<C, D> & Place,
): Source<AllColumns<C, D>> {
  checkSettings(options, EVENTS, 'events')
  const { time, id, arrival, until } = options
  const end = until === undefined ? {} : { untilUs: momentUs(until, 'until') }
  const base = { ...shared('events', options), time, ...end, ...(id === undefined ? {} : { id }) }
  const row = rowOf('row', [...Object.keys(base.columns), ...Object.keys(base.derive)])
  return new Source(arrival === undefined ? base : { ...base, arrival: nodeOf(arrival(row as RowOf<AllColumns<C, D>>)) })
}

/** Rows that describe entities: what something is. */
export function table<const C extends Columns, D extends Derived = Record<never, never>>(
  options: TableOptions<C, D> & Place,
): Source<AllColumns<C, D>> {
  checkSettings(options, TABLE, 'table')
  const base = shared('table', options)
  return new Source(options.validFrom === undefined ? base : { ...base, time: options.validFrom })
}

function shared<C extends Columns, D extends Derived>(
  type: SourceDefinition['type'],
  options: SourceOptions<C, D> & Place,
): SourceDefinition {
  const derived = options.derive?.(rowOf('row', Object.keys(options.columns)) as RowOf<C>) ?? {}
  return {
    type,
    files: Object.freeze(options.files === undefined ? [] : [options.files].flat()),
    ...(options.from === undefined ? {} : { from: options.from }),
    columns: Object.freeze({ ...options.columns }),
    derive: Object.freeze(Object.fromEntries(Object.entries(derived).map(([name, expression]) => [name, nodeOf(expression)]))),
    ...(options.zone === undefined ? {} : { zone: options.zone }),
    ...(options.names === undefined ? {} : { names: Object.freeze({ ...options.names }) as Readonly<Record<string, string>> }),
  }
}

/** A declared source. `C` are its columns, declared and derived, with their kinds. */
export class Source<C extends Kinds> {
  readonly definition: SourceDefinition

  constructor(definition: SourceDefinition) {
    this.definition = Object.freeze(definition)
    Object.freeze(this)
  }

  /**
   * The rows of this source by entity: features of each key, or labels. The mapping names the source's column for each column of
   * the key, and is needed where names differ.
   * @error unknown_column, wrong_type
   */
  by<E extends KeyColumns>(entity: Entity<E>, ...[mapping]: MappingArgument<E, C>): SourceBy<C, E> {
    return new SourceBy(this, entity, mappingOf(entity, mapping))
  }

  /**
   * Only the events of the last while before the as-of; for a population.
   * @error invalid_window
   */
  since(length: DurationText): Rows<C> {
    return new Rows(this, { sinceUs: durationUs(length, 'since') })
  }

  /**
   * Only rows for which this is true; `asOf` is the as-of time. Several conditions must all be true.
   * @error wrong_type
   */
  where(condition: (row: RowOf<C>, asOf: TimestampExpression) => BooleanExpression): Rows<C> {
    return new Rows(this, {}).where(condition)
  }

  /**
   * The population of the distinct keys among these rows. Of several rows of one key the last that was known counts, by event time,
   * then by id.
   * @error unknown_column, wrong_type, duplicate_keys, empty_population
   */
  keys<E extends KeyColumns>(entity: Entity<E>, ...mapping: MappingArgument<E, C>): Population<E, C> {
    return new Rows<C>(this, {}).keys(entity, ...mapping)
  }
}

/** Some rows of a source: those of a time range, or for which a condition is true. */
export class Rows<C extends Kinds> {
  readonly source: Source<C>
  readonly filter: { readonly sinceUs?: number; readonly where?: ExpressionNode }

  constructor(source: Source<C>, filter: { readonly sinceUs?: number; readonly where?: ExpressionNode }) {
    this.source = source
    this.filter = Object.freeze(filter)
    Object.freeze(this)
  }

  /** Only those of them for which this is true, too. */
  where(condition: (row: RowOf<C>, asOf: TimestampExpression) => BooleanExpression): Rows<C> {
    const node = nodeOf(condition(sourceRow<C>(this.source), expressionOf<'timestamp'>({ ref: 'asOf' })))
    const where: ExpressionNode = this.filter.where === undefined ? node : { call: 'and', args: [this.filter.where, node] }
    return new Rows(this.source, { ...this.filter, where })
  }

  /** The population of the distinct keys among these rows. */
  keys<E extends KeyColumns>(entity: Entity<E>, ...[mapping]: MappingArgument<E, C>): Population<E, C> {
    return new Population(this, entity, mappingOf(entity, mapping), {})
  }
}

/** Rows whatever their columns. */
export interface AnyRows {
  readonly source: AnySource
  readonly filter: { readonly sinceUs?: number; readonly where?: ExpressionNode }
}

/** The keys that a batch scores. `C` are the columns of its rows. */
export class Population<E extends KeyColumns, C extends Kinds = Kinds> {
  readonly rows: AnyRows
  readonly entity: Entity<E>
  readonly mapping: Readonly<Record<string, string>>
  readonly inputMapping: Readonly<Record<string, string>>

  constructor(rows: AnyRows, entity: Entity<E>, mapping: Readonly<Record<string, string>>, inputMapping: Readonly<Record<string, string>>) {
    this.rows = rows
    this.entity = entity
    this.mapping = Object.freeze({ ...mapping })
    this.inputMapping = Object.freeze({ ...inputMapping })
    Object.freeze(this)
  }

  /**
   * For request inputs, the row's columns that stand for them; needed only where names differ.
   * @error unknown_name, unknown_column, wrong_type, missing_input
   */
  inputs(mapping: Readonly<Record<string, Name<C>>>): Population<E, C> {
    return new Population(this.rows, this.entity, this.mapping, { ...this.inputMapping, ...mapping })
  }
}

/** @throws PrescoreError `unknown_name`: the column that was meant would be taken for one of the same name. */
function mappingOf({ columns }: Entity<KeyColumns>, mapping?: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(columns)
  const unknown = Object.keys(mapping ?? {}).find(name => !names.includes(name))
  if (unknown !== undefined)
    throw new PrescoreError('unknown_name', {
      where: 'the mapping of a key',
      found: `\`${unknown}\``,
      expected: 'a column of the key',
      fix: suggestion(unknown, names),
    })
  return mapping ?? Object.fromEntries(names.map(name => [name, name]))
}
