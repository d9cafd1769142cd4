/** What watches over answers, as a project file says it. */
import { checkSettings, type Settings } from '../base/index.ts'
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

const MONITOR: Settings<MonitorOptions> = { audit: 'optional' }
const AUDIT: Settings<AuditOptions> = { sample: 'required', keepDays: 'optional', maxMegabytes: 'optional' }

export function monitorOf(monitor: MonitorOptions): MonitorDefinition {
  checkSettings(monitor, MONITOR, 'monitor')
  const { audit } = monitor
  if (audit === undefined) return {}
  checkSettings(audit, AUDIT, 'monitor.audit')
  return { audit: { keepDays: 7, maxMegabytes: 256, ...audit } }
}
