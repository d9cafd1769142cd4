/** A plan for whoever schedules its shards. */
import type { PlannedRun } from '../../batch/index.ts'
import { EXIT, type ExitCode } from '../command.ts'
import { count, shortHash, type Terminal } from '../terminal.ts'

export function printPlan({ plan, planned, nothing }: PlannedRun, terminal: Terminal): ExitCode {
  const { run, shards, population } = plan
  if (nothing !== undefined) {
    terminal.print(
      { run, rows: 0, shards: { features: 0, score: 0 }, state: planned.state },
      `Nothing to rescore: no shard of run ${shortHash(run)} need be computed.`,
    )
    return EXIT.done
  }
  const of = (stage: 'features' | 'score') => {
    const last = shards[stage] - 1
    return last === 0
      ? `\`prescore shard ${shortHash(run)} ${stage} --index 0\``
      : `\`prescore shard ${shortHash(run)} ${stage} --index N\` for each N from 0 to ${last}`
  }
  const first = shards.features === 0 ? `Rows have their features. First ${of('score')}` : `First ${of('features')}, then ${of('score')}`
  const text =
    planned.report === null
      ? `Run ${shortHash(run)} is planned: ${count(population.rows)} rows.\n${first},\nthen the same \`prescore run\` with --finish.`
      : `Run ${shortHash(run)} is ${planned.state} already: there is no shard to compute.`
  terminal.print({ run, rows: population.rows, shards, state: planned.state }, text)
  return EXIT.done
}
