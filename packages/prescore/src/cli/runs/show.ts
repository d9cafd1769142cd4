/** Everything about one run: plan, pinned inputs, shards, timings, gates, rejects, lineage, and who served it and why. */
import { formatInstant } from '../../base/index.ts'
import { inspectRun, type RunDetails, type ShardState } from '../../batch/index.ts'
import { runJson } from '../../server/index.ts'
import type { RescoredRecord, ServingChange } from '../../stores/index.ts'
import { type Invocation, text } from '../command.ts'
import { outputRows } from '../outputs-text.ts'
import { writePage } from '../report/write.ts'
import { reportRows } from '../run-text.ts'
import { bytesText, count, seconds, shortHash, table } from '../terminal.ts'

export async function showCommand({ open, terminal, options }: Invocation, [id]: readonly string[]): Promise<void> {
  const app = await open()
  const file = text(options.html)
  if (file !== undefined) {
    await writePage(await app.place(), id as string, file)
    return terminal.print({ run: id, file }, `Written: ${file}`)
  }
  const details = await inspectRun({ store: app.store(), runs: app.runs }, id as string)
  terminal.print(detailsJson(details), detailsText(details))
}

function detailsJson({ record, plan, shards, release, bytes, isServed, isReady }: RunDetails): object {
  return {
    ...runJson(record),
    outputs: record.outputs ?? {},
    serving: record.serving?.map(servingJson) ?? [],
    isServed,
    isReady,
    lineage: { release: record.release, manifest: release?.manifest ?? null, rescored: record.rescored ?? null },
    plan: plan === undefined ? null : { population: plan.population, shards: plan.shards, pins: plan.pins },
    shards,
    bytes,
  }
}

function servingJson({ atUs, ...rest }: ServingChange): object {
  return { at: formatInstant(atUs), ...rest }
}

function detailsText(details: RunDetails): string {
  const { record, report, release, bytes, isServed, isReady } = details
  const { id, state, prediction, asOfUs, dataThroughUs, createdAtUs, finishedAtUs } = record
  const ready = isServed ? ', and served' : isReady ? ', and ready for rollback' : ''
  const rows = [
    ['  prediction', prediction],
    ['  as of', formatInstant(asOfUs)],
    ['  data through', dataThroughUs === null ? 'nothing' : formatInstant(dataThroughUs)],
    ['  planned', formatInstant(createdAtUs)],
    ...(finishedAtUs === undefined ? [] : [['  finished', formatInstant(finishedAtUs)]]),
    ['  release', record.release],
    ...(release === undefined ? [] : [['  ', `features ${shortHash(String(release.manifest.featureHash))}`]]),
    ...(record.rescored === undefined ? [] : [['  rescored', lineageText(record.rescored)]]),
    ...pinRows(details),
    ...shardRows(details),
    ['  on disk', bytesText(bytes)],
    ...(report === undefined ? [] : reportRows(report)),
    ...outputRows(record.outputs ?? {}),
    ...(record.serving ?? []).map(servingRow),
  ]
  return `Run ${id} is ${state}${ready}.\n${table(rows)}`
}

/** Before the report is there; then it tells how many. */
function lineageText({ run, only, origins }: RescoredRecord): string {
  const further = origins.filter(origin => origin !== run)
  const from = further.length === 0 ? '' : `, which itself took answers over from ${further.map(shortHash).join(', ')}`
  return `${only.join(' and ')} keys of run ${run}${from}`
}

function pinRows({ plan }: RunDetails): string[][] {
  if (plan === undefined) return [['  plan', 'its folder is gone']]
  return Object.entries(plan.pins).map(([name, { files, rows, arrived }]) => {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const log = arrived === undefined ? '' : `, and its log up to ${count(arrived.position)}`
    const readAtUs = files[0]?.readAtUs
    const place =
      readAtUs === undefined
        ? `in ${count(files.length)} ${files.length === 1 ? 'file' : 'files'}`
        : `read from the database at ${formatInstant(readAtUs)}`
    return ['  source', `${name}: ${count(rows)} rows ${place} (${bytesText(bytes)})${log}`]
  })
}

function shardRows({ shards }: RunDetails): string[][] {
  return Object.entries(shards).flatMap(([stage, all]) => (all.length === 0 ? [] : [['  shards', `${stage}: ${shardsText(all)}`]]))
}

function shardsText(shards: readonly ShardState[]): string {
  const done = shards.filter(({ isDone }) => isDone)
  const times = done.map(shard => shard.seconds ?? 0).sort((a, b) => a - b)
  const slowest = times.length === 0 ? '' : `, ${seconds(times[0] as number)} to ${seconds(times.at(-1) as number)} each`
  return `${count(done.length)} of ${count(shards.length)} done${slowest}`
}

function servingRow({ atUs, state, by, who, reason }: ServingChange): string[] {
  const how = [by === 'rollback' ? 'by a rollback' : undefined, who === undefined ? undefined : `by ${who}`].filter(
    each => each !== undefined,
  )
  return [`  ${state}`, `${[formatInstant(atUs), ...how].join(', ')}${reason === undefined ? '' : `: ${reason}`}`]
}
