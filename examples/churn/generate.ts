/**
 * A shop that never was: a year of 3,000 customers, their orders and their calls for help. The same rows on any machine, as nothing
 * but integers, sums and products are used.
 */

export interface Customer {
  readonly customer: number
  readonly createdUs: number
  readonly country: string
}

export interface Order {
  readonly id: number
  readonly customer: number
  readonly atUs: number
  readonly amount: number
}

export interface Ticket {
  readonly id: number
  readonly customer: number
  readonly atUs: number
  readonly severe: boolean
}

/** A customer who has ordered within 90 days, on a Monday: rows to train on. */
export interface Monday {
  readonly id: number
  readonly customer: number
  readonly atUs: number
}

export interface Shop {
  readonly customers: readonly Customer[]
  readonly orders: readonly Order[]
  readonly tickets: readonly Ticket[]
  readonly mondays: readonly Monday[]
}

const SEED = 20250101
const CUSTOMERS = 3000
const DAYS = 365
const START_US = Date.UTC(2025, 0, 1) * 1000
const DAY_US = 86_400_000_000
const COUNTRIES = ['AT', 'CH', 'DE', 'FR', 'NL']
/** 6 January is the first Monday. */
const FIRST_MONDAY = 5

export function generate(): Shop {
  const random = randomOf(SEED)
  const shop = { customers: [] as Customer[], orders: [] as Order[], tickets: [] as Ticket[], mondays: [] as Monday[] }
  for (let i = 0; i < CUSTOMERS; i++) live(shop, 100_001 + i, random)
  for (const events of [shop.orders, shop.tickets, shop.mondays]) {
    events.sort((a, b) => a.atUs - b.atUs || a.customer - b.customer)
    events.forEach((event, i) => Object.assign(event, { id: i + 1 }))
  }
  return shop
}

/** One customer's year: each has a pace; trouble that is not settled, and a pace that slackens, are followed by silence. */
function live(
  shop: { customers: Customer[]; orders: Order[]; tickets: Ticket[]; mondays: Monday[] },
  customer: number,
  random: () => number,
): void {
  const firstDay = random() < 0.6 ? 0 : Math.floor(random() * (DAYS - 60))
  const createdUs = momentUs(firstDay, random)
  shop.customers.push({ customer, createdUs, country: COUNTRIES[Math.floor(random() * COUNTRIES.length)] as string })
  let pace = 0.02 + 0.16 * random() * random()
  const usual = 12 + 90 * random() * random()
  let isGone = false
  let lastOrderDay = Number.NEGATIVE_INFINITY
  for (let day = firstDay; day < DAYS; day++) {
    const isMonday = (day - FIRST_MONDAY) % 7 === 0
    if (isMonday && day - lastOrderDay <= 90) shop.mondays.push({ id: 0, customer, atUs: START_US + day * DAY_US })
    if (isGone) continue
    if (random() < pace) {
      lastOrderDay = day
      shop.orders.push({ id: 0, customer, atUs: momentUs(day, random), amount: amountOf(usual, random) })
    }
    if (random() < 0.006) {
      const severe = random() < 0.35
      shop.tickets.push({ id: 0, customer, atUs: momentUs(day, random), severe })
      if (random() < (severe ? 0.35 : 0.06)) isGone = true
    }
    // Some lose interest little by little.
    if (random() < 0.004) pace *= 0.6
    if (random() < 0.0012) isGone = true
  }
}

function amountOf(usual: number, random: () => number): number {
  return Math.max(100, Math.round(100 * usual * (0.4 + 0.6 * (random() + random())))) / 100
}

/** By day, rather than by night. */
function momentUs(day: number, random: () => number): number {
  return START_US + day * DAY_US + Math.floor((7 + 8 * (random() + random())) * 3_600_000_000)
}

/** A generator of 32 bits (mulberry32), as numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
