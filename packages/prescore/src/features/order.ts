/** The order of events by time, then by tie, then by value: total, so that arrival cannot show. */

/** Events of a lane. */
export interface Ordered {
  readonly timesUs: Float64Array
  readonly ties: Float64Array | undefined
  readonly values: Float64Array
  /** Of the codes, where the values are codes. */
  readonly texts: readonly string[] | undefined
}

/** Whether event a comes after event b. */
export function isLater({ timesUs, ties, values, texts }: Ordered, a: number, b: number): boolean {
  if (timesUs[a] !== timesUs[b]) return timesUs[a]! > timesUs[b]!
  if (ties !== undefined && ties[a] !== ties[b]) return ties[a]! > ties[b]!
  const [first, second] = [values[a]!, values[b]!]
  // Where missing values are kept they come before all others.
  if (first !== first || second !== second) return first === first
  if (texts === undefined) return first > second
  return first !== second && isAfter(texts[first]!, texts[second]!)
}

/** The order of code points, which is the order of UTF-8 bytes; UTF-16 puts surrogates before U+E000 to U+FFFF. */
export function isAfter(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [first, second] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (first !== second) return rank(first) > rank(second)
  }
  return a.length > b.length
}

function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
