/** How good probabilities are. Each measure looks at the rows once, and then answers for any weights of the days. */
import type { Measure } from './days.ts'

/** What came of each row, and on which day, counted from 0. */
export interface Outcomes {
  /** 1 for a flight that was late. */
  readonly late: Uint8Array
  readonly day: Uint16Array
  readonly days: number
}

/** The share of (late, not late) pairs in which the late one has the greater score; equal scores count half. NaN without pairs. */
export function auc({ late, day, days }: Outcomes, scores: Float64Array): Measure {
  const won = pairsWon({ late, day, days }, scores)
  const lateBy = new Float64Array(days)
  const othersBy = new Float64Array(days)
  for (let i = 0; i < late.length; i++) (late[i] === 1 ? lateBy : othersBy)[day[i]!]! += 1
  return weights => {
    let wins = 0
    for (let of = 0; of < days; of++) {
      if (weights[of] === 0) continue
      for (let over = 0; over < days; over++) wins += weights[of]! * weights[over]! * won[of * days + over]!
    }
    return wins / (weighted(lateBy, weights) * weighted(othersBy, weights))
  }
}

/**
 * For each two days, days × days: in how many pairs of a late row of the one and another row of the other the late one wins.
 * These are whole and half numbers, so no order of the rows changes a bit of them.
 */
function pairsWon({ late, day, days }: Outcomes, scores: Float64Array): Float64Array {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!)
  const won = new Float64Array(days * days)
  const below = new Float64Array(days)
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) to++
    const equal = order.subarray(from, to)
    // Those of equal score count half: half of them is below the late ones, the other half comes after.
    for (const i of equal) if (late[i] === 0) below[day[i]!]! += 0.5
    for (const i of equal) if (late[i] === 1) for (let over = 0, at = day[i]! * days; over < days; over++, at++) won[at]! += below[over]!
    for (const i of equal) if (late[i] === 0) below[day[i]!]! += 0.5
  }
  return won
}

/** −ln of the probability that was given to what came. */
export function logLoss(outcomes: Outcomes, scores: Float64Array): Measure {
  return meanOf(outcomes, i => -Math.log(outcomes.late[i] === 1 ? scores[i]! : 1 - scores[i]!))
}

/** The squared distance of the probability from what came. */
export function brier(outcomes: Outcomes, scores: Float64Array): Measure {
  return meanOf(outcomes, i => (scores[i]! - outcomes.late[i]!) ** 2)
}

/** The mean of a number that each row has. */
export function meanOf({ day, days }: Outcomes, number: (row: number) => number): Measure {
  const sums = new Float64Array(days)
  const counts = new Float64Array(days)
  for (let i = 0; i < day.length; i++) {
    sums[day[i]!]! += number(i)
    counts[day[i]!]! += 1
  }
  return weights => weighted(sums, weights) / weighted(counts, weights)
}

function weighted(values: Float64Array, weights: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * weights[i]!
  return sum
}
