/**
 * A run as one page: a file of its own that asks the network for nothing, runs nothing, and reads well by day, by night, on paper and
 * aloud.
 */
import { createHash } from 'node:crypto'
import { formatInstant } from '../../base/index.ts'
import type { PageData } from '../../batch/index.ts'
import { count, shortHash } from '../terminal.ts'
import { comparisonFigure } from './figures.ts'
import { Html, html } from './html.ts'
import { gateSection, lineageSection, rejectSection, servingSection, timeSection } from './sections.ts'
import { STYLE } from './style.ts'
import { percentText } from './texts.ts'

export function runPage(data: PageData): string {
  const { record } = data
  const title = `${record.prediction}, as of ${formatInstant(record.asOfUs)}`
  const hash = createHash('sha256').update(STYLE).digest('base64')
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${new Html(STYLE)}</style></head>
<body><header><h1>${title}</h1><p>${stateMark(data)} <span class="quiet">run</span> <code>${record.id}</code></p></header>
<main>${tiles(data)}
${gateSection(data)}${rejectSection(data)}${valueSection(data)}${timeSection(data)}${lineageSection(data)}${servingSection(data)}</main>
</body></html>
`
  return page.text
}

function stateMark({ record: { state }, isServed, isReady }: PageData): Html {
  const tone = isServed || state === 'staged' ? 'good' : state === 'gated' ? 'bad' : 'quiet'
  const more = isServed ? ', served' : isReady ? ', ready for rollback' : ''
  return html`<span class="state ${tone}">${state}${more}</span>`
}

/** Planned = ok + rejected: all rows are somewhere. */
function tiles({ report }: PageData): Html {
  if (report === undefined) return html`<p class="quiet">The run is planned, and not finished.</p>`
  const { rows, ok } = report
  const tile = (number: string, words: string) => html`<div class="tile"><b>${number}</b><span>${words}</span></div>`
  return html`<div class="tiles">${tile(count(rows), 'rows planned')}${tile(count(ok), 'have a value')}${tile(count(rows - ok), 'were rejected')}${tile(rows === 0 ? '–' : percentText(ok / rows), 'coverage')}</div>
<p class="quiet">${count(rows)} planned = ${count(ok)} ok + ${count(rows - ok)} rejected. Digest <code>${shortHash(report.digest)}</code></p>`
}

function valueSection({ comparisons, against }: PageData): Html {
  if (typeof comparisons === 'string') return html`<h2>Values and features</h2><p class="quiet">Not shown: ${comparisons}.</p>`
  const { every, columns } = comparisons
  const rows = every === 1 ? 'All rows' : `One row in ${count(every)}`
  const other =
    against === undefined
      ? 'There is no other published run to hold it against.'
      : html`<span class="key now"></span>this run, <span class="key before"></span>run <code>${shortHash(against.id)}</code> as of ${formatInstant(against.asOfUs)}, ${against.state}.`
  const figures = (isFeature: boolean) => columns.filter(column => column.isFeature === isFeature).map(comparisonFigure)
  return html`<h2>Values</h2><p class="quiet">${rows}. ${other}</p><div class="figures">${figures(false)}</div>
<h2>Features, as the model met them</h2><div class="figures">${figures(true)}</div>`
}
