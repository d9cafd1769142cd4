/** Everything of a state folder that is kept for a while only: runs, events of logs, noted answers, what was noted of schedules. */
import type { App } from '../../app.ts'
import { pruneAnswers } from '../../audit/index.ts'
import { type Pruned, type PrunedEvents, pruneEvents, pruneRuns } from '../../batch/index.ts'
import { pruneLedgers } from '../../schedule/index.ts'
import type { Retention } from './retention.ts'

export interface Collected extends Pruned {
  /** Of each log; null: events were not asked for. */
  readonly events: readonly PrunedEvents[] | null
  /** Of answers that were noted for audits. */
  readonly answers: { readonly files: number; readonly bytes: number }
  readonly schedules: { readonly files: number; readonly bytes: number }
}

/** Each part can be cut off anywhere: the next call goes on with it. */
export async function collect(app: App, retention: Retention, isDryRun: boolean): Promise<Collected> {
  const { loaded, clock, runs, audits, ledger } = app
  const { predictions, monitor } = loaded.definition
  const { olderThanUs, eventsOlderThanUs } = retention
  const nowUs = clock.nowUs()
  const pruned = await pruneRuns({ store: app.store(), runs, loaded }, { ...retention, nowUs, isDryRun })
  const events =
    eventsOlderThanUs === undefined ? null : await pruneEvents(await app.place(), { olderThanUs: eventsOlderThanUs, nowUs, isDryRun })
  const answers = await pruneAnswers(audits, {
    audit: monitor?.audit,
    predictions: new Set(Object.keys(predictions)),
    olderThanMs: olderThanUs / 1_000,
    nowMs: nowUs / 1_000,
    isDryRun,
  })
  const scheduled = Object.values(predictions).filter(({ policy }) => policy.schedule !== undefined)
  const schedules = await pruneLedgers(ledger.folder, {
    scheduled: new Set(scheduled.map(({ name }) => name)),
    olderThanUs,
    nowUs,
    isDryRun,
  })
  return { ...pruned, events, answers, schedules }
}
