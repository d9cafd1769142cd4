/** Shares in words, rounded away from the limit that they may break, so that a failed gate never reads as if it had passed. */

export function atMost(share: number): string {
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`
}

export function atLeast(share: number): string {
  return `${(Math.ceil(share * 10_000) / 100).toFixed(2)} %`
}

export function percent(limit: number): string {
  return `${Number((limit * 100).toPrecision(12))} %`
}
