import { type Subject, versionOf } from '../subject.ts'
import type { TensorSpec } from '../tensors.ts'
import { datatypeOf } from './datatypes.ts'

/** What a subject takes and gives. */
export function metadataJson(subject: Subject): string {
  const release = subject.release()
  return JSON.stringify({
    name: subject.name,
    versions: release === undefined ? [] : [versionOf(release)],
    platform: subject.platform,
    inputs: subject.inputs.map(tensorOf),
    outputs: subject.outputs.map(tensorOf),
  })
}

function tensorOf({ name, type, shape }: TensorSpec): object {
  return { name, datatype: datatypeOf(type), shape }
}
