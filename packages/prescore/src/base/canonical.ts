import { createHash } from 'node:crypto'

/**
 * The canonical text of plain data: object keys sorted by code unit, no white space, `undefined` members left out,
 * bigints as `{"int64":"…"}`, non-finite numbers and -0 as `{"float64":"…"}`. Equal data has equal text on any machine.
 */
export function canonicalText(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `{"int64":"${value}"}`
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '{"float64":"-0"}'
    return Number.isFinite(value) ? String(value) : `{"float64":"${value}"}`
  }
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`)
    return `{${members.join(',')}}`
  }
  throw new TypeError(`not plain data: ${typeof value}`)
}

/** SHA-256 of the canonical text, as 64 hex digits. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(canonicalText(value)).digest('hex')
}
