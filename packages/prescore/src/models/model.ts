import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ModelDefinition } from '../project/index.ts'
import type { ModelRunner, ModelSignature } from './runtime.ts'
import { RUNTIMES } from './runtimes/index.ts'

/**
 * What the model in the file takes and gives, read without loading it.
 * @throws PrescoreError `model_unreadable`, saying what the file seems to be and how to convert it
 */
export function inspectModel(file: string, runtime: ModelDefinition['runtime'] = 'onnx'): Promise<ModelSignature> {
  return RUNTIMES[runtime].inspect(file)
}

/**
 * Loads the model of the file (`definition.file` is not read) and warms it up.
 * @throws PrescoreError `model_unreadable`, `model_mismatch`, `model_output`
 */
export function openModel(file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<ModelRunner> {
  return RUNTIMES[definition.runtime].open(file, definition, featureNames)
}

/**
 * What a model takes and gives, before there is a release: from its file, relative to the folder, or from its server.
 * @throws PrescoreError `model_unreadable`, `model_unavailable`, `deadline_exceeded`
 */
export function inspectDefinition(definition: ModelDefinition, folder: string): Promise<ModelSignature> {
  const { withoutFile, inspect } = RUNTIMES[definition.runtime]
  return withoutFile === undefined ? inspect(resolve(folder, definition.file)) : withoutFile.inspect(definition)
}

/** What a release freezes of a model: the bytes of its file, or what tells one that is no file. @throws PrescoreError as {@link openModel} */
export function modelBytes(definition: ModelDefinition, folder: string, featureNames: readonly string[]): Promise<Buffer> {
  const { withoutFile } = RUNTIMES[definition.runtime]
  return withoutFile === undefined ? readFile(resolve(folder, definition.file)) : withoutFile.freeze(definition, featureNames)
}
