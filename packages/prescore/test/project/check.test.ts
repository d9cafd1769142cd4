/** Every mistake in a project is found, all at once, each with its place and what to do. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { ErrorCode } from '../../src/base/index.ts'
import { checkProject, type ProjectDefinition } from '../../src/project/index.ts'
import sketches from '../types/sketches.ts'
import { type OpenProject, soundProject } from './broken.ts'

interface Broken {
  readonly code: ErrorCode
  readonly severity?: 'warning'
  readonly where: string
  readonly found: string | RegExp
  readonly expected: string | RegExp
  readonly fix?: RegExp
  /** Parts of the sound project by their shortest names. */
  readonly change: (parts: Parts) => void
}

interface Parts {
  readonly project: OpenProject
  readonly flights: OpenProject['sources'][string]
  readonly airports: OpenProject['sources'][string]
  readonly late: OpenProject['predictions'][string]
  readonly live: OpenProject['predictions'][string]
  readonly delays: OpenProject['predictions'][string]['joins'][string]
  readonly runways: OpenProject['predictions'][string]['joins'][string]
}

function partsOf(project: OpenProject): Parts {
  const { flights, airports } = project.sources as Record<'flights' | 'airports', Parts['flights']>
  const { late, live } = project.predictions as Record<'late' | 'live', Parts['late']>
  const { delays, airport } = late.joins as Record<'delays' | 'airport', Parts['delays']>
  return { project, flights, airports, late, live, delays, runways: airport }
}

const row = (column: string) => ({ ref: `row.${column}` })
const wrong = <T>(value: unknown) => value as T
const DATABASE = { type: 'postgres', url: { env: 'DATABASE_URL' }, timeoutMs: 1_000 } as const

