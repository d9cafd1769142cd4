/** One operation of the document, and how its parts are written. */
import { ERRORS, type ErrorCode } from '../../base/index.ts'

export type Schema = { readonly [name: string]: unknown }

export interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown; readonly examples?: Schema }>>
  readonly headers?: Schema
}

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  /** As clients ask for it; names in braces are parameters. */
  readonly path: string
  /** The route that answers it, as it is registered. */
  readonly route: string
  readonly id: string
  readonly tag: string
  /** Asks for the token, where the server has one; else for a request from its own machine. */
  readonly isAdmin?: true
  readonly summary: string
  readonly parameters?: readonly Schema[]
  readonly body?: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>
  readonly responses: Readonly<Record<string, Response>>
}

/** Refusals of those who may not. */
export const ADMIN: readonly ErrorCode[] = ['unauthorized', 'forbidden']

const JSON_TYPE = 'application/json'

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

/** @param required all of its members, when left out. Others than the given members are not allowed. */
export function object(properties: Schema, required: readonly string[] = Object.keys(properties)): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] }
}

/** An object with whatever members. */
export const ANY_OBJECT: Schema = Object.freeze({ type: 'object', additionalProperties: true })

/** One of the words. */
export function words(...allowed: readonly string[]): Schema {
  return { type: 'string', enum: allowed }
}

export function nullable(type: string, more: Schema = {}): Schema {
  return { type: [type, 'null'], ...more }
}

export function json(description: string, schema: Schema, example: unknown): Response {
  return { description, content: { [JSON_TYPE]: { schema, example } } }
}

export function jsonBody(schema: Schema, example: unknown): NonNullable<Operation['body']> {
  return { [JSON_TYPE]: { schema, example } }
}

export function parameter(place: 'path' | 'query', name: string, schema: Schema, required: boolean, description?: string): Schema {
  return { name, in: place, required, schema, ...(description === undefined ? {} : { description }) }
}

/** What can go wrong, by status: each with its codes. Any operation may meet a defect. */
export function problems(codes: readonly ErrorCode[]): Record<string, Response> {
  const statuses = [...new Set(codes.map(code => ERRORS[code].status))].sort()
  const responses = statuses.map(status => {
    const own = codes.filter(code => ERRORS[code].status === status)
    return [String(status), problemResponse(status, own)] as const
  })
  return { ...Object.fromEntries(responses), 500: DEFECT }
}

function problemResponse(status: number, codes: readonly ErrorCode[]): Response {
  const schema = { allOf: [ref('Problem'), { type: 'object', properties: { code: words(...codes) }, required: ['code'] }] }
  const examples = Object.fromEntries(codes.map(code => [code, { value: exampleOf(code) }]))
  return {
    description: codes.map(code => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
    content: { 'application/problem+json': { schema, examples } },
    ...(status === 503 ? { headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } } } : {}),
  }
}

function exampleOf(code: ErrorCode): object {
  const { title, status, fix, retryable } = ERRORS[code]
  return { title, status, code, message: `${title}.`, fix, retryable }
}

const DEFECT: Response = {
  description: 'A defect, or a store or model that cannot be read: what went wrong stands in the log, under `requestId`.',
  content: {
    'application/problem+json': { schema: ref('Problem'), example: { ...exampleOf('internal'), requestId: 'b9xk2A7q-1f' } },
  },
}
