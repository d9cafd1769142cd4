import { type Pruned, pruneRuns } from '../../batch/index.ts'
import type { Invocation } from '../command.ts'
import { bytesText, count, shortHash, table } from '../terminal.ts'
import { retentionOf } from './retention.ts'

export async function pruneCommand({ open, terminal, options }: Invocation): Promise<void> {
  const retention = retentionOf(options)
  const app = await open()
  const isDryRun = options['dry-run'] === true
  const place = { store: app.store(), runs: app.runs, loaded: app.loaded }
  const pruned = await pruneRuns(place, { ...retention, nowUs: app.clock.nowUs(), isDryRun })
  terminal.print({ ...pruned, isDryRun }, prunedText(pruned, isDryRun))
}

function prunedText({ runs, leftovers }: Pruned, isDryRun: boolean): string {
  const bytes = runs.reduce((sum, run) => sum + run.bytes, leftovers.bytes)
  const what = `${count(runs.length)} ${runs.length === 1 ? 'run' : 'runs'} and ${count(leftovers.files)} leftovers, ${bytesText(bytes)}`
  const rows = runs.map(({ run, prediction, bytes: size }) => [`  ${shortHash(run)}`, prediction, bytesText(size)])
  return [`${isDryRun ? 'To be removed' : 'Removed'}: ${what}.`, ...(rows.length === 0 ? [] : [table(rows)])].join('\n')
}
