/** The schema of the status report. */
import { nullable, object, orNull, type Schema, words } from './operation.ts'
import { FAULT, INSTANT, LIVE, MODE, NULLABLE_INSTANT, NULLABLE_WHOLE, RUN_STATE, TEXT, WHOLE } from './parts.ts'

const COUNTS = { type: 'object', additionalProperties: WHOLE }

const GATE = object({ gate: TEXT, passed: { type: 'boolean' }, level: words('block', 'warn'), found: TEXT, expected: TEXT })

const AUDIT = object({
  logged: NULLABLE_WHOLE,
  dropped: NULLABLE_WHOLE,
  last: orNull(
    object({
      at: INSTANT,
      answers: WHOLE,
      compared: WHOLE,
      identical: WHOLE,
      defects: WHOLE,
      changedByLateEvents: WHOLE,
      notComparable: WHOLE,
    }),
  ),
})

const DUE = object({
  zone: TEXT,
  catchUp: words('skip', 'last', 'all'),
  next: NULLABLE_INSTANT,
  passed: NULLABLE_INSTANT,
  handled: NULLABLE_INSTANT,
  started: NULLABLE_INSTANT,
  overdueSeconds: NULLABLE_WHOLE,
  last: orNull(
    object({ due: INSTANT, outcome: words('done', 'gated', 'failed', 'again'), at: INSTANT, ageSeconds: WHOLE, failure: orNull(FAULT) }),
  ),
  outcomes: { type: 'object', additionalProperties: object({ count: WHOLE, lastDue: INSTANT, ageSeconds: WHOLE }) },
  misfires: WHOLE,
  failure: orNull(FAULT),
})

const PREDICTION = object({
  name: TEXT,
  mode: MODE,
  schedule: nullable('string'),
  due: orNull(DUE),
  maxAgeSeconds: nullable('number'),
  maxLagSeconds: nullable('number'),
  reads: { type: 'array', items: TEXT },
  hasDefault: { type: 'boolean' },
  serves: orNull(
    object({
      run: TEXT,
      release: TEXT,
      asOf: INSTANT,
      ageSeconds: WHOLE,
      dataThrough: NULLABLE_INSTANT,
      publishedAt: INSTANT,
      keys: WHOLE,
    }),
  ),
  failure: orNull(FAULT),
  live: orNull(LIVE),
  lastRun: orNull(
    object({ id: TEXT, release: TEXT, state: RUN_STATE, asOf: INSTANT, finishedAt: INSTANT, gates: { type: 'array', items: GATE } }),
  ),
  release: nullable('string'),
  answers: orNull(object({ total: WHOLE, bySource: COUNTS, degraded: COUNTS, errors: COUNTS })),
  audit: orNull(AUDIT),
})

const SOURCE = object({
  name: TEXT,
  position: NULLABLE_WHOLE,
  lastAt: NULLABLE_INSTANT,
  applied: NULLABLE_WHOLE,
  dataThrough: NULLABLE_INSTANT,
  lagSeconds: NULLABLE_WHOLE,
  failure: orNull(FAULT),
})

export const STATUS: Schema = object({
  now: INSTANT,
  predictions: { type: 'array', items: PREDICTION },
  sources: { type: 'array', items: SOURCE },
  warnings: { type: 'array', items: object({ where: TEXT, message: TEXT, fix: TEXT }) },
})
