/** The classic skew between training and serving: three cards, their payments, and what whoever saw which of them makes of it. */

export const MINUTE_US = 60e6
export const DAY_US = 1440 * MINUTE_US
/** The moment of the decision. */
export const NOW_US = Date.parse('2025-03-14T12:00:00Z') * 1000
export const CARDS = ['C-5001', 'C-5002', 'C-5003'] as const
export type Figures = readonly [transactions: number, average: number, merchants: number]

export interface Transaction {
  readonly id: number
  readonly card: string
  readonly timeUs: number
  readonly receivedUs: number
  readonly merchant: string
  readonly amount: number
}

/** Paid two days ago, at a terminal that was offline until ten minutes before the decision. */
export const LATE: Omit<Transaction, 'id'> = {
  card: 'C-5003',
  timeUs: NOW_US - 2 * DAY_US,
  receivedUs: NOW_US - 10 * MINUTE_US,
  merchant: 'M-8',
  amount: 30.3,
}
const HISTORY: Readonly<Record<string, readonly (readonly [merchant: string, amount: number])[]>> = {
  'C-5001': [120.4, 35, 80.05, 99.95, 60, 150, 42.25, 77.75, 110, 95, 80].map((amount, i) => [`M-${1 + (i % 6)}`, amount]),
  'C-5002': [
    ['M-1', 400.25],
    ['M-2', 31.25],
    ['M-1', 200],
  ],
  'C-5003': [60, 40, 52.7, 47, 30, 55, 45].map((amount, i) => [`M-${4 + (i % 4)}`, amount]),
}
export const EVENTS: readonly Transaction[] = [
  ...Object.entries(HISTORY).flatMap(([card, all]) =>
    all.map(([merchant, amount], i) => onTime(card, (i + 1) * 700 * MINUTE_US, merchant, amount)),
  ),
  // Three minutes ago.
  onTime('C-5001', 3 * MINUTE_US, 'M-2', 60),
  LATE,
  // A microsecond too long ago for the earliest question.
  onTime('C-5003', 7 * DAY_US + 10 * MINUTE_US + 2, 'M-9', 999),
]
  .sort((a, b) => a.receivedUs - b.receivedUs)
  .map((event, i) => ({ ...event, id: 1001 + i }))

export const EVERYTHING: readonly Figures[] = [
  [12, 84.2, 6],
  [3, 210.5, 2],
  [8, 45, 5],
]
/** The payments that a store of the classic case has at noon: it lags by five minutes and drops what comes late. */
export const inStore = ({ timeUs, receivedUs }: Transaction): boolean =>
  receivedUs <= NOW_US - 5 * MINUTE_US && receivedUs - timeUs < DAY_US

/** Before the late event was known. */
export const THEN: readonly Figures[] = [...EVERYTHING.slice(0, 2), [7, 47.1, 4]]
/** What the store of the classic case served. */
export const STALE: readonly Figures[] = [
  [11, 86.4, 6],
  [3, 210.5, 2],
  [7, 47.1, 4],
]

function onTime(card: string, agoUs: number, merchant: string, amount: number): Omit<Transaction, 'id'> {
  return { card, timeUs: NOW_US - agoUs, receivedUs: NOW_US - agoUs + 1e6, merchant, amount }
}

/** In cents, which are exact. */
export function figuresOf(events: readonly Transaction[]): Figures {
  const cents = events.reduce((sum, { amount }) => sum + Math.round(amount * 100), 0)
  return [events.length, cents / events.length / 100, new Set(events.map(({ merchant }) => merchant)).size]
}

/** Many payments at many merchants: what the model had learned. */
export function isStopped([transactions, average, merchants]: Figures): boolean {
  return transactions >= 8 && merchants >= 5 && average < 50
}