/** Each finds this one problem and no other. */
const BROKEN: Readonly<Record<string, Broken>> = {
  'no prediction': {
    code: 'invalid_value',
    where: 'predictions',
    found: 'none',
    expected: 'at least one prediction',
    change: ({ project }) => (project.predictions = {}),
  },
  'a source with a space': {
    code: 'invalid_name',
    where: 'sources',
    found: '"my flights"',
    expected: 'letters, digits and underscores, beginning with a letter',
    change: ({ project, airports }) => (project.sources['my flights'] = airports),
  },
  'an input that is a number': {
    code: 'invalid_name',
    where: 'predictions.live.inputs',
    found: '"7"',
    expected: /^letters/,
    change: ({ live }) => {
      live.inputs['7'] = 'int64'
      live.training.inputs['7'] = row('id')
    },
  },
  'names that differ by case': {
    code: 'duplicate_name',
    where: 'predictions.late.join.delays.features',
    found: '`since` and `Since`',
    expected: 'names that differ by more than case',
    fix: /name of its own/,
    change: ({ delays }) => (delays.features.Since = { aggregate: 'count', delayUs: 0 } as never),
  },
  'a derived column of a declared name': {
    code: 'duplicate_name',
    where: 'sources.flights.derive.delay',
    found: 'a declared column of that name',
    expected: 'a name of its own',
    change: ({ flights }) => (flights.derive.delay = row('id') as never),
  },
  'a feature named like a key column in files': {
    code: 'duplicate_name',
    where: 'predictions.late.join.delays.features.key_Origin',
    found: '`key_Origin`',
    expected: /`key_origin`/,
    change: ({ delays }) => (delays.features.key_Origin = { aggregate: 'count', delayUs: 0 } as never),
  },
  'a feature named like the label of a training set': {
    code: 'duplicate_name',
    where: 'predictions.late.features.Label',
    found: '`Label`',
    expected: /`label`/,
    change: ({ late }) => late.features.push({ name: 'Label', expression: { ref: 'key.hour' } }),
  },
  'a feature named like an input in a training set': {
    code: 'duplicate_name',
    where: 'predictions.live.features.input_amount',
    found: '`input_amount`',
    expected: /`input_amount`/,
    change: ({ live }) => live.features.push({ name: 'input_amount', expression: { ref: 'input.amount' } }),
  },
  'no files': {
    code: 'invalid_value',
    where: 'sources.airports.files',
    found: '[]',
    expected: /path or glob/,
    change: ({ airports }) => (airports.files = []),
  },
  'a database without rows': {
    code: 'invalid_value',
    where: 'sources.airports.from',
    found: 'neither `table` nor `query`',
    expected: 'one of them',
    change: ({ airports }) => {
      airports.files = []
      airports.from = wrong({ ...DATABASE })
    },
  },
  'a database with two sorts of rows': {
    code: 'invalid_value',
    where: 'sources.airports.from',
    found: 'both `table` and `query`',
    expected: 'one of them',
    change: ({ airports }) => {
      airports.files = []
      airports.from = wrong({ ...DATABASE, table: 'a', query: 'SELECT 1' })
    },
  },
  'a table with too many dots': {
    code: 'invalid_value',
    where: 'sources.airports.from.table',
    found: '"a.b.c"',
    expected: '`name` or `schema.name`',
    change: ({ airports }) => {
      airports.files = []
      airports.from = wrong({ ...DATABASE, table: 'a.b.c' })
    },
  },
  'a statement that is no SELECT': {
    code: 'invalid_value',
    where: 'sources.airports.from.query',
    found: '"DELETE FROM a"',
    expected: 'one SELECT',
    change: ({ airports }) => {
      airports.files = []
      airports.from = wrong({ ...DATABASE, query: 'DELETE FROM a' })
    },
  },
  'a database whose variable has no name': {
    code: 'invalid_value',
    where: 'sources.airports.from.url',
    found: 'no name',
    expected: /env\('DATABASE_URL'\)/,
    change: ({ airports }) => {
      airports.files = []
      airports.from = wrong({ ...DATABASE, url: { env: '' }, table: 'a' })
    },
  },
  'a kind that does not exist': {
    code: 'invalid_value',
    where: 'sources.airports.columns.other',
    found: '"int32"',
    expected: 'string, int64, float64, boolean, timestamp',
    change: ({ airports }) => (airports.columns.other = wrong('int32')),
  },
  'events without a time': {
    code: 'invalid_value',
    where: 'sources.other.time',
    found: 'nothing',
    expected: 'a timestamp column',
    change: ({ project }) =>
      (project.sources.other = wrong({ type: 'events', files: ['x.parquet'], columns: { id: 'int64' }, derive: {}, id: 'id' })),
  },
  'a zone that does not exist': {
    code: 'unknown_zone',
    where: 'sources.airports.zone',
    found: '"America/New_Yrok"',
    expected: /tz database/,
    fix: /Did you mean `America\/New_York`\?/,
    change: ({ airports }) => (airports.zone = 'America/New_Yrok'),
  },
  "a prediction's zone that does not exist": {
    code: 'unknown_zone',
    where: 'predictions.late.zone',
    found: '"Mars"',
    expected: /tz database/,
    change: ({ late }) => (late.zone = 'Mars'),
  },
  'a calendar part without a zone': {
    code: 'zone_missing',
    where: 'sources.other.derive.hour, .hourOfDay()',
    found: 'a timestamp without a zone',
    expected: 'a source or prediction with `zone`',
    change: ({ project }) =>
      (project.sources.other = wrong({
        type: 'table',
        files: ['x.parquet'],
        columns: { at: 'timestamp' },
        derive: { hour: { call: 'hourOfDay', args: [row('at')] } },
      })),
  },
  'a schedule without a zone': {
    code: 'zone_missing',
    where: 'predictions.live.policy.schedule',
    found: 'a schedule without a zone',
    expected: 'a prediction with `zone`',
    change: ({ live }) => (live.policy.schedule = '@daily'),
  },
  'a mistyped column': {
    code: 'unknown_column',
    where: 'sources.flights.derive.mistyped',
    found: '`dealy`',
    expected: 'a name in `row`',
    fix: /^Did you mean `delay`\? There are: id, date, delay, took, origin, destination, booked\.$/,
    change: ({ flights }) => (flights.derive.mistyped = row('dealy') as never),
  },
  'a derived column of a derived one': {
    code: 'unknown_column',
    where: 'sources.flights.derive.deep',
    found: '`hour`',
    expected: 'a name in `row`',
    change: ({ flights }) => (flights.derive.deep = row('hour') as never),
  },
  'an id that is no column': {
    code: 'unknown_column',
    where: 'sources.flights.id',
    found: '`ID`',
    expected: 'a column of the source',
    fix: /Did you mean `id`\?/,
    change: ({ flights }) => (flights.id = 'ID'),
  },
  'a key column that the source does not have': {
    code: 'unknown_column',
    where: 'predictions.late.join.delays, key column origin',
    found: '`orgin`',
    expected: 'a column of the source',
    fix: /Did you mean `origin`\?/,
    change: ({ delays }) => (delays.by.origin = 'orgin'),
  },
  'an id that is a float64': {
    code: 'wrong_type',
    where: 'sources.flights.id',
    found: '`took`, float64',
    expected: 'int64 or string',
    change: ({ flights }) => (flights.id = 'took'),
  },
  'a time that is none': {
    code: 'wrong_type',
    where: 'sources.airports.validFrom',
    found: '`runways`, int64',
    expected: 'timestamp',
    change: ({ airports }) => (airports.time = 'runways'),
  },
  'an arrival that is no time': {
    code: 'wrong_type',
    where: 'sources.flights.arrival',
    found: 'int64',
    expected: 'timestamp',
    change: ({ flights }) => (flights.arrival = row('delay') as never),
  },
  'operands that do not fit': {
    code: 'wrong_type',
    where: 'sources.flights.derive.sum, .plus(…)',
    found: 'string, int64',
    expected: 'two numbers, or times and durations',
    change: ({ flights }) => (flights.derive.sum = wrong({ call: 'plus', args: [row('origin'), row('delay')] })),
  },
  'the mean of a text': {
    code: 'wrong_type',
    where: 'predictions.late.join.delays.features.bad, mean',
    found: 'string',
    expected: 'int64 or float64',
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'mean', value: row('origin'), delayUs: 0 })),
  },
  'a condition that is a number': {
    code: 'wrong_type',
    where: 'predictions.late.join.delays.features.bad, where',
    found: 'int64',
    expected: 'boolean',
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'count', where: row('delay'), delayUs: 0 })),
  },
  'a key of another kind': {
    code: 'wrong_type',
    where: 'predictions.late.join.delays, key column origin',
    found: 'int64',
    expected: 'string',
    change: ({ delays }) => (delays.key.origin = { ref: 'key.hour' }),
  },
  'a default for a text': {
    code: 'wrong_type',
    where: 'predictions.late.join.delays.features.last, default',
    found: 'a number for a string',
    expected: 'no default',
    fix: /\.orElse\(…\)/,
    change: ({ delays }) => ((delays.features.last as { default?: number }).default = 0),
  },
  'a default for a duration, whose unit nobody knows': {
    code: 'wrong_type',
    where: 'predictions.late.join.delays.features.since, default',
    found: 'a number for a duration',
    expected: 'no default',
    change: ({ delays }) => ((delays.features.since as { default?: number }).default = 3600),
  },
  'a default that JSON cannot hold': {
    code: 'invalid_value',
    where: 'predictions.late.join.delays.features.mean, default',
    found: 'NaN',
    expected: 'a finite number',
    change: ({ delays }) => ((delays.features.mean as { default?: number }).default = Number.NaN),
  },
  'a sum of nothing': {
    code: 'invalid_value',
    where: 'predictions.late.join.delays.features.bad',
    found: 'sum of nothing',
    expected: 'a column, or an expression over the row',
    change: ({ delays }) => (delays.features.bad = { aggregate: 'sum', delayUs: 0 } as never),
  },
  'an aggregate that does not exist': {
    code: 'invalid_value',
    where: 'predictions.late.join.delays.features.bad',
    found: '"median"',
    expected: /^count, sum, mean/,
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'median', value: row('delay'), delayUs: 0 })),
  },
  'a group without features': {
    code: 'invalid_value',
    where: 'predictions.late.join.none.features',
    found: 'no features',
    expected: 'at least one',
    change: ({ late, delays }) => (late.joins.none = { ...delays, features: {} }),
  },
  'an entity without columns': {
    code: 'invalid_value',
    where: 'predictions.late.join.none.entity',
    found: 'no key columns',
    expected: 'at least one',
    change: ({ late, delays }) => (late.joins.none = { ...delays, entity: {}, by: {}, key: {} }),
  },
  'a key column of no key kind': {
    code: 'invalid_value',
    where: 'predictions.live.entity.x',
    found: '"float64"',
    expected: 'string, int64',
    change: ({ live, flights }) => {
      live.entity = wrong({ x: 'float64' })
      live.training.keys = { x: 'x' }
      flights.columns.x = 'float64'
    },
  },
  'a window over rows without a time': {
    code: 'invalid_window',
    where: 'predictions.late.join.airport.features.bad',
    found: 'a window over rows without a time',
    expected: 'all rows',
    fix: /`validFrom` of `airports`/,
    change: ({ runways }) => (runways.features.bad = wrong({ aggregate: 'last', value: row('runways'), windowUs: 1, delayUs: 0 })),
  },
  'a calendar window over rows without a time': {
    code: 'invalid_window',
    where: 'predictions.late.join.airport.features.bad',
    found: 'a window over rows without a time',
    expected: 'all rows',
    change: ({ runways }) => (runways.features.bad = wrong({ aggregate: 'last', value: row('runways'), period: 'today', delayUs: 0 })),
  },
  'a calendar window without a zone': {
    code: 'zone_missing',
    where: 'predictions.late.join.delays.features.bad, over',
    found: 'the window `today`',
    expected: 'a source with a zone',
    fix: /`zone` of `flights`/,
    change: ({ delays, flights }) => {
      flights.zone = wrong(undefined)
      flights.derive.hour = row('id')
      delays.features.bad = wrong({ aggregate: 'count', period: 'today', delayUs: 0 })
    },
  },
  'a calendar window that there is not': {
    code: 'invalid_value',
    where: 'predictions.late.join.delays.features.bad, over',
    found: '"yesterday"',
    expected: 'thisHour, today, thisWeek, thisMonth',
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'count', period: 'yesterday', delayUs: 0 })),
  },
  'the current row of events': {
    code: 'invalid_value',
    where: 'predictions.late.join.delays.features.bad',
    found: 'current of events',
    expected: 'a table',
    fix: /`last`/,
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'current', value: row('delay'), delayUs: 0 })),
  },
  'the current row of a window': {
    code: 'invalid_window',
    where: 'predictions.late.join.airport.features.bad',
    found: 'current over a window',
    expected: 'no window: the row that holds at the as-of',
    change: ({ runways, airports }) => {
      airports.columns.opened = 'timestamp'
      airports.time = 'opened'
      runways.features.bad = wrong({ aggregate: 'current', value: row('runways'), windowUs: 1, delayUs: 0 })
    },
  },
  'distinct values of all that lies before': {
    code: 'invalid_window',
    where: 'predictions.late.join.delays.features.bad',
    found: 'distinct over all that lies before: every value would have to be remembered for ever',
    expected: 'a window',
    fix: /bad: f\.distinct\(…, \{ over: '30d' \}\)/,
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'distinct', value: row('delay'), delayUs: 0 })),
  },
  'the mode of all that lies before': {
    code: 'invalid_window',
    where: 'predictions.late.join.delays.features.bad',
    found: 'mode over all that lies before: every value would have to be remembered for ever',
    expected: 'a window',
    fix: /bad: f\.mode\(…, \{ over: '30d' \}\)/,
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'mode', value: row('delay'), delayUs: 0 })),
  },
  'several greatest values': {
    code: 'invalid_value',
    where: 'predictions.late.join.delays.features.bad, n',
    found: 'several values of max',
    expected: 'last or mode',
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'max', value: row('delay'), windowUs: 1, rank: 2, delayUs: 0 })),
  },
  'distinct of nothing': {
    code: 'invalid_value',
    where: 'predictions.late.join.delays.features.bad',
    found: 'distinct of nothing',
    expected: 'a column, or an expression over the row',
    change: ({ delays }) => (delays.features.bad = wrong({ aggregate: 'distinct', windowUs: 1, delayUs: 0 })),
  },
  'the time since rows without a time': {
    code: 'invalid_window',
    where: 'predictions.late.join.airport.features.bad',
    found: 'timeSinceLast over rows without a time',
    expected: 'all rows',
    change: ({ runways }) => (runways.features.bad = { aggregate: 'timeSinceLast', delayUs: 0 } as never),
  },
  'a while before the as-of in rows without a time': {
    code: 'invalid_window',
    where: 'predictions.late.population',
    found: '`.since(…)` over rows without a time',
    expected: 'all rows',
    change: ({ late, airports }) => {
      airports.columns.hour = 'int64'
      late.population.source = 'airports'
    },
  },
  'a constant beyond 2^53 in arithmetic': {
    code: 'lossy_cast',
    where: 'sources.flights.derive.big',
    found: '9007199254740993',
    expected: /2\^53/,
    fix: /compare for equality only/,
    change: ({ flights }) =>
      (flights.derive.big = wrong({ call: 'plus', args: [row('delay'), { constant: '9007199254740993', kind: 'int64' }] })),
  },
  'a function that looks at the clock': {
    code: 'impure_function',
    where: 'sources.flights.derive.odd',
    found: '`Date` from outside',
    expected: 'a function of its arguments alone',
    change: ({ flights }) => (flights.derive.odd = wrong({ fn: '() => Date.now()', args: {}, returns: 'int64' })),
  },
  'a feature that no join has': {
    code: 'unknown_name',
    where: 'predictions.late.features.mistyped',
    found: '`maen`',
    expected: 'a name in `join.delays`',
    fix: /Did you mean `mean`\?/,
    change: ({ late }) => late.features.push({ name: 'mistyped', expression: { ref: 'join.delays.maen' } }),
  },
  'a key column that the entity does not have': {
    code: 'unknown_name',
    where: 'predictions.late.join.delays, key column origin',
    found: '`orgin`',
    expected: 'a name in `key`',
    fix: /Did you mean `origin`\?/,
    change: ({ delays }) => (delays.key.origin = { ref: 'key.orgin' }),
  },
  'a gate on no feature': {
    code: 'unknown_name',
    where: 'predictions.late.gates.missing',
    found: '`maen`',
    expected: 'a feature',
    fix: /Did you mean `mean`\?/,
    change: ({ late }) => (late.gates.missing = { maen: 0.1 }),
  },
  'what is next of a key that the prediction does not have': {
    code: 'unknown_name',
    where: 'predictions.late.training.next, key column destination',
    found: '`destination`',
    expected: 'a key column of the prediction',
    change: ({ late }) => {
      late.training.next.entity.destination = 'string'
      late.training.next.by.destination = 'destination'
    },
  },
  'what is next of a key of another kind': {
    code: 'wrong_type',
    where: 'predictions.late.training.next, key column hour',
    found: 'int64',
    expected: 'string',
    change: ({ late }) => {
      late.training.next.entity.hour = 'string'
      late.training.next.by.hour = 'destination'
    },
  },
  'a text as a feature': {
    code: 'non_numeric_feature',
    where: 'predictions.late.features.last',
    found: 'string',
    expected: 'int64 or float64 or boolean or duration',
    change: ({ late }) => late.features.push({ name: 'last', expression: { ref: 'join.delays.last' } }),
  },
  'no features': {
    code: 'invalid_value',
    where: 'predictions.live.features',
    found: 'no features',
    expected: 'at least one',
    change: ({ live }) => (live.features = []),
  },
  'batch without an entity': {
    code: 'invalid_value',
    where: 'predictions.live.policy.mode',
    found: 'mode batch without an entity',
    expected: 'mode live: everything comes as inputs',
    change: ({ live }) => (live.policy.mode = 'batch'),
  },
  'hybrid without a population': {
    code: 'no_population',
    where: 'predictions.live.population',
    found: 'mode hybrid without a population',
    expected: 'the rows to score ahead',
    change: ({ live }) => {
      live.entity = { id: 'int64' }
      live.policy.mode = 'hybrid'
    },
  },
  'an input whose default is of another kind': {
    code: 'invalid_value',
    where: 'predictions.live.inputs.amount, default',
    found: '"much"',
    expected: 'a number',
    change: ({ live }) => {
      live.inputs = { ...live.inputs, amount: 'float64' }
      live.inputDefaults = { amount: 'much' }
    },
  },
  'a population without an entity': {
    code: 'invalid_value',
    where: 'predictions.live.population',
    found: 'a population without an entity',
    expected: 'an entity',
    change: ({ live }) => {
      live.population = { source: 'flights', keys: {} } as never
      live.inputs = {}
      live.training.inputs = {}
      live.features = [{ name: 'weekday', expression: { constant: 1, kind: 'int64' } }]
    },
  },
  'a population of a table that changes': {
    code: 'not_supported',
    where: 'predictions.late.population',
    found: 'a table whose rows change over time',
    expected: /without `validFrom`/,
    change: ({ late, airports }) => {
      Object.assign(airports.columns, { hour: 'int64', opened: 'timestamp' })
      airports.time = 'opened'
      late.population.source = 'airports'
    },
  },
  'an input that the population has no column for': {
    code: 'missing_input',
    where: 'predictions.late.population, input amount',
    found: 'no column of this name, and no default',
    expected: 'a value for each row',
    fix: /\.inputs\(\{ amount: 'column' \}\)/,
    change: ({ late }) => {
      late.inputs.amount = 'float64'
      late.training.inputs.amount = row('took')
    },
  },
  'an input of another kind than the column of its name': {
    code: 'wrong_type',
    where: 'predictions.late.population, input took',
    found: '`took`, float64',
    expected: 'int64',
    change: ({ late }) => {
      late.inputs.took = 'int64'
      late.training.inputs.took = row('id')
    },
  },
  'an input mapped to no column of the population': {
    code: 'unknown_column',
    where: 'predictions.late.population, input amount',
    found: '`tok`',
    expected: 'a column of the source',
    fix: /took/,
    change: ({ late }) => {
      late.inputs.amount = 'float64'
      late.training.inputs.amount = row('took')
      late.population.inputs = { amount: 'tok' }
    },
  },
  'a column mapped to no input': {
    code: 'unknown_name',
    where: 'predictions.late.population.inputs',
    found: '`amuont`',
    expected: 'an input',
    fix: /amount/,
    change: ({ late }) => {
      late.inputs.amount = 'float64'
      late.training.inputs.amount = row('took')
      late.population.inputs = { amount: 'took', amuont: 'took' }
    },
  },
  'a range that holds nothing': {
    code: 'invalid_value',
    where: 'predictions.late.gates.range',
    found: '1 to 0',
    expected: 'a least value below the greatest',
    change: ({ late }) => (late.gates.range = { least: 1, greatest: 0 }),
  },
  'a shift that nothing passes': {
    code: 'invalid_value',
    where: 'predictions.late.gates.shift',
    found: '0',
    expected: /above 0/,
    change: ({ late }) => (late.gates.shift = 0),
  },
  'a gate for a code that there is not': {
    code: 'unknown_name',
    where: 'predictions.late.gates.rejected',
    found: '`model_faild`',
    expected: 'a code of the table of errors',
    fix: /model_failed/,
    change: ({ late }) => (late.gates.rejected = { model_faild: 0.1 }),
  },
  'a gate of two statements': {
    code: 'invalid_value',
    where: 'predictions.late.gates.sql.both',
    found: 'several statements',
    expected: 'one SELECT',
    change: ({ late }) => (late.gates.sql = { both: 'SELECT 1; DROP TABLE x' }),
  },
  'a warning of a gate that there is not': {
    code: 'unknown_name',
    where: 'predictions.late.gates.warn',
    found: '`sql.few`',
    expected: 'a gate of this prediction',
    change: ({ late }) => (late.gates.warn = ['missing.mean', 'shift', 'sql.few']),
  },
  'a population filter that is no condition': {
    code: 'wrong_type',
    where: 'predictions.late.population, where',
    found: 'timestamp',
    expected: 'boolean',
    change: ({ late }) => (late.population.where = { ref: 'asOf' } as never),
  },
  'training rows as of a grid of times, with a label of the row': {
    code: 'not_supported',
    where: 'predictions.late.training.asOf',
    found: 'a grid of times, and a label of the row',
    expected: 'a label over `next`',
    change: ({ late }) => (late.training.asOf = wrong({ everyUs: 1 })),
  },
  'a grid of times without a population': {
    code: 'not_supported',
    where: 'predictions.live.training.asOf',
    found: 'a grid of times, over other rows than those of the population',
    expected: 'the rows of the population',
    change: ({ live }) => (live.training.asOf = wrong({ everyUs: 1 })),
  },
  'a grid of times and inputs': {
    code: 'not_supported',
    where: 'predictions.late.training.asOf',
    found: 'a grid of times, and inputs, for which a key of the population has no row',
    expected: 'a timestamp of the row',
    change: ({ late }) => {
      late.training.asOf = wrong({ everyUs: 1 })
      late.inputs = wrong({ destination: 'string' })
      late.training.inputs = wrong({ destination: row('destination') })
    },
  },
  'an as-of that is no time': {
    code: 'wrong_type',
    where: 'predictions.live.training.asOf',
    found: 'string',
    expected: 'timestamp',
    change: ({ live }) => (live.training.asOf = row('origin') as never),
  },
  'a label that is a text': {
    code: 'wrong_type',
    where: 'predictions.late.training.label',
    found: 'string',
    expected: 'int64 or float64 or boolean',
    change: ({ late }) => (late.training.label = row('destination') as never),
  },
  'an input that the label reads': {
    code: 'label_leak',
    where: 'predictions.live.training.inputs.amount',
    found: '`delay`, which the label reads',
    expected: 'only what is known at the as-of',
    fix: /Remove the columns/,
    change: ({ live }) => {
      live.inputs.amount = 'int64'
      live.training.inputs.amount = row('delay')
    },
  },
  'an input that is derived from what the label reads': {
    code: 'label_leak',
    where: 'predictions.live.training.inputs.amount',
    found: '`delay`, which the label reads',
    expected: 'only what is known at the as-of',
    change: ({ live, flights }) => {
      flights.derive.double = wrong({ call: 'times', args: [row('delay'), { constant: 2, kind: 'int64' }] })
      live.training.inputs.amount = row('double')
    },
  },
  'a key that the label reads': {
    code: 'label_leak',
    where: 'predictions.late.training, key column hour',
    found: '`delay`, which the label reads',
    expected: 'only what is known at the as-of',
    change: ({ late }) => (late.training.keys.hour = 'delay'),
  },
  'an as-of that the label reads': {
    code: 'label_leak',
    where: 'predictions.live.training.asOf',
    found: '`booked`, which the label reads',
    expected: 'only what is known at the as-of',
    change: ({ live }) => {
      live.training.asOf = row('booked') as never
      live.training.label = wrong({ call: 'lt', args: [row('booked'), row('date')] })
    },
  },
  'features of what the label reads, known at once': {
    code: 'label_leak',
    severity: 'warning',
    where: 'sources.flights.arrival',
    found: /^features of `late` aggregate what its label reads/,
    expected: 'an `arrival`',
    fix: /Declare when such a row is known/,
    change: ({ flights }) => Reflect.deleteProperty(flights, 'arrival'),
  },
  'features filtered by what the label reads, known at once': {
    code: 'label_leak',
    severity: 'warning',
    where: 'sources.flights.arrival',
    found: /^features of `late`/,
    expected: 'an `arrival`',
    change: ({ flights, late, delays }) => {
      Reflect.deleteProperty(flights, 'arrival')
      delays.features = wrong({ since: { aggregate: 'timeSinceLast', where: row('isLate'), delayUs: 0 } })
      late.features = [{ name: 'since', expression: { ref: 'join.delays.since' } }]
      late.gates.missing = 0.1
    },
  },
  'events without an id': {
    code: 'missing_id',
    severity: 'warning',
    where: 'sources.flights.id',
    found: 'no `id`',
    expected: 'a unique column',
    fix: /counts twice/,
    change: ({ flights }) => Reflect.deleteProperty(flights, 'id'),
  },
  'a mode that does not exist': {
    code: 'invalid_value',
    where: 'predictions.late.policy.mode',
    found: '"nightly"',
    expected: 'batch, live, hybrid',
    change: ({ late }) => (late.policy.mode = wrong('nightly')),
  },
  'a schedule that is none': {
    code: 'invalid_value',
    where: 'predictions.late.policy.schedule',
    found: '"every night": 2 fields in the place of five',
    expected: /five cron fields/,
    change: ({ late }) => (late.policy.schedule = 'every night'),
  },
  'a default answer that JSON cannot hold': {
    code: 'invalid_value',
    where: 'predictions.late.policy.default',
    found: 'Infinity',
    expected: 'a finite number, several of them, or null',
    change: ({ late }) => (late.policy.default.value = Number.POSITIVE_INFINITY),
  },
  'a coverage of more than all': {
    code: 'invalid_value',
    where: 'predictions.late.gates.coverage',
    found: '99',
    expected: 'a share from 0 to 1',
    change: ({ late }) => (late.gates.coverage = 99),
  },
  'a missing rate below nothing': {
    code: 'invalid_value',
    where: 'predictions.late.gates.missing.mean',
    found: '-0.1',
    expected: 'a share from 0 to 1',
    change: ({ late }) => (late.gates.missing = { mean: -0.1 }),
  },
  'an output table of a name that PostgreSQL would not take as it is': {
    code: 'invalid_value',
    where: 'predictions.late.outputs.warehouse.table',
    found: '"churn scores"',
    expected: /schema\.name/,
    change: ({ late }) =>
      (late.outputs.warehouse = { type: 'postgresTable', url: { env: 'DATABASE_URL' }, table: 'churn scores', keepUs: 1 }),
  },
  'an output file of an unknown format': {
    code: 'invalid_value',
    where: 'predictions.late.outputs.file.path',
    found: '"late.xls"',
    expected: /\.parquet, \.csv, \.ndjson/,
    change: ({ late }) => (late.outputs.file = { type: 'file', path: 'late.xls', features: false }),
  },
  'two outputs to one place': {
    code: 'duplicate_name',
    where: 'predictions.late.outputs.again',
    found: 'the place of `file`',
    expected: 'a place of its own',
    change: ({ late }) => {
      late.outputs.file = { type: 'file', path: 'late.csv', features: false }
      late.outputs.again = { type: 'file', path: 'late.csv', features: true }
    },
  },
  'an output of a prediction without runs': {
    code: 'no_population',
    where: 'predictions.live.outputs.file',
    found: 'an output of a prediction without runs',
    expected: 'a population',
    change: ({ live }) => (live.outputs.file = { type: 'file', path: 'live.csv', features: false }),
  },
}

