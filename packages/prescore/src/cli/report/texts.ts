/** Numbers as a person reads them. */

export function figureText(value: number): string {
  return String(Number(value.toPrecision(4)))
}

export function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`
}

/** How far an estimate was off. */
export function offText(actual: number, expected: number): string {
  const percent = Math.round(((expected - actual) / actual) * 100)
  return percent === 0 ? 'right' : `${Math.abs(percent)} % too ${percent > 0 ? 'much' : 'little'}`
}
