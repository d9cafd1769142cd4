import { formatInstant } from '../../base/index.ts'
import type { PrunedEvents } from '../../batch/index.ts'
import type { Invocation } from '../command.ts'
import { bytesText, count, shortHash, table } from '../terminal.ts'
import { type Collected, collect } from './collect.ts'
import { retentionOf } from './retention.ts'

export async function pruneCommand({ open, terminal, options }: Invocation): Promise<void> {
  const retention = retentionOf(options)
  const isDryRun = options['dry-run'] === true
  const collected = await collect(await open(), retention, isDryRun)
  terminal.print({ ...collected, events: collected.events?.map(eventsJson) ?? null, isDryRun }, prunedText(collected, isDryRun))
}

function eventsJson({ beforeUs, ...rest }: PrunedEvents): object {
  return { ...rest, before: beforeUs === null ? null : formatInstant(beforeUs) }
}

function prunedText({ runs, leftovers, events, answers, schedules }: Collected, isDryRun: boolean): string {
  const bytes = runs.reduce((sum, run) => sum + run.bytes, leftovers.bytes)
  const verb = isDryRun ? 'To be removed' : 'Removed'
  const what = `${count(runs.length)} ${runs.length === 1 ? 'run' : 'runs'} and ${count(leftovers.files)} leftovers, ${bytesText(bytes)}`
  const rows = runs.map(({ run, prediction, bytes: size }) => [`  ${shortHash(run)}`, prediction, bytesText(size)])
  const others = [
    [answers, 'of noted answers'],
    [schedules, 'of schedules'],
  ] as const
  return [
    `${verb}: ${what}.`,
    ...(rows.length === 0 ? [] : [table(rows)]),
    ...others
      .filter(([{ files }]) => files > 0)
      .map(([{ files, bytes: size }, of]) => `${verb}: ${files} ${files === 1 ? 'file' : 'files'} ${of}, ${bytesText(size)}.`),
    ...(events ?? []).map(each => eventsText(each, isDryRun)),
  ].join('\n')
}

function eventsText({ source, beforeUs, events, bytes, keptBy }: PrunedEvents, isDryRun: boolean): string {
  const dropped =
    beforeUs === null ? 'no more events are dropped' : `events before ${formatInstant(beforeUs)} ${isDryRun ? 'would be' : 'are'} dropped`
  const freed = `${count(events)} ${isDryRun ? 'would leave' : 'left'} the disk, ${bytesText(bytes)}`
  return `Log of ${source}: ${dropped}; ${freed}${keptBy === null ? '' : `; kept: ${keptBy}`}.`
}
