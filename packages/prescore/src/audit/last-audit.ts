/** What the last audit of each prediction came to: for whoever watches. */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PrescoreError, writeWhole } from '../base/index.ts'
import type { LoggedCounts } from './log/answer-log.ts'
import type { AuditReport, PredictionAudit } from './report.ts'

export interface LastAudit extends Pick<PredictionAudit, 'answers' | 'compared' | 'identical' | 'defects' | 'changedByLateEvents'> {
  readonly at: string
  readonly notComparable: number
}

/** What can be told of noted answers while they are noted, and of audits. */
export interface AuditView {
  /** Of a prediction whose answers are noted here, since the start. */
  loggedCounts(prediction: string): LoggedCounts | undefined
  lastAudit(prediction: string): LastAudit | undefined
}

/** Each prediction has a file, replaced as a whole. @throws PrescoreError `file_unwritable` */
export async function keepLastAudits(folder: string, { at, predictions }: AuditReport): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    for (const { prediction, answers, compared, identical, defects, changedByLateEvents } of predictions) {
      const last: LastAudit = { at, answers, compared, identical, defects, changedByLateEvents, notComparable: answers - compared }
      await writeWhole(join(folder, `${prediction}.json`), `${JSON.stringify(last)}\n`)
    }
  } catch (error) {
    throw new PrescoreError('file_unwritable', { where: folder, found: (error as Error).message, cause: error })
  }
}

/** Undefined: there was none, or what is left of it cannot be read. */
export function lastAudit(folder: string, prediction: string): LastAudit | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, `${prediction}.json`), 'utf8')) as LastAudit
  } catch {
    return undefined
  }
}
