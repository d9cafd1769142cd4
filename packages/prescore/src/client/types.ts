/** What goes over the wire, as an application sees it. Nothing here needs Node. */

/** A whole number beyond ±2^53 is a bigint, so that no digit is lost. */
export type KeyValue = string | number | bigint
export type Key = Readonly<Record<string, KeyValue>>
export type Value = number | null | readonly number[]

/** What `prescore types` writes of a prediction. */
export interface PredictionTypes {
  readonly key: Key
  readonly inputs: Readonly<Record<string, unknown>>
  readonly value: unknown
}
export type AnyPredictions = Readonly<Record<string, PredictionTypes>>

/** Where nothing was written: any key, and the values that every prediction may have. */
export type UntypedPredictions = Readonly<
  Record<string, { readonly key: Key; readonly inputs: Readonly<Record<string, unknown>>; readonly value: Value }>
>

/** What `prescore types` writes of the sources: an event of each. */
export type AnyEvents = Readonly<Record<string, object>>

/** Which step answered. */
export type AnswerSource = 'override' | 'memory' | 'store' | 'live' | 'stale' | 'default'

export interface Answer<K = Key, V = Value> {
  readonly prediction: string
  /** Null where the request named none: of a prediction without an entity, or a what-if without a key. */
  readonly key: K | null
  readonly value: V
  readonly source: AnswerSource
  /** What made the value. */
  readonly computedBy: 'batch' | 'live' | 'stream' | 'human' | null
  /** The moment that the value holds for, and how old it was when it was answered. */
  readonly asOf: string | null
  readonly ageSeconds: number | null
  /** Up to which arrivals data was read. */
  readonly dataThrough: string | null
  readonly release: string | null
  readonly run: string | null
  /** It is not what was asked for first: `reason` says why. */
  readonly degraded: boolean
  readonly reason?: { readonly code: string; readonly message: string }
  /** It was computed with attributes that the request gave. */
  readonly whatIf?: boolean
  /** Who set a human value, why, and until when. */
  readonly override?: { readonly author: string; readonly reason: string; readonly expiresAt: string | null }
  /** Only where it was asked for. */
  readonly explain?: {
    readonly steps: readonly { readonly step: AnswerSource; readonly outcome: string }[]
    /** Of a live answer; null is missing. */
    readonly features?: Readonly<Record<string, number | null>>
  }
}

/** One of several requests that could not be answered; the others were. */
export interface FailedAnswer {
  readonly error: { readonly code: string; readonly message: string }
}

/** What the server is asked to do. */
export interface AnswerOptions<I = Readonly<Record<string, unknown>>> {
  readonly inputs?: Partial<I>
  /** Attributes in the place of those that are known: a what-if. */
  readonly attributes?: Readonly<Record<string, unknown>>
  /** The moment to answer for, with its zone; now without it. */
  readonly asOf?: string
  readonly prefer?: 'store' | 'live'
  /** A stored answer that is older is stale, in the place of the policy. */
  readonly maxAgeSeconds?: number
  /** Within which the server answers, in the place of the policy. */
  readonly deadlineMs?: number
  /** Tell the steps that were asked, and the features of a live answer. */
  readonly explain?: boolean
}

/** How the call is made. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Of the whole call with its retries, in the place of the client's. */
  readonly timeoutMs?: number
}

export interface EventsResult {
  readonly accepted: number
  readonly late: number
  readonly duplicate: number
  readonly rejected: readonly { readonly index: number; readonly code: string; readonly message: string }[]
}

export interface PredictionInfo {
  readonly name: string
  readonly entity: Readonly<Record<string, 'string' | 'int64'>>
  readonly inputs: Readonly<Record<string, string>>
  readonly policy: Readonly<Record<string, unknown>>
  readonly release: string | null
  readonly run: string | null
  readonly asOf: string | null
  readonly dataThrough: string | null
  readonly publishedAt: string | null
  readonly keys: number
}

export interface RunInfo {
  readonly id: string
  readonly prediction: string
  readonly release: string
  readonly state: string
  readonly asOf: string
  readonly dataThrough: string | null
  readonly createdAt: string
  readonly updatedAt: string
  /** Of a single run. */
  readonly report?: unknown
}
