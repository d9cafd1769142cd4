/**
 * Card payments that never happened: a month of 4,000 cards and 400 merchants. The same rows on any machine, as nothing but
 * integers, sums and products are used.
 */

export interface Transaction {
  readonly id: number
  readonly timeUs: number
  /** When the bank got to know of it. */
  readonly receivedUs: number
  readonly card: string
  readonly merchant: string
  readonly amount: number
  readonly fraud: boolean
}

const SEED = 20250601
const CARDS = 4000
const MERCHANTS = 400
const DAYS = 30
/** Midnight in Paris, on 1 June 2025. */
const START_US = Date.UTC(2025, 4, 31, 22) * 1000
const MINUTE_US = 60_000_000
const DAY_US = 1440 * MINUTE_US
/** How often each kind of fraud occurs. */
const STOLEN_CARDS = 420
const QUIET_FRAUDS = 300
const RAIDS = 5
/** The share of payments that a terminal sends only when it is online again. */
const OFFLINE = 0.02

interface Card {
  readonly name: string
  /** What it spends, as a multiple of what is usual. */
  readonly spending: number
  readonly paymentsPerDay: number
  readonly favourites: readonly number[]
}

type Payment = Omit<Transaction, 'id' | 'receivedUs'>

export function generate(): Transaction[] {
  const world = new World(randomOf(SEED))
  const payments: Payment[] = [...world.everyday(), ...world.sprees(), ...world.stolenCards(), ...world.quietFrauds(), ...world.raids()]
  const known = payments.filter(({ timeUs }) => timeUs < START_US + DAYS * DAY_US).map(payment => world.sent(payment))
  known.sort((a, b) => a.receivedUs - b.receivedUs)
  return known.map((payment, i) => ({ id: i + 1, ...payment }))
}

class World {
  readonly #random: () => number
  readonly #cards: readonly Card[]
  /** The usual amount at each merchant. */
  readonly #usual: readonly number[]

  constructor(random: () => number) {
    this.#random = random
    this.#usual = Array.from({ length: MERCHANTS }, () => 6 + 140 * random() * random() * random())
    this.#cards = Array.from({ length: CARDS }, (_, i) => ({
      name: `C-${10_001 + i}`,
      spending: 0.5 + 1.5 * random() * random(),
      paymentsPerDay: 0.3 + 2.9 * random(),
      favourites: Array.from({ length: 7 }, () => this.#anyMerchant()),
    }))
  }

  *everyday(): Generator<Payment> {
    for (const card of this.#cards) {
      for (let day = 0; day < DAYS; day++) {
        const count = Math.floor(card.paymentsPerDay * 2 * this.#random() + this.#random())
        for (let i = 0; i < count; i++)
          yield this.#pay(card, this.#daytimeUs(day), this.#random() < 0.75 ? this.#favourite(card) : this.#anyMerchant())
      }
    }
  }

  /** Honest, but quick and dear: what fraud must be told from. */
  *sprees(): Generator<Payment> {
    for (let i = 0; i < 900; i++) {
      const card = this.#anyCard()
      let timeUs = this.#daytimeUs(this.#below(DAYS))
      for (let left = 3 + this.#below(6); left > 0; left--) {
        yield this.#pay(card, timeUs, this.#anyMerchant(), 0.6 + 1.6 * this.#random())
        timeUs += this.#minutes(4, 30)
      }
    }
  }

  /** A thief tries a small amount, then takes what he can at many places, at any hour. */
  *stolenCards(): Generator<Payment> {
    for (let i = 0; i < STOLEN_CARDS; i++) {
      const card = this.#anyCard()
      let timeUs = START_US + this.#below(DAYS * 1440) * MINUTE_US
      const tries = this.#below(3)
      const count = tries + 1 + this.#below(7)
      for (let n = 0; n < count; n++) {
        yield this.#pay(card, timeUs, this.#anyMerchant(), n < tries ? 0.05 + 0.1 * this.#random() : 1 + 4 * this.#random(), true)
        timeUs += this.#minutes(1, 12)
      }
    }
  }

  /** A single payment that hardly differs from honest ones. */
  *quietFrauds(): Generator<Payment> {
    for (let i = 0; i < QUIET_FRAUDS; i++)
      yield this.#pay(this.#anyCard(), this.#daytimeUs(this.#below(DAYS)), this.#anyMerchant(), 0.7 + 1.8 * this.#random(), true)
  }

  /** Stolen numbers are tried out at one merchant for some hours, with small amounts. */
  *raids(): Generator<Payment> {
    for (let i = 0; i < RAIDS; i++) {
      const merchant = this.#anyMerchant()
      const beginUs = START_US + ((i + this.#random()) / RAIDS) * DAYS * DAY_US
      for (let n = 0; n < 80; n++) {
        const timeUs = Math.floor(beginUs + 5 * 60 * MINUTE_US * this.#random())
        yield this.#pay(this.#anyCard(), timeUs, merchant, 0.03 + 0.12 * this.#random(), true)
      }
    }
  }

  sent(payment: Payment): Omit<Transaction, 'id'> {
    const lateUs = this.#random() < OFFLINE ? this.#minutes(10, 360) : 500_000 + this.#below(3_500_000)
    return { ...payment, receivedUs: payment.timeUs + lateUs }
  }

  #pay({ name, spending }: Card, timeUs: number, merchant: number, factor = 1, fraud = false): Payment {
    const usual = (this.#usual[merchant] as number) * spending
    const varied = 0.4 + 0.6 * (this.#random() + this.#random()) * (0.5 + this.#random())
    const amount = Math.max(50, Math.round(100 * usual * varied * factor)) / 100
    return { timeUs, card: name, merchant: `M-${101 + merchant}`, amount, fraud }
  }

  /** Most are made about the middle of the day, and some of them late at night. */
  #daytimeUs(day: number): number {
    const hour = this.#random() < 0.06 ? 24 * this.#random() : 7 + 8 * (this.#random() + this.#random())
    return START_US + day * DAY_US + Math.floor(hour * 60 * MINUTE_US)
  }

  #minutes(least: number, most: number): number {
    return Math.floor((least + (most - least) * this.#random()) * MINUTE_US)
  }

  #anyCard(): Card {
    return this.#cards[this.#below(CARDS)] as Card
  }

  /** Few merchants get much of what is spent. */
  #anyMerchant(): number {
    return Math.floor(MERCHANTS * this.#random() * this.#random())
  }

  #favourite({ favourites }: Card): number {
    return favourites[this.#below(favourites.length)] as number
  }

  #below(limit: number): number {
    return Math.floor(limit * this.#random())
  }
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
