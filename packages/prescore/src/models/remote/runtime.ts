/** Runtimes that are servers: the client differs, all else is the same. */
import { PrescoreError } from '../../base/index.ts'
import type { ModelDefinition, RemoteModelDefinition } from '../../project/index.ts'
import type { ModelRunner, Runtime } from '../runtime.ts'
import type { RemoteClient } from './client.ts'
import { checkSame, identityText, probe, type RemoteIdentity, readIdentity } from './identity.ts'
import { RemoteRunner } from './runner.ts'

export type ClientOf = (definition: RemoteModelDefinition) => RemoteClient

/** Runtimes of remote models open the file that `freeze` wrote. */
export function remoteRuntime(runtime: ModelDefinition['runtime'], clientOf: ClientOf): Runtime {
  return Object.freeze({
    inspect: async (file: string) => (await readIdentity(file, runtime)).signature,
    open: async (file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<ModelRunner> => {
      const identity = await readIdentity(file, runtime)
      return withClient(clientOf, definition, async client => {
        const facts = await client.facts(identity.version)
        const runner = await RemoteRunner.open(client, facts, definition, featureNames)
        checkSame(identity, facts, await probe(runner, featureNames.length), client.where)
        return runner
      })
    },
    withoutFile: {
      inspect: (definition: ModelDefinition) =>
        withClient(clientOf, definition, async client => {
          const { signature } = await client.facts(undefined)
          client.close()
          return signature
        }),
      freeze: (definition: ModelDefinition, featureNames: readonly string[]) =>
        withClient(clientOf, definition, async client => {
          const facts = await client.facts(undefined)
          const runner = await RemoteRunner.open(client, facts, definition, featureNames)
          const probes = Array.from(await probe(runner, featureNames.length))
          await runner.close()
          const { model } = remoteOf(definition)
          return Buffer.from(identityText({ format: 1, runtime, model, ...facts, probes } satisfies RemoteIdentity))
        }),
    },
  })
}

/** Closes the client where its use fails. */
async function withClient<T>(clientOf: ClientOf, definition: ModelDefinition, use: (client: RemoteClient) => Promise<T>): Promise<T> {
  const client = clientOf(remoteOf(definition))
  try {
    return await use(client)
  } catch (error) {
    client.close()
    throw error
  }
}

function remoteOf({ remote, runtime }: ModelDefinition): RemoteModelDefinition {
  if (remote === undefined)
    throw new PrescoreError('invalid_value', { where: `model of kind ${runtime}`, found: 'no server', expected: 'a url and a model' })
  return remote
}
