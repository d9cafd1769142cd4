/**
 * A shop that never was: 400 products over a year and a half, and what was sold of each on each day. The same rows on any machine,
 * as nothing but integers, sums, products and quotients are used.
 */

export interface ProductRow {
  readonly sku: string
  /** The local day from which the row holds: that of the launch, or of a change of price. */
  readonly since: string
  readonly season: Season
  readonly price: number
  readonly channel: Channel
}

export interface Sale {
  readonly id: number
  readonly sku: string
  /** The local day. */
  readonly day: string
  readonly units: number
  readonly price: number
}

type Season = 'summer' | 'winter' | 'all-year'
type Channel = 'web' | 'store' | 'outlet'

const SEED = 20240101
const PRODUCTS = 400
/** Sold from the first day on; the others are launched one after the other, the last three on the day after the last. */
const OLD = 150
const LAST = 3
/** From 1 January 2024 to 30 June 2025. */
const DAYS = 547
const FIRST_DAY_MS = Date.UTC(2024, 0, 1)
const DAY_MS = 86_400_000

/** How much is sold in the middle of each month. */
const DEMAND: Readonly<Record<Season, readonly number[]>> = {
  summer: [0.25, 0.3, 0.5, 0.9, 1.4, 1.9, 2, 1.6, 0.9, 0.5, 0.3, 0.25],
  winter: [1.8, 1.5, 1, 0.6, 0.35, 0.25, 0.25, 0.3, 0.6, 1.1, 1.6, 2],
  'all-year': [0.9, 0.9, 1, 1, 1, 1, 0.95, 0.9, 1, 1, 1.1, 1.3],
}
const REACH: Readonly<Record<Channel, number>> = { web: 1.3, store: 1, outlet: 0.7 }
/** From Monday on. Shops sell on Saturdays, the web on Sundays. */
const WEEK: Readonly<Record<Channel, readonly number[]>> = {
  web: [1.1, 0.9, 0.9, 0.9, 0.9, 1, 1.3],
  store: [0.8, 0.9, 0.9, 1, 1.2, 1.8, 0.4],
  outlet: [0.8, 0.8, 0.9, 0.9, 1.1, 1.9, 0.6],
}
const CHANGES = [0.7, 0.8, 0.9, 1.1, 1.25]

interface Product {
  readonly sku: string
  readonly season: Season
  readonly channel: Channel
  readonly launch: number
  /** What nobody knows before it is sold. */
  readonly popularity: number
  /** How its demand changes within a year. */
  readonly drift: number
  /** By the day from which each holds. */
  readonly prices: readonly { readonly from: number; readonly price: number }[]
}

export function generate(): { readonly products: ProductRow[]; readonly sales: Sale[] } {
  const random = randomOf(SEED)
  const products = Array.from({ length: PRODUCTS }, (_, i) => product(random, i))
  const sales = Array.from({ length: DAYS }, (_, day) => salesOf(random, products, day)).flat()
  return { products: products.flatMap(rowsOf), sales: sales.map((sale, i) => ({ id: i + 1, ...sale })) }
}

function product(random: () => number, i: number): Product {
  const launch = launchOf(random, i)
  const [season, channel] = [random(), random()]
  return {
    sku: `P-${1001 + i}`,
    season: season < 0.35 ? 'summer' : season < 0.7 ? 'winter' : 'all-year',
    channel: channel < 0.4 ? 'web' : channel < 0.8 ? 'store' : 'outlet',
    launch,
    popularity: 0.4 + 0.6 * (random() + random()),
    drift: random() - 0.4,
    prices: pricesOf(random, launch),
  }
}

function launchOf(random: () => number, i: number): number {
  if (i < OLD) return 0
  if (i >= PRODUCTS - LAST) return DAYS
  const gap = DAYS / (PRODUCTS - LAST - OLD)
  return Math.min(DAYS - 1, Math.floor((i - OLD + random()) * gap))
}

/** What it costs as a rule, and now and then something else for three to eight weeks. */
function pricesOf(random: () => number, launch: number): Product['prices'] {
  const usual = 12 + Math.floor(100 * random() * random())
  const prices = [{ from: launch, price: usual }]
  let day = launch + 14 + below(random, 90)
  while (day < DAYS) {
    const factor = CHANGES[below(random, CHANGES.length)] as number
    prices.push({ from: day, price: Math.max(5, Math.round(usual * factor)) })
    day += 21 + below(random, 36)
    if (day < DAYS) prices.push({ from: day, price: usual })
    day += 21 + below(random, 70)
  }
  return prices
}

function rowsOf({ sku, season, channel, prices }: Product): ProductRow[] {
  return prices.map(({ from, price }) => ({ sku, since: dayText(from), season, price, channel }))
}

function salesOf(random: () => number, products: readonly Product[], day: number): Omit<Sale, 'id'>[] {
  return products
    .filter(({ launch }) => launch <= day)
    .map(each => {
      const price = (each.prices.findLast(({ from }) => from <= day) as { price: number }).price
      const varied = 0.5 + 0.5 * (random() + random())
      return { sku: each.sku, day: dayText(day), units: Math.floor(expected(each, price, day) * varied + random()), price }
    })
}

/** How many are sold on a usual day like this. */
function expected({ season, channel, launch, popularity, drift }: Product, price: number, day: number): number {
  const weekday = (WEEK[channel] as readonly number[])[day % 7] as number
  const trend = (1 + (0.15 * day) / 365) * Math.max(0.3, 1 + (drift * (day - launch)) / 365)
  const dear = price / 30
  return (popularity * seasonal(season, day) * REACH[channel] * weekday * trend * 16) / (0.3 + dear + dear * dear)
}

/** Between the middles of two months, evenly from one to the other. */
function seasonal(season: Season, day: number): number {
  const date = new Date(FIRST_DAY_MS + day * DAY_MS)
  const position = date.getUTCMonth() + (date.getUTCDate() - 15.5) / 30.5 + 12
  const month = Math.floor(position)
  const curve = DEMAND[season]
  const [before, after] = [curve[month % 12] as number, curve[(month + 1) % 12] as number]
  return before + (after - before) * (position - month)
}

function dayText(day: number): string {
  return new Date(FIRST_DAY_MS + day * DAY_MS).toISOString().slice(0, 10)
}

function below(random: () => number, limit: number): number {
  return Math.floor(limit * random())
}

/** Numbers from 0 to below 1, always the same: Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
