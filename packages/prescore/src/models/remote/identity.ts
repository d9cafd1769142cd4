/**
 * What a release freezes of a remote model, in the place of its bytes: its name and version, its signature, and what it answered for
 * some rows. The weights themselves cannot be frozen: when the model is opened, it is asked for those rows again, and one that says
 * something else is refused.
 */
import { readFile } from 'node:fs/promises'
import { contentHash, losslessJson, PrescoreError, parseLosslessJson } from '../../base/index.ts'
import type { ModelDefinition } from '../../project/index.ts'
import { arrayOf, type Matrix, type ModelRunner } from '../runtime.ts'
import type { RemoteFacts } from './client.ts'

export interface RemoteIdentity extends RemoteFacts {
  readonly format: 1
  readonly runtime: ModelDefinition['runtime']
  readonly model: string
  /** What it gave for {@link probeRows}. */
  readonly probes: readonly number[]
}

const PROBES = 5
/** Servers may compute in another order on another machine. */
const TOLERANCE = 1e-5

export function identityText(identity: RemoteIdentity): string {
  return `${losslessJson(identity)}\n`
}

/** @throws PrescoreError `model_unreadable` */
export async function readIdentity(file: string, runtime: ModelDefinition['runtime']): Promise<RemoteIdentity> {
  const refuse = (found: string, cause?: unknown) =>
    new PrescoreError('model_unreadable', { where: file, found, expected: `a remote model of kind ${runtime}`, cause })
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw refuse(error.message, error)
  })
  let identity: Partial<RemoteIdentity> | null
  try {
    identity = parseLosslessJson(text) as Partial<RemoteIdentity> | null
  } catch (error) {
    throw refuse('something else', error)
  }
  if (identity?.format === 1 && identity.runtime === runtime && identity.signature !== undefined) return identity as RemoteIdentity
  throw refuse('something else')
}

/** Rows of small numbers, whole and not, the same for everyone; whole ones where the model wants them. */
export async function probe(runner: ModelRunner, features: number): Promise<Matrix> {
  const rows = arrayOf(runner.inputType, PROBES * features)
  for (let i = 0; i < rows.length; i++) {
    const value = ((i * 37) % 101) - 20
    rows[i] = runner.wholeFeatures.includes(i % features) ? value : value / 4
  }
  return runner.run(rows, PROBES)
}

/** @throws PrescoreError `model_changed` */
export function checkSame(identity: RemoteIdentity, facts: RemoteFacts, probes: Matrix, where: string): void {
  const changed = (found: string, expected: string) => new PrescoreError('model_changed', { where, found, expected })
  if (contentHash(facts.signature) !== contentHash(identity.signature)) throw changed('another signature', 'the one that was frozen')
  if (probes.length !== identity.probes.length) throw changed(`${probes.length} values for ${PROBES} rows`, String(identity.probes.length))
  const at = identity.probes.findIndex((value, i) => !isClose(value, probes[i] as number))
  if (at >= 0) throw changed(`${probes[at]} for a recorded row`, String(identity.probes[at]))
}

function isClose(frozen: number, now: number): boolean {
  return Object.is(frozen, now) || Math.abs(frozen - now) <= TOLERANCE * Math.max(1, Math.abs(frozen))
}