/** That a live prediction is not served live yet is told of the sound project too. */
test('a sound project has no problems', () => {
  assert.deepEqual(checkProject(soundProject() as ProjectDefinition), [])
})

for (const [what, { code, severity = 'error', where, found, expected, fix, change }] of Object.entries(BROKEN)) {
  test(`${what}: ${code}`, () => {
    const project = soundProject()
    change(partsOf(project))
    const [problem, ...others] = checkProject(project as ProjectDefinition)
    assert.deepEqual(others, [])
    assert.ok(problem)
    assert.deepEqual([problem.code, problem.severity, problem.where], [code, severity, where])
    const fits = (text: string, wanted: string | RegExp) =>
      typeof wanted === 'string' ? assert.equal(text, wanted) : assert.match(text, wanted)
    fits(problem.found, found)
    fits(problem.expected, expected)
    assert.match(problem.fix, fix ?? /\w/)
  })
}

test('many problems are found at once, each where it is', () => {
  const names = [
    'a mistyped column',
    'the mean of a text',
    'a gate on no feature',
    'a label that is a text',
    'no files',
    'a coverage of more than all',
  ] as const
  const project = soundProject()
  for (const name of names) BROKEN[name]?.change(partsOf(project))
  const places = (each: readonly { where: string }[]) => each.map(({ where }) => where).sort()
  assert.deepEqual(places(checkProject(project)), places(names.map(name => BROKEN[name] as Broken)))
})

