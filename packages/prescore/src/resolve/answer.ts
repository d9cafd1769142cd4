/**
 * Answers, in the two forms that they leave in: JSON text, and an object. On the way they are **parts**: what is this request's
 * own, beside the provenance that all answers of a run share, whose JSON is prepared once. So an answer's text is put together
 * without parsing what was stored, and without building an object.
 */
import { type ErrorCode, formatInstant } from '../base/index.ts'
import type { Key, KeyColumns, PredictionValue } from '../project/index.ts'
import { type KeyText, keyTextOf } from './key-text.ts'
import type { StepName } from './policy.ts'

/** What made a value. */
export type ComputedBy = 'batch' | 'live' | 'stream' | 'human' | null

/** Why an answer is not what was asked for first. */
export interface Reason {
  readonly code: ErrorCode
  readonly message: string
}

/** Who set a human value, why, and until when it stands. */
export interface OverrideNote {
  readonly author: string
  readonly reason: string
  readonly expiresAt: string | null
}

/** How the answer came about, for a request that asks for it. */
export interface Explanation {
  /** The steps that were asked, in order, each with what it came to: `answered`, or the code of what kept it from answering. */
  readonly steps: readonly { readonly step: StepName; readonly outcome: string }[]
  /** The feature vector of a live answer, before rounding to the model's input; null is missing. */
  readonly features?: Readonly<Record<string, number | null>>
}

/** What a caller gets, with these members in this order. */
export interface Answer {
  readonly prediction: string
  /** Null where the request names none: of a prediction without an entity, or a keyless what-if. */
  readonly key: Key | null
  readonly value: PredictionValue
  /** Which step answered. */
  readonly source: StepName
  readonly computedBy: ComputedBy
  /** The moment that the value holds for, and its age now. */
  readonly asOf: string | null
  readonly ageSeconds: number | null
  /** Up to which arrivals data was read. */
  readonly dataThrough: string | null
  readonly release: string | null
  readonly run: string | null
  readonly degraded: boolean
  /** Only of a degraded answer. */
  readonly reason?: Reason
  /** Only of an answer to attributes that the request set. */
  readonly whatIf?: true
  /** Only of a human value. */
  readonly override?: OverrideNote
  /** Only where it was asked for. */
  readonly explain?: Explanation
}

/** What all answers of one source share. */
export interface Provenance extends Pick<Answer, 'prediction' | 'source' | 'computedBy' | 'asOf' | 'dataThrough' | 'release' | 'run'> {
  readonly keyText: KeyText
  /** The JSON before the key, between value and age, and between age and `degraded`. */
  readonly json: { readonly beforeKey: string; readonly beforeAge: string; readonly afterAge: string }
}

export interface AnswerParts {
  readonly provenance: Provenance
  readonly key: Key | undefined
  /** The value's JSON text. */
  readonly valueText: string
  readonly ageSeconds: number | null
  /** Present when the answer is degraded. */
  readonly reason?: Reason
  readonly whatIf?: true
  readonly override?: OverrideNote
  readonly explain?: Explanation
}

type Origin = Pick<Provenance, 'prediction' | 'source' | 'computedBy'> & { readonly keyColumns: KeyColumns }

/** What a value was made with. */
export interface Making {
  readonly asOfUs: number
  readonly dataThroughUs: number | null
  readonly release: string | null
  readonly run: string | null
}

/** What the answers of a run share, prepared; null: answers of no run, as a default is. */
export function provenanceOf({ prediction, keyColumns, source, computedBy }: Origin, making: Making | null): Provenance {
  const asOf = making === null ? null : formatInstant(making.asOfUs)
  const dataThrough = making === null || making.dataThroughUs === null ? null : formatInstant(making.dataThroughUs)
  const shared = { prediction, source, computedBy, asOf, dataThrough, release: making?.release ?? null, run: making?.run ?? null }
  const text = (name: keyof typeof shared) => `"${name}":${JSON.stringify(shared[name])}`
  return {
    ...shared,
    keyText: keyTextOf(keyColumns),
    json: {
      beforeKey: `{${text('prediction')},"key":`,
      beforeAge: `,${text('source')},${text('computedBy')},${text('asOf')},"ageSeconds":`,
      afterAge: `,${text('dataThrough')},${text('release')},${text('run')},"degraded":`,
    },
  }
}

/** The same provenance as of another moment: of live answers each has its own. */
export function movedTo(base: Provenance, asOfUs: number, dataThrough: string | null): Provenance {
  const asOf = formatInstant(asOfUs)
  const through = dataThrough === null ? 'null' : `"${dataThrough}"`
  return {
    prediction: base.prediction,
    source: base.source,
    computedBy: base.computedBy,
    asOf,
    dataThrough,
    release: base.release,
    run: base.run,
    keyText: base.keyText,
    json: {
      beforeKey: base.json.beforeKey,
      beforeAge: `,"source":"${base.source}","computedBy":"${base.computedBy}","asOf":"${asOf}","ageSeconds":`,
      afterAge: `,"dataThrough":${through},"release":"${base.release}","run":null,"degraded":`,
    },
  }
}

/** The answer as JSON text: numbers of the value as they were stored, int64 keys in full digits. */
export function answerJson(parts: AnswerParts): string {
  const { provenance, key, valueText, ageSeconds, reason } = parts
  const { json, keyText } = provenance
  const head = `${json.beforeKey}${key === undefined ? 'null' : keyText(key)},"value":${valueText}`
  const tail = `${json.beforeAge}${ageSeconds}${json.afterAge}`
  if (reason === undefined) return `${head}${tail}false${extrasJson(parts)}}`
  return `${head}${tail}true,"reason":${JSON.stringify(reason)}${extrasJson(parts)}}`
}

function extrasJson({ whatIf, override, explain }: AnswerParts): string {
  if (whatIf === undefined && override === undefined && explain === undefined) return ''
  const extras = Object.entries({ whatIf, override, explain }).filter(([, value]) => value !== undefined)
  return extras.map(([name, value]) => `,"${name}":${JSON.stringify(value)}`).join('')
}

/** The answer as an object. A key's int64 beyond ±2^53 is a bigint in it. */
export function answerObject({ provenance, key, valueText, ageSeconds, reason, whatIf, override, explain }: AnswerParts): Answer {
  const { prediction, source, computedBy, asOf, dataThrough, release, run } = provenance
  const value = JSON.parse(valueText) as PredictionValue
  const answer = { prediction, key: key ?? null, value, source, computedBy, asOf, ageSeconds, dataThrough, release, run }
  return {
    ...answer,
    ...(reason === undefined ? { degraded: false } : { degraded: true, reason }),
    ...(whatIf === undefined ? {} : { whatIf }),
    ...(override === undefined ? {} : { override }),
    ...(explain === undefined ? {} : { explain }),
  }
}
