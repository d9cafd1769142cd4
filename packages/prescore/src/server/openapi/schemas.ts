/** The schemas that all operations share, and those that a prediction or a source gives. */
import { ERRORS } from '../../base/index.ts'
import type { Kind } from '../../expressions/index.ts'
import type { KeyColumns, SourceDefinition } from '../../project/index.ts'
import type { Resolver } from '../../resolve/index.ts'
import { LIMITS } from '../limits.ts'
import { ANY_OBJECT, nullable, object, orNull, ref, type Schema, words } from './operation.ts'
import { FAULT, INSTANT, LIVE, MODE, NULLABLE_INSTANT, NULLABLE_WHOLE, RUN_STATE, TEXT, WHOLE } from './parts.ts'
import { STATUS } from './status.ts'

const STEP = words('override', 'memory', 'store', 'live', 'stale', 'default')

/** Whole numbers beyond ±2^53 stand in full digits. */
const KINDS: Readonly<Record<Kind, Schema>> = {
  string: TEXT,
  int64: { type: 'integer', format: 'int64' },
  float64: { type: 'number' },
  boolean: { type: 'boolean' },
  timestamp: { ...INSTANT, description: 'With a zone' },
  duration: { type: 'number', description: 'Seconds' },
}
const SAMPLES: Readonly<Record<Kind, unknown>> = {
  string: 'JFK',
  int64: 18,
  float64: 12.5,
  boolean: true,
  timestamp: '2001-06-15T03:00:00Z',
  duration: 60,
}

export function kindSchema(kind: Kind): Schema {
  return KINDS[kind]
}

export function sampleOf(kinds: Readonly<Record<string, Kind>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, SAMPLES[kind]]))
}

function members(kinds: Readonly<Record<string, Kind>>, isNullable: boolean): Schema {
  return Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => {
      const { type, ...more } = KINDS[kind] as { readonly type: string }
      return [name, isNullable ? nullable(type, more) : KINDS[kind]]
    }),
  )
}

/** A key of one column may be its bare value in a request. */
function keySchema(columns: KeyColumns, inRequest: boolean): Schema {
  const whole = object(members(columns, false))
  const [only, ...more] = Object.values(columns)
  return inRequest && only !== undefined && more.length === 0 ? { anyOf: [whole, KINDS[only]] } : whole
}

/** Schemas of a prediction, by the names that {@link schemaName} gives. */
export function predictionSchemas({ prediction, keyColumns, attributes }: Resolver): Record<string, Schema> {
  const { name, entity, inputs, policy } = prediction
  const key: Record<string, Schema> = entity === undefined ? {} : { key: ref(schemaName(name, 'RequestKey')) }
  const isLive = policy.mode !== 'batch'
  const joins = Object.entries(attributes).map(([join, kinds]) => [join, object(members(kinds, true), [])])
  // Named: generators make one type of each name, and some refuse two of one unnamed schema.
  const given = {
    ...key,
    inputs: ref(schemaName(name, 'Inputs')),
    ...(isLive ? { attributes: ref(schemaName(name, 'Attributes')) } : {}),
    ...OPTIONS,
  }
  const request = (...required: readonly string[]): Schema => object(given, required)
  const keyed = isLive ? { anyOf: [request('key'), request('attributes')] } : request('key')
  return {
    [schemaName(name, 'Key')]: entity === undefined ? { type: 'null' } : keySchema(keyColumns, false),
    ...(entity === undefined ? {} : { [schemaName(name, 'RequestKey')]: keySchema(keyColumns, true), ...overrideSchema(name) }),
    [schemaName(name, 'Inputs')]: object(members(inputs, true), []),
    ...(isLive ? { [schemaName(name, 'Attributes')]: object(Object.fromEntries(joins), []) } : {}),
    [schemaName(name, 'Request')]: entity === undefined ? request() : keyed,
    [schemaName(name, 'Answer')]: answerSchema(name, isLive),
  }
}

type Named = 'Key' | 'RequestKey' | 'Inputs' | 'Attributes' | 'Request' | 'Answer' | 'Override'

export function schemaName(prediction: string, what: Named): string {
  return `${prediction}.${what}`
}

const OPTIONS: Readonly<Record<string, Schema>> = {
  prefer: { ...words('store', 'live'), description: 'live: ask the model before anything computed earlier' },
  maxAgeSeconds: { type: 'number', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'A stored answer that is older is stale' },
  deadlineMs: { type: 'number', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'The time that the model may take' },
  asOf: { ...INSTANT, description: 'The moment that the answer is to hold for; now without it' },
  explain: { type: 'boolean', description: 'Tell the steps that were asked, and the features of a live answer' },
}

/** Options in a query. */
export const OPTION_SCHEMAS = OPTIONS

