/** What watches over answers, as a project file says it. */
import type { MonitorDefinition } from './types.ts'

export interface AuditOptions {
  /**
   * Share of the keys whose live answers are noted down: 0.01 is one key in a hundred, all of its answers; 0 is none.
   * @error invalid_value
   */
  readonly sample: number
  /**
   * Days after which what was noted is forgotten.
   * @default 7
   * @error invalid_value
   */
  readonly keepDays?: number
  /**
   * Room on disk for what is noted: the oldest goes first.
   * @default 256
   * @error invalid_value
   */
  readonly maxMegabytes?: number
}

export interface MonitorOptions {
  /**
   * Notes live answers down, so that `prescore audit` can compute them again.
   * @default nothing is noted
   * @error unknown_name
   */
  readonly audit?: AuditOptions
}

/** What is not declared is left as it is: `prescore check` tells it. */
export function monitorOf({ audit, ...others }: MonitorOptions): MonitorDefinition {
  return { ...others, ...(audit === undefined ? {} : { audit: { keepDays: 7, maxMegabytes: 256, ...audit } }) }
}
