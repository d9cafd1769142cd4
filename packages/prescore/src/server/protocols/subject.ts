/** What the protocols serve: a prediction, or the model behind one. Protocols translate; subjects answer. */
import type { Caller } from '../../resolve/index.ts'
import type { NamedTensor, TensorSpec } from './tensors.ts'

export type Parameters = Readonly<Record<string, string | number | boolean | bigint>>

export interface Call {
  /** Checked against the subject's inputs: known names, fitting types and shapes. */
  readonly inputs: ReadonlyMap<string, NamedTensor>
  /** Names of the outputs that are wanted, in order. */
  readonly outputs: readonly string[]
  /** What the caller sets beside the tensors, but for what the protocol itself uses. */
  readonly parameters: Parameters
  readonly caller: Caller
}

export interface Subject {
  readonly name: string
  /** Where the value comes from, as metadata says it. */
  readonly platform: string
  readonly inputs: readonly TensorSpec[]
  /** Names of inputs that a request may leave out. */
  readonly optional: ReadonlySet<string>
  readonly outputs: readonly TensorSpec[]
  /** The release that is served now; undefined where there is none. */
  release(): string | undefined
  isReady(): boolean
  /** @throws PrescoreError, also as a rejection */
  infer(call: Call): readonly NamedTensor[] | Promise<readonly NamedTensor[]>
}

/** Digits of a release in the name of a version. */
const VERSION_DIGITS = 12
const VERSION_DIGITS_MIN = 4

/** A release as the name of a version. */
export function versionOf(release: string): string {
  return release.slice(0, VERSION_DIGITS)
}

/** Whether a caller's version means the release: its first digits, or `1`, for clients that count. */
export function meansRelease(version: string, release: string): boolean {
  return version === '1' || (version.length >= VERSION_DIGITS_MIN && release.startsWith(version))
}
