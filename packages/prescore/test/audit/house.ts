/** A shop whose live answers are all noted down, and audits of it. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { App } from '../../src/app.ts'
import { type AuditReport, type AuditRequest, auditAnswers, type PredictionAudit } from '../../src/audit/index.ts'
import { changed } from '../batch/shop.ts'
import { HYBRID } from '../live/house.ts'
import { StandingClock } from '../log/place.ts'

export const NOTED = notedWith('sample: 1')

/** @param audit the settings of `monitor.audit` */
export function notedWith(audit: string, config = HYBRID): string {
  return changed(config, 'sources: { orders, customers },', `sources: { orders, customers },\n  monitor: { audit: { ${audit} } },`)
}

/** Audits what is noted in a shop that nothing serves any more. */
export async function audited(folder: string, request: AuditRequest = {}): Promise<AuditReport> {
  const app = await App.open({ project: folder, clock: new StandingClock(0), threads: 1 })
  try {
    return await auditAnswers(await app.auditPlace(), request)
  } finally {
    await app.close()
  }
}

export async function auditOf(folder: string, request: AuditRequest = {}): Promise<PredictionAudit> {
  const { predictions } = await audited(folder, request)
  return predictions[0] as PredictionAudit
}

export function segmentsOf(folder: string): string[] {
  return globSync(join(folder, '.prescore/audit/answers/*.ndjson')).sort()
}

/** Changes the text of the noted answers on disk. */
export function tamper(folder: string, change: (text: string) => string): void {
  for (const file of segmentsOf(folder)) writeFileSync(file, change(readFileSync(file, 'utf8')))
}

/** The numbers of an audit. */
export function countsOf({ answers, compared, identical, defects, changedByLateEvents }: PredictionAudit): readonly number[] {
  return [answers, compared, identical, defects, changedByLateEvents]
}
