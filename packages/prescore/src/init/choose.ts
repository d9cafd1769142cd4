/** From the columns of some data to a first project: which column is the time, the key, the id, and which features are worth a start. */
import { PrescoreError } from '../base/index.ts'
import type { GuessedColumn, GuessedData } from '../sources/index.ts'

const DAY_US = 86_400_000_000
const NUMBERS_MAX = 4
const AGGREGATES = ['mean', 'sum', 'max', 'min', 'std'] as const

export interface FeatureChoice {
  readonly name: string
  /** `f.mean('amount', { over: '7d' })` */
  readonly code: string
}

export interface Choices {
  readonly columns: readonly GuessedColumn[]
  /** The event time; undefined: rows that describe entities. */
  readonly time: GuessedColumn | undefined
  readonly id: GuessedColumn | undefined
  readonly key: GuessedColumn
  readonly needsZone: boolean
  readonly features: readonly FeatureChoice[]
}

/** @param count how many features the model takes; undefined: a handful. @throws PrescoreError `invalid_value` when no column can be a key */
export function choose(data: GuessedData, count: number | undefined): Choices {
  const { columns, rows } = data
  const time = preferred(
    columns.filter(({ kind, present }) => kind === 'timestamp' && present === rows),
    /time|date|_at$|^at$|^ts$|start|[a-z]At$/,
  )
  const id = time === undefined ? undefined : idOf(columns, rows)
  const key = keyOf(
    columns.filter(each => each !== id),
    rows,
    time !== undefined,
  )
  if (key === undefined) {
    throw noKey(columns, time)
  }
  const numbers = columns.filter(
    each => each !== id && each !== key && (each.kind === 'float64' || (each.kind === 'int64' && !each.isWide)),
  )
  const all =
    time === undefined
      ? tableFeatures(numbers)
      : windowFeatures(
          numbers,
          columns.filter(({ kind }) => kind === 'boolean'),
          windowsOf(time),
        )
  return {
    columns,
    time,
    id,
    key,
    needsZone: columns.some(({ isLocal }) => isLocal),
    features: all.slice(0, count ?? (time === undefined ? NUMBERS_MAX : 2 + 2 * Math.min(2, numbers.length))),
  }
}

/** Events need a time and a key that repeats; rows that describe something, a key of each. */
function noKey(columns: readonly GuessedColumn[], time: GuessedColumn | undefined): PrescoreError {
  const dated = time === undefined ? columns.find(looksDated) : undefined
  const fix =
    dated === undefined
      ? 'Add such a column to the data, or write the project file by hand: see docs/project.md.'
      : `\`${dated.called}\` looks like times that are not ISO 8601 (${JSON.stringify(dated.example)}): write them as 2001-06-15T03:00:00, and rows become events.`
  return new PrescoreError('invalid_value', {
    where: '--from',
    found: `the columns ${columns.map(({ called }) => called).join(', ') || 'none'}`,
    expected:
      time === undefined
        ? 'a text or id that differs from row to row, or a time in every row'
        : 'a text or whole number that repeats, to say who or what a row is about',
    fix,
  })
}

/** Texts that people read as dates. */
function looksDated({ kind, example = '', name }: GuessedColumn): boolean {
  return (
    kind === 'string' &&
    (/\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|^[A-Z][a-z]{2,8}\.? \d{1,2},? \d{4}/.test(example) || (/date|time/i.test(name) && /\d/.test(example)))
  )
}

function preferred(columns: readonly GuessedColumn[], names: RegExp): GuessedColumn | undefined {
  return columns.find(({ name }) => names.test(name)) ?? columns[0]
}

function idOf(columns: readonly GuessedColumn[], rows: number): GuessedColumn | undefined {
  const unique = columns.filter(
    ({ kind, distinct, present }) => (kind === 'string' || kind === 'int64') && distinct === rows && present === rows,
  )
  return unique.find(({ name }) => /^(?:id|uuid|guid)$|_?(?:id|Id|ID|uuid)$/.test(name))
}

/** Events repeat their key; rows that describe something have one each. */
function keyOf(columns: readonly GuessedColumn[], rows: number, isEvents: boolean): GuessedColumn | undefined {
  const able = columns.filter(each => (each.kind === 'string' || each.kind === 'int64') && each.present === rows && !looksDated(each))
  const fitting = able.filter(({ distinct }) => (isEvents ? distinct <= Math.max(1, rows / 2) : distinct === rows))
  const named = fitting.filter(({ name }) => /(?:id|key|code|no|nr|number|name)$/i.test(name))
  const texts = fitting.filter(({ kind }) => kind === 'string')
  // A number that differs from row to row is an amount as easily as an id.
  return most(named) ?? most(texts) ?? (isEvents ? most(fitting) : undefined)
}

function most(columns: readonly GuessedColumn[]): GuessedColumn | undefined {
  return columns.reduce<GuessedColumn | undefined>(
    (best, each) => (best === undefined || each.distinct > best.distinct ? each : best),
    undefined,
  )
}

/** A short and a long window, by how much time the data spans. */
function windowsOf({ earliestUs = 0, latestUs = 0 }: GuessedColumn): readonly [short: string, long: string] {
  const days = (latestUs - earliestUs) / DAY_US
  return days < 3 ? ['1h', '12h'] : days < 40 ? ['1d', '7d'] : ['7d', '28d']
}

function windowFeatures(
  numbers: readonly GuessedColumn[],
  booleans: readonly GuessedColumn[],
  [short, long]: readonly [string, string],
): FeatureChoice[] {
  const feature = (aggregate: string, column: string | undefined, window: string): FeatureChoice => ({
    name: [column ?? 'rows', column === undefined ? '' : aggregate, window].filter(part => part !== '').join('_'),
    code: `f.${aggregate}(${column === undefined ? '' : `'${column}', `}{ over: '${window}' })`,
  })
  const shares = booleans.map(({ name }) => ({ name: `${name}_share_${long}`, code: `f.share(r => r.${name}, { over: '${long}' })` }))
  return [
    feature('count', undefined, short),
    feature('count', undefined, long),
    ...AGGREGATES.flatMap(aggregate => numbers.flatMap(({ name }) => [feature(aggregate, name, long), feature(aggregate, name, short)])),
    ...shares,
  ]
}

function tableFeatures(numbers: readonly GuessedColumn[]): FeatureChoice[] {
  return numbers.map(({ name }) => ({ name, code: `f.last('${name}')` }))
}
