/** What should be done about a project, from how it stands: each with where, what, and the remedy. */
import { ERRORS } from '../base/index.ts'
import { durationText } from './duration.ts'
import { ofSchedule } from './schedule-warnings.ts'
import type { PredictionStatus, SourceStatus, Warning } from './status-report.ts'

export function warningsOf(predictions: readonly PredictionStatus[], sources: readonly SourceStatus[]): readonly Warning[] {
  return [...sources.flatMap(ofSource), ...predictions.flatMap(prediction => ofPrediction(prediction, sources))]
}

function ofSource({ name, failure }: SourceStatus): Warning[] {
  if (failure === null) return []
  return [{ where: `sources.${name}`, message: failure.message, fix: fixOf(failure.code) }]
}

function ofPrediction(prediction: PredictionStatus, sources: readonly SourceStatus[]): Warning[] {
  const where = `predictions.${prediction.name}`
  const ofAnswers = [...ofLive(prediction, sources), ...ofAudit(prediction)]
  return [...ofServed(prediction), ...ofRun(prediction), ...ofSchedule(prediction), ...ofAnswers].map(each => ({ where, ...each }))
}

type Found = Omit<Warning, 'where'>

function ofServed({ name, mode, serves, failure, maxAgeSeconds, release, live }: PredictionStatus): Found[] {
  if (failure !== null) return [{ message: failure.message, fix: fixOf(failure.code) }]
  if (mode === 'live') return []
  if (serves === null) return [{ message: 'Nothing is published.', fix: `Run \`prescore run ${name}\`.` }]
  const found: Found[] = []
  if (maxAgeSeconds !== null && serves.ageSeconds > maxAgeSeconds)
    found.push({
      message: `The run that is served is ${durationText(serves.ageSeconds)} old; max age is ${durationText(maxAgeSeconds)}.`,
      fix: `Run \`prescore run ${name}\`, or raise \`maxAge\`.`,
    })
  const newest = live?.release ?? release
  if (newest !== null && newest !== serves.release)
    found.push({
      message: `The run that is served has release ${short(serves.release)}; the newest is ${short(newest)}.`,
      fix: `Run \`prescore run ${name}\`, so that stored and live answers have one release.`,
    })
  return found
}

function ofRun({ name, serves, lastRun }: PredictionStatus): Found[] {
  if (lastRun === null) return []
  const id = short(lastRun.id)
  const failed = lastRun.gates.filter(({ passed }) => !passed)
  const told = failed.map(({ gate, found, expected }) => `${gate}: found ${found}, expected ${expected}`).join('; ')
  if (lastRun.state === 'gated')
    return [
      {
        message: `The last run, ${id}, was stopped by a gate: ${told}.`,
        fix: `See \`prescore runs ${id}\`; mend the data or the gate and run again, or \`prescore publish ${id}\` if it is right.`,
      },
    ]
  // Of a backfill, or what a schedule made up for: staged it stays, and nothing is to be done.
  if (lastRun.state === 'staged' && serves !== null && lastRun.asOf < serves.asOf) return []
  if (lastRun.state === 'staged' && lastRun.id !== serves?.run)
    return [{ message: `The last run, ${id}, is not published.`, fix: `\`prescore publish ${id}\` serves it.` }]
  if (lastRun.id !== serves?.run || failed.length === 0) return []
  return [
    {
      message: `The run that is served passed with a warning: ${told}.`,
      fix: `See \`prescore runs ${id} --json\`, and the data of ${name}.`,
    },
  ]
}

function ofLive({ live, reads, maxLagSeconds }: PredictionStatus, sources: readonly SourceStatus[]): Found[] {
  if (live !== null && !live.ready && live.reason !== null) return [{ message: live.reason.message, fix: fixOf(live.reason.code) }]
  const { release, reason } = live?.next ?? { release: '', reason: null }
  const found: Found[] =
    reason === null
      ? []
      : [{ message: `Release ${short(release)} was published and cannot answer live: ${reason.message}`, fix: fixOf(reason.code) }]
  if (maxLagSeconds === null) return found
  return found.concat(behind(sources, reads, maxLagSeconds))
}

function behind(sources: readonly SourceStatus[], reads: readonly string[], maxLagSeconds: number): Found[] {
  return sources
    .filter(({ name, lagSeconds }) => reads.includes(name) && lagSeconds !== null && lagSeconds > maxLagSeconds)
    .map(({ name, lagSeconds }) => ({
      message: `The live features of ${name} lag ${durationText(lagSeconds ?? 0)}; max lag is ${durationText(maxLagSeconds)}.`,
      fix: 'See why the feed is late; where it is only idle, send heartbeats.',
    }))
}

function ofAudit({ name, audit }: PredictionStatus): Found[] {
  const { dropped = null, last = null } = audit ?? {}
  const found: Found[] = []
  if (last !== null && last.defects > 0)
    found.push({
      message: `The last audit, at ${last.at}, found ${last.defects} of ${last.compared} live answers that are not what they should have been.`,
      fix: `Run \`prescore audit ${name}\`, and report what it shows.`,
    })
  if (dropped !== null && dropped > 0)
    found.push({
      message: `${dropped} live answers could not be noted for an audit.`,
      fix: 'Check the disk, or lower `monitor.audit.sample`.',
    })
  return found
}

function fixOf(code: string): string {
  return ERRORS[code as keyof typeof ERRORS].fix
}

function short(hash: string): string {
  return hash.slice(0, 12)
}
