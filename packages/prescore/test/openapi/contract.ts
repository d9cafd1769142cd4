/** The document as a contract: what a response must be, by operation, status and content type. */
import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Server } from '../../src/server/index.ts'

export interface Media {
  readonly schema: object
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: Readonly<Record<string, unknown>>
}
export interface Operation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, Media>> }>>
}

export interface Reply {
  readonly status: number
  readonly text: string
}

export class Contract {
  readonly document: object
  readonly operations: readonly Operation[]
  readonly #server: Server
  readonly #ajv: Ajv2020
  readonly #validators = new Map<object, ValidateFunction>()

  private constructor(server: Server, document: Record<string, unknown>) {
    this.document = document
    this.#server = server
    this.#ajv = new Ajv2020({ strict: false, validateFormats: false })
    this.#ajv.addSchema({ $id: 'document', ...document })
    const paths = document.paths as Record<string, Record<string, Operation>>
    this.operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
    )
  }

  static async of(server: Server): Promise<Contract> {
    return new Contract(server, (await server.app.inject('/docs/openapi.json')).json())
  }

  fits(schema: object, value: unknown): boolean {
    return this.#validator(schema)(value)
  }

  assertFits(schema: object, value: unknown, what: string): void {
    const validate = this.#validator(schema)
    if (!validate(value)) assert.fail(`${what}: ${JSON.stringify(validate.errors?.slice(0, 3))}\n${JSON.stringify(value).slice(0, 400)}`)
  }

  #validator(schema: object): ValidateFunction {
    const made = this.#validators.get(schema) ?? this.#ajv.compile(absolute(schema) as object)
    this.#validators.set(schema, made)
    return made
  }

  /** Asks, and holds the reply to what is documented. */
  async ask(operation: Operation, url: string, body?: { readonly type: string; readonly text: string }): Promise<Reply> {
    const payload = body === undefined ? {} : { payload: body.text, headers: { 'content-type': body.type } }
    const response = await this.#server.app.inject({ method: operation.method as 'GET', url, ...payload })
    const { statusCode: status, body: text } = response
    const what = `${operation.method} ${url} ${body?.text ?? ''} → ${status} ${text.slice(0, 300)}`
    const documented = operation.responses[status] ?? assert.fail(`undocumented status: ${what}`)
    const type = String(response.headers['content-type']).split(';')[0] as string
    const media = documented.content[type] ?? assert.fail(`undocumented type ${type}: ${what}`)
    if (/json$/.test(type)) this.assertFits(media.schema, JSON.parse(text), what)
    return { status, text }
  }
}

/** References from the document's root. */
function absolute(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"document#/'))
}
