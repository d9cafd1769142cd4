/** `prescore/client`: answers for an application, in browsers and in Node. No dependencies. */
export { type Client, createClient, type OneRequest } from './client.ts'
export { ClientError } from './error.ts'
export type { ClientOptions } from './transport.ts'
export type {
  Answer,
  AnswerOptions,
  AnswerSource,
  AnyEvents,
  AnyPredictions,
  CallOptions,
  EventsResult,
  FailedAnswer,
  Key,
  KeyValue,
  PredictionInfo,
  PredictionTypes,
  RunInfo,
  UntypedPredictions,
  Value,
} from './types.ts'
