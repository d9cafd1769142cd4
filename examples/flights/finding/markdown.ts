/** Figures as a reader of Markdown gets them. */
import type { Estimate } from './days.ts'

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

export function interval({ value, low, high }: Estimate, digits = 3): string {
  return `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`
}

/** With the sign of each number: a difference. */
export function signedInterval({ value, low, high }: Estimate, digits = 3): string {
  return `${signed(value, digits)} [${signed(low, digits)}, ${signed(high, digits)}]`
}

export function percent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`
}

export function whole(count: number): string {
  return count.toLocaleString('en-US')
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  return `${value < 0 ? '−' : '+'}${text}`
}
