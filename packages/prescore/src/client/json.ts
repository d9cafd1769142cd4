/** JSON that keeps whole numbers beyond ±2^53: as bigints here, in full digits on the wire. */

const WHOLE_NUMBER = /^-?\d+$/

/** @throws TypeError for what JSON cannot hold: NaN, Infinity, functions and the like */
export function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`JSON cannot hold ${value}: leave it out, or give null.`)
  if (Array.isArray(value)) return `[${value.map(each => jsonText(each ?? null)).join(',')}]`
  if (value instanceof Date) return JSON.stringify(value)
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`
  }
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`JSON cannot hold a ${typeof value}.`)
  return text
}

/** Where the runtime cannot tell a number's digits, a whole number beyond ±2^53 comes as the nearest double. @throws SyntaxError */
export function parseJson(text: string): unknown {
  return JSON.parse(text, exactly as (name: string, value: unknown) => unknown)
}

function exactly(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && WHOLE_NUMBER.test(source) ? BigInt(source) : value
}
