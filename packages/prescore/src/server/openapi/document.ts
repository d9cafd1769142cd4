/** The OpenAPI 3.1 document of a server: of its own predictions and sources, made from the operations that it answers. */
import packageJson from '../../../package.json' with { type: 'json' }
import type { SourceDefinition } from '../../project/index.ts'
import type { Resolver } from '../../resolve/index.ts'
import { overrideOperations, predictionOperations } from './answers.ts'
import { OPEN_INFERENCE } from './open-inference.ts'
import type { Operation, Schema } from './operation.ts'
import { RUN_ORDERS } from './runs.ts'
import { predictionSchemas, SHARED } from './schemas.ts'
import { SERVICE, SOURCES, sourceOperations } from './service.ts'
import { TF_SERVING } from './tf-serving.ts'

export interface Documented {
  readonly resolvers: readonly Resolver[]
  readonly hasOverrides: boolean
  /** Runs can be started, published and rolled back. */
  readonly hasRuns: boolean
  /** Those of the project; absent: no events are taken. */
  readonly sources?: Readonly<Record<string, SourceDefinition>> | undefined
}

/** Everything that the server answers. */
export function operationsOf({ resolvers, hasOverrides, hasRuns, sources }: Documented): readonly Operation[] {
  const events = Object.entries(sources ?? {}).filter(([, { type }]) => type === 'events')
  return [
    ...resolvers.flatMap(resolver => [...predictionOperations(resolver), ...(hasOverrides ? overrideOperations(resolver) : [])]),
    ...(sources === undefined ? [] : [SOURCES, ...events.flatMap(([name, source]) => sourceOperations(name, source))]),
    ...SERVICE,
    ...(hasRuns ? RUN_ORDERS : []),
    ...OPEN_INFERENCE,
    ...TF_SERVING,
  ]
}

export function documentOf(documented: Documented): object {
  const paths: Record<string, Record<string, object>> = {}
  const operations = operationsOf(documented)
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationJson(operation) }
  }
  const schemas: Record<string, Schema> = { ...SHARED }
  for (const resolver of documented.resolvers) Object.assign(schemas, predictionSchemas(resolver))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Prescore',
      version: packageJson.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'Answers of the predictions that this server has. Each has an x-request-id: that of the request, or a new one.',
    },
    servers: [{ url: '/' }],
    security: [],
    tags: [...new Set(operations.map(({ tag }) => tag))].map(name => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: { admin: { type: 'http', scheme: 'bearer', description: 'The token of PRESCORE_ADMIN_TOKEN' } },
    },
  }
}

function operationJson({ id, tag, isAdmin, summary, parameters, body, responses }: Operation): object {
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(isAdmin === true ? { security: [{ admin: [] }, {}] } : {}),
    ...(parameters === undefined ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses,
  }
}
