/** JSON that keeps the sign of −0, which JSON drops: it stands as `{"float64":"-0"}`, as in the canonical text. */

/** The text of plain data with finite numbers, indented for a person to read. */
export function losslessJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (Object.is(member, -0) ? { float64: '-0' } : member), 2)
}

/** The data of {@link losslessJson}. @throws SyntaxError */
export function parseLosslessJson(text: string): unknown {
  return JSON.parse(text, (_, member: unknown) => (isNegativeZero(member) ? -0 : member))
}

function isNegativeZero(value: unknown): boolean {
  return value !== null && typeof value === 'object' && 'float64' in value && value.float64 === '-0' && Object.keys(value).length === 1
}
