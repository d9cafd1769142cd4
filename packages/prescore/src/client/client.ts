/** The client: each method is one route of the native API. */
import { jsonText } from './json.ts'
import { type ClientOptions, Transport } from './transport.ts'
import type {
  Answer,
  AnswerOptions,
  AnyEvents,
  AnyPredictions,
  CallOptions,
  EventsResult,
  FailedAnswer,
  PredictionInfo,
  RunInfo,
  UntypedPredictions,
} from './types.ts'

type Name<T> = keyof T & string
/** One of several requests. */
export type OneRequest<P extends AnyPredictions, N extends Name<P>> = { readonly key: P[N]['key'] } & AnswerOptions<P[N]['inputs']>

/** What a GET can say; for the rest, the request has a body. */
const QUERY_OPTIONS = ['prefer', 'maxAgeSeconds', 'deadlineMs']
const BODY_OPTIONS = ['inputs', 'attributes', 'asOf']

export interface Client<P extends AnyPredictions = UntypedPredictions, E extends AnyEvents = AnyEvents> {
  /** @throws ClientError, such as `unknown_key` */
  answer<N extends Name<P>>(
    prediction: N,
    key: P[N]['key'],
    options?: AnswerOptions<P[N]['inputs']> & CallOptions,
  ): Promise<Answer<P[N]['key'], P[N]['value']>>
  /** In the order of the requests, each on its own: what cannot be answered is `{ error }`, and the others are answered. */
  answers<N extends Name<P>>(
    prediction: N,
    requests: readonly OneRequest<P, N>[],
    options?: CallOptions,
  ): Promise<(Answer<P[N]['key'], P[N]['value']> | FailedAnswer)[]>
  /** Appends events to a source; the answer comes when they are on disk. */
  events<N extends Name<E>>(source: N, events: readonly E[N][], options?: CallOptions): Promise<EventsResult>
  predictions(options?: CallOptions): Promise<readonly PredictionInfo[]>
  runs(options?: CallOptions & { readonly prediction?: Name<P> }): Promise<readonly RunInfo[]>
  run(id: string, options?: CallOptions): Promise<RunInfo>
}

/** @typeParam P and E: what `prescore types` writes of a project */
export function createClient<P extends AnyPredictions = UntypedPredictions, E extends AnyEvents = AnyEvents>(
  options: ClientOptions,
): Client<P, E> {
  const transport = new Transport(options)
  const get = (path: string, call: CallOptions) => transport.call({ method: 'GET', path }, call)
  const post = (path: string, body: unknown, call: CallOptions) => transport.call({ method: 'POST', path, body: jsonText(body) }, call)
  return Object.freeze({
    async answer(prediction: string, key: object, { signal, timeoutMs, ...asked }: AnswerOptions & CallOptions = {}) {
      const call = callOf(signal, timeoutMs)
      const path = `/api/predictions/${encodeURIComponent(prediction)}/answers`
      const needsBody = BODY_OPTIONS.some(name => name in asked) || Object.keys(key).some(name => QUERY_OPTIONS.includes(name))
      return (
        needsBody ? post(path, withoutEmptyKey({ key, ...asked }), call) : get(`${path}?${query({ ...key, ...asked })}`, call)
      ) as never
    },
    async answers(prediction: string, requests: readonly { readonly key?: object }[], call: CallOptions = {}) {
      const body = await post(
        `/api/predictions/${encodeURIComponent(prediction)}/answers`,
        { requests: requests.map(withoutEmptyKey) },
        call,
      )
      return (body as { answers: [] }).answers as never
    },
    async events(source: string, events: readonly object[], call: CallOptions = {}) {
      return (await post(`/api/sources/${encodeURIComponent(source)}/events`, events, call)) as EventsResult
    },
    async predictions(call: CallOptions = {}) {
      return ((await get('/api/predictions', call)) as { predictions: PredictionInfo[] }).predictions
    },
    async runs({ prediction, ...call }: CallOptions & { readonly prediction?: string } = {}) {
      const path = prediction === undefined ? '/api/runs' : `/api/runs?${query({ prediction })}`
      return ((await get(path, call)) as { runs: RunInfo[] }).runs
    },
    async run(id: string, call: CallOptions = {}) {
      return (await get(`/api/runs/${encodeURIComponent(id)}`, call)) as RunInfo
    },
  })
}

/** A prediction without an entity has no key. */
function withoutEmptyKey<R extends { readonly key?: object }>({ key, ...others }: R): object {
  return key === undefined || Object.keys(key).length === 0 ? others : { key, ...others }
}

function callOf(signal: AbortSignal | undefined, timeoutMs: number | undefined): CallOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}

function query(parameters: object): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  return given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`).join('&')
}
