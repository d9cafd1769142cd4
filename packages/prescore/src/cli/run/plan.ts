/** A plan for whoever schedules its shards. */
import type { PlannedRun } from '../../batch/index.ts'
import { EXIT, type ExitCode } from '../command.ts'
import { count, shortHash, type Terminal } from '../terminal.ts'

export function printPlan({ plan, nothing }: PlannedRun, terminal: Terminal): ExitCode {
  const { run, shards, population } = plan
  if (nothing !== undefined) {
    terminal.print(
      { run, rows: 0, shards: { features: 0, score: 0 } },
      `Nothing to rescore: no shard of run ${shortHash(run)} need be computed.`,
    )
    return EXIT.done
  }
  const text = [
    `Run ${shortHash(run)} is planned: ${count(population.rows)} rows.`,
    `First \`prescore shard ${shortHash(run)} features --index 0\` to ${shards.features - 1}, then \`prescore shard ${shortHash(run)} score --index 0\` to ${shards.score - 1},`,
    'then the same `prescore run` with --finish.',
  ]
  terminal.print({ run, rows: population.rows, shards }, text.join('\n'))
  return EXIT.done
}
