/** The parts of a run's page that are tables. */
import { formatInstant } from '../../base/index.ts'
import type { PageData } from '../../batch/index.ts'
import { rescoredText } from '../run/rescore.ts'
import { bytesText, count, seconds, shortHash } from '../terminal.ts'
import { bar } from './figures.ts'
import { type Html, html, htmlList, htmlTable } from './html.ts'
import { offText, percentText } from './texts.ts'

const NUMBER = { isNumber: true } as const

export function gateSection({ report }: PageData): Html | undefined {
  if (report === undefined) return undefined
  const rows = report.gates.map(({ gate, passed, level, found, expected }) => {
    const [tone, word] = passed ? ['good', '✓ passed'] : level === 'warn' ? ['warn', '! warned'] : ['bad', '✗ failed']
    return [gate, html`<span class="${tone}">${word}</span>`, found, expected]
  })
  const headings = [{ text: 'gate' }, { text: 'verdict' }, { text: 'found' }, { text: 'asked for' }]
  return html`<h2>Gates</h2>${htmlTable('What the run had to pass before it is published', headings, rows)}\n`
}

export function rejectSection({ report, rejectedKeys }: PageData): Html | undefined {
  if (report === undefined || report.ok === report.rows) return undefined
  const rows = Object.entries(report.rejected).map(([code, number]) => [
    html`<code>${code}</code>`,
    count(number),
    percentText(number / report.rows),
    html`<code>${(rejectedKeys[code] ?? []).join('  ')}</code>`,
  ])
  const headings = [{ text: 'code' }, { text: 'rows', ...NUMBER }, { text: 'share', ...NUMBER }, { text: 'the first keys' }]
  return html`<h2>Rejected rows</h2>${htmlTable('Rows without a value, by what went wrong with them', headings, rows)}\n`
}

export function timeSection({ report, shards, bytes }: PageData): Html | undefined {
  if (report === undefined) return undefined
  const { seconds: times, took, expected, rows } = report
  const total = Object.values(times).reduce((a, b) => a + b, 0)
  const stages = Object.entries(times).map(([stage, time]) => [
    stage,
    seconds(time),
    bar(time / total),
    ...(expected === undefined ? [] : [seconds(expected.seconds[stage as keyof typeof times])]),
  ])
  const headings = [
    { text: 'stage' },
    { text: 'took', ...NUMBER },
    { text: 'share' },
    ...(expected === undefined ? [] : [{ text: 'expected', ...NUMBER }]),
  ]
  const entries = [
    ['total', `${seconds(total)}, ${count(Math.round(rows / total))} rows a second`],
    ['on disk', bytesText(bytes)],
    ...(took === undefined ? [] : [['memory', `${bytesText(took.peakMb * 2 ** 20)} at most`]]),
    ...(expected === undefined ? [] : [['estimate', estimateText(total, took, expected)]]),
    ...Object.entries(shards).map(([stage, all]) => [`${stage} shards`, shardText(all)]),
  ] as [string, string][]
  return html`<h2>Time and room</h2>${htmlTable('Stages', headings, stages)}${htmlList(entries)}\n`
}

function estimateText(total: number, took: Report['took'], expected: NonNullable<Report['expected']>): string {
  const time = `${seconds(expected.seconds.total)} (${offText(total, expected.seconds.total)})`
  if (took === undefined) return time
  const room = `${bytesText(expected.fileBytes)} on disk (${offText(took.bytes, expected.fileBytes)})`
  return `${time}, ${room}, ${bytesText(expected.peakMb * 2 ** 20)} of memory (${offText(took.peakMb, expected.peakMb)})`
}

type Report = NonNullable<PageData['report']>

function shardText(shards: PageData['shards']['score']): string {
  const done = shards.filter(({ isDone }) => isDone)
  const times = done.map(shard => shard.seconds ?? 0)
  const slowest = times.length === 0 ? '' : `, ${seconds(Math.min(...times))} to ${seconds(Math.max(...times))} each`
  return `${count(done.length)} of ${count(shards.length)} done${slowest}`
}

export function lineageSection({ record, report, release, plan }: PageData): Html {
  const features =
    release === undefined ? [] : [['features', html`<code>${shortHash(String(release.manifest.featureHash))}</code>`] as const]
  const entries = [
    ['release', html`<code>${record.release}</code>`],
    ...(report?.rescored === undefined ? [] : [['rescored', rescoredText(report.rescored)] as const]),
    ...features,
    ['as of', formatInstant(record.asOfUs)],
    ['data through', record.dataThroughUs === null ? 'nothing' : formatInstant(record.dataThroughUs)],
    ['planned', formatInstant(record.createdAtUs)],
    ['finished', record.finishedAtUs === undefined ? 'not yet' : formatInstant(record.finishedAtUs)],
  ] as [string, string | Html][]
  const sources = Object.entries(plan?.pins ?? {}).map(([name, { files, rows, arrived }]) => [
    name,
    count(rows),
    files.map(({ path, bytes, sha256, readAtUs }) => {
      const read = readAtUs === undefined ? '' : `, read from the database at ${formatInstant(readAtUs)}`
      return html`<div><code>${path}</code> <span class="quiet">${bytesText(bytes)}, sha256 ${shortHash(sha256)}${read}</span></div>`
    }),
    arrived === undefined ? 'none' : `${count(arrived.position)} events`,
  ])
  const headings = [{ text: 'source' }, { text: 'rows', ...NUMBER }, { text: 'files' }, { text: 'log' }]
  const pins =
    plan === undefined
      ? html`<p class="quiet">The folder of the run is gone.</p>`
      : htmlTable('What was read, as it was pinned', headings, sources)
  return html`<h2>Where it comes from</h2>${htmlList(entries)}${pins}\n`
}

export function servingSection({ record }: PageData): Html | undefined {
  const { serving = [], outputs = {} } = record
  const changes = serving.map(({ atUs, state, by, who = '', reason = '' }) => [formatInstant(atUs), state, by, who, reason])
  const written = Object.entries(outputs).map(([name, { state, target, rows, attempts, message = '' }]) => [
    name,
    target,
    state,
    count(rows),
    String(attempts),
    message,
  ])
  const outputHeadings = ['output', 'target', 'state', 'rows', 'attempts', 'message'].map(text => ({
    text,
    isNumber: ['rows', 'attempts'].includes(text),
  }))
  const changeHeadings = ['when', 'state', 'by', 'who', 'why'].map(text => ({ text }))
  return html`${changes.length === 0 ? undefined : html`<h2>Who served it, and why</h2>${htmlTable('Each time it came to be served, or ceased to be', changeHeadings, changes)}`}
${written.length === 0 ? undefined : html`<h2>Outputs</h2>${htmlTable('Where else it was written', outputHeadings, written)}`}`
}
