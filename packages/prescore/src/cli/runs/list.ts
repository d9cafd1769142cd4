import { formatInstant } from '../../base/index.ts'
import { reportOf } from '../../batch/index.ts'
import { runSummaryJson } from '../../server/index.ts'
import type { RunRecord } from '../../stores/index.ts'
import type { Invocation } from '../command.ts'
import { count, shortHash, table } from '../terminal.ts'

export async function listCommand({ open, terminal }: Invocation): Promise<void> {
  const records = (await open()).store().catalog.listRuns()
  terminal.print({ runs: records.map(runSummaryJson) }, records.length === 0 ? 'There are no runs yet.' : listText(records))
}

function listText(records: readonly RunRecord[]): string {
  const rows = records.map(record => {
    const { id, prediction, asOfUs, state, release } = record
    const answers = reportOf(record)?.ok
    return [shortHash(id), prediction, formatInstant(asOfUs), state, answers === undefined ? '' : count(answers), shortHash(release)]
  })
  return table([['run', 'prediction', 'as of', 'state', 'answers', 'release'], ...rows])
}