test('what is wrong with a joined feature is told once, though two predictions and a transform use it', () => {
  const project = soundProject()
  const { late, delays } = partsOf(project)
  delays.features.mean = wrong({ aggregate: 'mean', value: row('origin'), delayUs: 0 })
  late.features.push({
    name: 'twice',
    expression: wrong({ call: 'times', args: [{ ref: 'join.delays.mean' }, { constant: 2, kind: 'int64' }] }),
  })
  project.predictions.again = { ...late, name: 'again' }
  const problems = checkProject(project)
  assert.deepEqual(
    problems.map(({ where }) => where),
    ['late', 'again'].map(name => `predictions.${name}.join.delays.features.mean, mean`),
  )
})

test('the sketches have no mistakes', () => {
  assert.deepEqual(
    checkProject(sketches.definition).filter(({ severity }) => severity === 'error'),
    [],
  )
})

test('every code that the check can give is broken above', () => {
  const folder = new URL('../../src/project/check/', import.meta.url)
  const sources = readdirSync(folder).map(name => readFileSync(new URL(name, folder), 'utf8'))
  const given = sources.flatMap(source => [...source.matchAll(/(?:add|warn)\(\s*'(\w+)'/g)].map(match => match[1] as ErrorCode))
  const broken = new Set(Object.values(BROKEN).map(({ code }) => code))
  assert.ok(given.length > 30)
  assert.deepEqual(
    given.filter(code => !broken.has(code)),
    [],
  )
})

test('inputs beside a population: columns of the same name, mapped ones and defaults', () => {
  const project = soundProject()
  const { late } = partsOf(project)
  Object.assign(late.inputs, { took: 'float64', amount: 'float64', isLate: 'boolean', note: 'string' })
  Object.assign(late.training.inputs, {
    took: row('took'),
    amount: row('took'),
    isLate: { constant: true, kind: 'boolean' },
    note: row('origin'),
  })
  late.population.inputs = { amount: 'took' }
  late.inputDefaults = { note: null, took: 1 }
  assert.deepEqual(
    checkProject(project as ProjectDefinition).filter(({ severity }) => severity === 'error'),
    [],
  )
})
