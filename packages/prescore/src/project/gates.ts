/** What a run must pass before it is published; and what a function that judges it is told: plain numbers, nothing of its rows. */
import { checkSettings, type Settings } from '../base/index.ts'
import type { GatesDefinition } from './types.ts'

/** What the values amount to, where each is one number. */
interface JudgedValues {
  readonly min: number
  readonly p05: number
  readonly median: number
  readonly mean: number
  readonly p95: number
  readonly max: number
}

export interface Judged {
  /** Planned; those that have a value; the others by the code they were rejected with. */
  readonly rows: number
  readonly ok: number
  readonly rejected: Readonly<Record<string, number>>
  /** Rows in which a feature is missing, by feature. */
  readonly missing: Readonly<Record<string, number>>
  /** Null for vectors, and without values. */
  readonly values: JudgedValues | null
}

export interface JudgedRun extends Judged {
  /** The run that is served; null while none is. */
  readonly published: Judged | null
}

/** True lets the run pass; a text says what is wrong with it, and so does false. */
type GateFunction = (run: JudgedRun) => boolean | string

export interface GateOptions<F> extends Omit<GatesDefinition, 'coverage' | 'missing' | 'fn'> {
  /**
   * Least share of planned rows that must have a value.
   * @default 1
   * @error invalid_value
   */
  readonly coverage?: number
  /**
   * Greatest share of missing feature values: of all, or by feature name.
   * @default none
   * @error invalid_value, unknown_name
   */
  readonly missing?: number | { readonly [K in keyof F]?: number }
  /**
   * Functions that judge what the run came to, by name: true lets it pass, a text says what is wrong. They must be pure, as `fn` must.
   * @default none
   * @error invalid_name, impure_function
   */
  readonly fn?: Readonly<Record<string, GateFunction>>
}

const GATES: Settings<GateOptions<unknown>> = {
  coverage: 'optional',
  missing: 'optional',
  rejected: 'optional',
  range: 'optional',
  constant: 'optional',
  shift: 'optional',
  sql: 'optional',
  fn: 'optional',
  warn: 'optional',
}
const RANGE: Settings<NonNullable<GateOptions<unknown>['range']>> = { least: 'optional', greatest: 'optional' }

export function gatesOf(options: GateOptions<unknown> = {}): GatesDefinition {
  checkSettings(options, GATES, 'gates')
  if (options.range !== undefined) checkSettings(options.range, RANGE, 'gates.range')
  const { fn, ...gates } = options
  const texts = Object.entries(fn ?? {}).map(([name, judge]) => [name, String(judge)] as const)
  return { coverage: 1, ...(gates as Partial<GatesDefinition>), ...(fn === undefined ? {} : { fn: Object.fromEntries(texts) }) }
}
