/** Histograms as SVG, with the same numbers as a table for who does not see them. */
import type { Comparison } from '../../batch/index.ts'
import { type Html, html, htmlTable } from './html.ts'
import { figureText, percentText } from './texts.ts'

const SIZE = { width: 320, height: 96, foot: 14 }

type Bin = Comparison['bins'][number]

export function comparisonFigure(comparison: Comparison): Html {
  const { name, now, before, bins, shift } = comparison
  const sides = before === undefined ? sideText(now) : `${sideText(now)}; before: ${sideText(before)}`
  return html`<figure><header><h3>${name}</h3>${shift === undefined ? undefined : shiftMark(shift)}</header>
${bins.length === 0 ? html`<p class="quiet">no values</p>` : histogram(comparison)}
<figcaption>${sides}</figcaption>
${bins.length === 0 ? undefined : html`<details><summary>As a table</summary>${binTable(comparison)}</details>`}
</figure>
`
}

function sideText({ mean, missing, rows }: Comparison['now']): string {
  const middle = mean === undefined ? 'no values' : `mean ${figureText(mean)}`
  return missing === 0 ? middle : `${middle}, ${percentText(missing / rows)} missing`
}

/** Beyond what chance gives, and beyond what is usually looked at. */
function shiftMark({ index, chance }: NonNullable<Comparison['shift']>): Html {
  const isLarge = index > Math.max(0.2, chance)
  const isSome = index > Math.max(0.1, chance)
  const words = isLarge ? 'moved' : isSome ? 'moved a little' : 'as before'
  return html`<span class="${isLarge ? 'bad' : isSome ? 'warn' : 'quiet'}">${words}, index ${figureText(index)}</span>`
}

function histogram({ name, bins, before }: Comparison): Html {
  const { width, height, foot } = SIZE
  const [now, others] = [total(bins, 'now'), total(bins, 'before')]
  const shares = bins.map(bin => ({ now: bin.now / Math.max(now, 1), before: bin.before / Math.max(others, 1) }))
  const most = Math.max(...shares.flatMap(share => [share.now, share.before]), 1e-9)
  const step = width / bins.length
  const up = (share: number) => round((1 - share / most) * (height - 2) + 1)
  const bars = shares.map(
    (share, i) =>
      html`<rect class="now" x="${round(i * step + 0.5)}" y="${up(share.now)}" width="${round(step - 1)}" height="${round(height - up(share.now))}"/>`,
  )
  const line = shares.map((share, i) => `${i === 0 ? `M0 ${up(share.before)}` : `V${up(share.before)}`}H${round((i + 1) * step)}`).join('')
  const [first, last] = [bins[0] as Bin, bins.at(-1) as Bin]
  return html`<svg viewBox="0 0 ${width} ${height + foot}" role="img" aria-label="Distribution of ${name}, from ${figureText(first.from)} to ${figureText(last.to)}">
${bars}${before === undefined || others === 0 ? undefined : html`<path class="before" d="${line}"/>`}<line class="axis" x1="0" x2="${width}" y1="${height}" y2="${height}"/>
<text x="0" y="${height + 11}">${figureText(first.from)}</text><text x="${width}" y="${height + 11}" text-anchor="end">${figureText(last.to)}</text></svg>`
}

function binTable({ name, bins, before }: Comparison): Html {
  const [now, others] = [total(bins, 'now'), total(bins, 'before')]
  const headings = [
    { text: 'up to', isNumber: true },
    { text: 'this run', isNumber: true },
    ...(before === undefined ? [] : [{ text: 'before', isNumber: true }]),
  ]
  const rows = bins.map(bin => [
    figureText(bin.to),
    percentText(bin.now / Math.max(now, 1)),
    ...(before === undefined ? [] : [percentText(bin.before / Math.max(others, 1))]),
  ])
  return htmlTable(`Shares of ${name}`, headings, rows)
}

/** A share of a whole, as a bar beside its number. */
export function bar(share: number): Html {
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="${round(100 * Math.min(1, share))}" height="4"/></svg>`
}

function total(bins: readonly Bin[], side: 'now' | 'before'): number {
  return bins.reduce((sum, bin) => sum + bin[side], 0)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