function answerSchema(name: string, isLive: boolean): Schema {
  const whole = {
    prediction: { const: name },
    key: isLive ? orNull(ref(schemaName(name, 'Key'))) : ref(schemaName(name, 'Key')),
    value: ref('Value'),
    source: STEP,
    computedBy: nullable('string', { enum: ['batch', 'live', 'stream', 'human', null] }),
    asOf: NULLABLE_INSTANT,
    ageSeconds: NULLABLE_WHOLE,
    dataThrough: NULLABLE_INSTANT,
    release: nullable('string'),
    run: nullable('string'),
    degraded: { type: 'boolean' },
  }
  const more = {
    reason: FAULT,
    // Not a constant: a generator for Python writes code that does not parse for one that may be absent.
    whatIf: { type: 'boolean', description: 'true: what the request set is not what the sources say' },
    override: object({ author: TEXT, reason: TEXT, expiresAt: NULLABLE_INSTANT }),
    explain: object(
      {
        steps: { type: 'array', items: object({ step: STEP, outcome: TEXT }) },
        features: { type: 'object', additionalProperties: nullable('number') },
      },
      ['steps'],
    ),
  }
  return object({ ...whole, ...more }, Object.keys(whole))
}

function overrideSchema(name: string): Record<string, Schema> {
  const schema = object({
    key: ref(schemaName(name, 'Key')),
    value: ref('Value'),
    author: TEXT,
    reason: TEXT,
    setAt: INSTANT,
    expiresAt: NULLABLE_INSTANT,
  })
  return { [schemaName(name, 'Override')]: schema }
}

/** One event of a source. */
export function eventSchema({ columns, id, time }: SourceDefinition): Schema {
  const required = Object.keys(columns).filter(name => name === id || name === time)
  const optional = Object.fromEntries(Object.entries(columns).filter(([name]) => !required.includes(name)))
  const always = Object.fromEntries(required.map(name => [name, columns[name] as Kind]))
  // A time without a zone is allowed where the source declares one.
  return object(withoutFormat({ ...members(always, false), ...members(optional, true) }), required)
}

function withoutFormat(schemas: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { format, ...rest } = schema as { readonly format?: string }
      return [name, format === 'date-time' ? rest : schema]
    }),
  )
}

const RUN = {
  id: TEXT,
  prediction: TEXT,
  release: TEXT,
  state: RUN_STATE,
  asOf: INSTANT,
  dataThrough: NULLABLE_INSTANT,
  createdAt: INSTANT,
  updatedAt: INSTANT,
}

/** How a run goes that was started here. */
const ACTIVITY = {
  ...orNull(
    object({
      running: { type: 'boolean' },
      stage: orNull(object({ stage: TEXT, done: WHOLE, total: nullable('integer') })),
      exitCode: nullable('integer', { description: 'As of `prescore run`; null while it runs, or where it was killed' }),
      failure: orNull(FAULT),
    }),
  ),
  description: 'Of a run that was started here; null for others',
}

const PROBLEM = object({
  code: ref('ErrorCode'),
  severity: words('error', 'warning'),
  where: TEXT,
  found: TEXT,
  expected: TEXT,
  fix: TEXT,
})

export const SHARED: Readonly<Record<string, Schema>> = {
  ErrorCode: words(...Object.keys(ERRORS)),
  Problem: object(
    {
      title: TEXT,
      status: { type: 'integer' },
      code: ref('ErrorCode'),
      message: TEXT,
      where: TEXT,
      found: TEXT,
      expected: TEXT,
      fix: TEXT,
      retryable: { type: 'boolean' },
      problems: { type: 'array', items: PROBLEM },
      requestId: TEXT,
    },
    ['title', 'status', 'code', 'message', 'fix', 'retryable'],
  ),
  Value: {
    anyOf: [{ type: 'number' }, { type: 'array', items: { type: 'number' } }, { type: 'null' }],
    description: 'A number, or several; null in a declared default or an override',
  },
  FailedAnswer: object({ error: FAULT }),
  Run: object({ ...RUN, report: orNull(ANY_OBJECT), activity: ACTIVITY }, Object.keys(RUN)),
  Prediction: object({
    name: TEXT,
    entity: { type: 'object', additionalProperties: words('string', 'int64') },
    inputs: { type: 'object', additionalProperties: words(...Object.keys(KINDS)) },
    policy: object(
      {
        mode: MODE,
        schedule: TEXT,
        maxAgeSeconds: { type: 'number' },
        maxLagSeconds: { type: 'number' },
        deadlineMs: { type: 'number' },
        rememberSeconds: { type: 'number' },
        default: object({ value: ref('Value'), reason: TEXT }, ['value']),
      },
      ['mode'],
    ),
    release: nullable('string'),
    run: nullable('string'),
    asOf: NULLABLE_INSTANT,
    dataThrough: NULLABLE_INSTANT,
    live: orNull(LIVE),
    publishedAt: NULLABLE_INSTANT,
    keys: WHOLE,
  }),
  Status: STATUS,
  Source: object({
    name: TEXT,
    position: WHOLE,
    applied: WHOLE,
    dataThrough: NULLABLE_INSTANT,
    lagSeconds: NULLABLE_WHOLE,
    passedOver: WHOLE,
    failure: orNull(FAULT),
  }),
  EventsResult: object({
    accepted: WHOLE,
    late: WHOLE,
    duplicate: WHOLE,
    rejected: { type: 'array', items: object({ index: WHOLE, code: ref('ErrorCode'), message: TEXT }) },
  }),
  ProtocolError: object({ error: TEXT, code: ref('ErrorCode') }),
}

export const REQUESTS_MAX = LIMITS.requestsPerBody
