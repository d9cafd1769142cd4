/** The features of one request, as served, each with the events that entered it, and those that did not. */
import { formatInstant, TIME_US_MAX } from '../base/index.ts'
import { type Column, references } from '../expressions/index.ts'
import { assemble, historyEvents, historyFeatures } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { Inputs, InputValue, JoinDefinition, Key, LoadedProject, PredictionDefinition } from '../project/index.ts'
import type { Release } from '../release/index.ts'
import { pinSource, type SourceAt, sourceAt } from '../sources/index.ts'
import { requestRows, shownValue, toldInputs, valueAt } from './rows.ts'
import { GroupView, type Moment, type WindowView } from './window-view.ts'

export interface ExplainRequest {
  readonly key: Key | undefined
  readonly inputs: Inputs
  readonly asOfUs: number
  /** Events listed of each kind at most: the latest. */
  readonly eventsMax: number
}

export interface FeaturesExplained {
  readonly prediction: string
  readonly release: string
  readonly key: Key | null
  readonly inputs: Inputs
  readonly asOf: string
  /** The feature vector, before it is rounded to the model's input: each with what it is computed from. */
  readonly features: readonly { readonly name: string; readonly value: InputValue; readonly from: readonly string[] }[]
  readonly joins: readonly JoinExplained[]
}

export interface JoinExplained {
  readonly name: string
  readonly source: string
  /** Null: a column of it is missing, so that there are no events. */
  readonly key: Key | null
  readonly features: readonly JoinedFeature[]
}

export interface JoinedFeature {
  readonly name: string
  readonly aggregate: string
  readonly value: InputValue
  /** Event times in [from, until); null: since ever. */
  readonly from: string | null
  readonly until: string
  readonly entered: ListedEvents
  /** The feature's condition does not hold for them. */
  readonly filtered: ListedEvents
  /** They have no value. */
  readonly missing: ListedEvents
  /** Known only after the as-of. */
  readonly late: ListedEvents
}

export interface ListedEvents {
  readonly count: number
  /** The latest by event time, in order. */
  readonly events: readonly ListedEvent[]
}

export interface ListedEvent {
  /** Absent: the source has no ids. */
  readonly id?: InputValue
  readonly eventTime: string | null
  readonly knownAt: string | null
  /** What the feature takes of it; absent: it counts events as they are. */
  readonly value?: InputValue
  /** Its position in the event log; null: it stands in the files. */
  readonly position: number | null
}

/** @throws PrescoreError `missing_time`, what scanning a source and computing throw */
export async function explainFeatures(
  database: Database,
  loaded: LoadedProject,
  release: Release,
  request: ExplainRequest,
): Promise<FeaturesExplained> {
  const prediction = release.project.predictions[release.prediction] as PredictionDefinition
  const { joins, joined, vector } = assemble(release.project, prediction)
  const rows = requestRows(prediction, [request])
  const all = new Map<string, readonly Column[]>()
  const explained: JoinExplained[] = []
  for (const { name, definition, keys } of joins) {
    const at = sourceAt(loaded, loaded.definition, definition.source)
    const found = await explainJoin(database, at, name, definition, keys(rows), request)
    all.set(name, found.columns)
    explained.push(found.explained)
  }
  const columns = vector.columns(joined(rows, all))
  const features = prediction.features.map(({ name, expression }, i) => {
    const value = columns[i]![0]!
    return { name, value: value === value ? value : null, from: [...references(expression)] }
  })
  const { key = null, asOfUs } = request
  const inputs = toldInputs(prediction, request.inputs)
  return { prediction: release.prediction, release: release.hash, key, inputs, asOf: formatInstant(asOfUs), features, joins: explained }
}

async function explainJoin(
  database: Database,
  at: SourceAt,
  name: string,
  definition: JoinDefinition,
  keys: readonly Column[],
  { asOfUs, eventsMax }: ExplainRequest,
): Promise<{ readonly columns: readonly Column[]; readonly explained: JoinExplained }> {
  const request = { group: definition, keys, asOfUs: Float64Array.of(asOfUs) }
  const pin = await pinSource(database, at)
  const { features } = await historyFeatures(database, at, pin, [request], { clock: 'as-served' })
  const columns = features[0] as readonly Column[]
  const { id } = at.definition
  const view = new GroupView(at, definition, await historyEvents(database, at, pin, request, id === undefined ? [] : [id]))
  const moment: Moment = { key: view.events.queryKeys[0]!, asOfUs }
  const told = Object.entries(definition.features).map(([feature, { aggregate }], i): JoinedFeature => {
    const window = view.window(feature, moment)
    return {
      name: feature,
      aggregate,
      value: shownValue(columns[i]!, 0),
      ...edges(window),
      ...listed(view, feature, window, id, eventsMax),
    }
  })
  return { columns, explained: { name, source: definition.source, key: keyOf(definition, keys), features: told } }
}

function edges({ fromUs, untilUs }: WindowView): Pick<JoinedFeature, 'from' | 'until'> {
  return { from: Number.isFinite(fromUs) ? formatInstant(fromUs) : null, until: formatInstant(untilUs) }
}

function listed(
  view: GroupView,
  feature: string,
  { entered, filtered, missing, late }: WindowView,
  id: string | undefined,
  eventsMax: number,
): Pick<JoinedFeature, 'entered' | 'filtered' | 'missing' | 'late'> {
  const { events, positions } = view.events
  const values = view.valueColumn(feature)
  const list = (rows: readonly number[]): ListedEvents => ({
    count: rows.length,
    events: rows.slice(Math.max(0, rows.length - eventsMax)).map(row => ({
      ...(id === undefined ? {} : { id: valueAt(events.columns.get(`row.${id}`)!, row) }),
      eventTime: instantOf(events.timeUs[row]!),
      knownAt: instantOf(events.knownAtUs[row]!),
      ...(values === undefined ? {} : { value: shownValue(values, row) }),
      position: positions[row]! > 0 ? positions[row]! : null,
    })),
  })
  return { entered: list(entered), filtered: list(filtered), missing: list(missing), late: list(late) }
}

/** Null: never, or since ever. */
function instantOf(us: number): string | null {
  return Math.abs(us) < TIME_US_MAX ? formatInstant(us) : null
}

function keyOf({ entity }: JoinDefinition, keys: readonly Column[]): Key | null {
  const values = Object.keys(entity).map((name, i) => [name, valueAt(keys[i]!, 0)] as const)
  return values.some(([, value]) => value === null) ? null : (Object.fromEntries(values) as Key)
}
