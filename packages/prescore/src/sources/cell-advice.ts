/** What to do about a cell that does not fit its column: by what people usually mean. */
import type { ColumnKind } from '../project/index.ts'

export const EXPECTED_CELLS: Readonly<Record<ColumnKind, string>> = {
  string: 'a text (string)',
  int64: 'a whole number from -2^63 to 2^63 - 1 (int64)',
  float64: 'a number, NaN or Infinity (float64)',
  boolean: 'true or false (boolean)',
  timestamp: 'a time such as 2001-06-15T03:00:00-04:00 (timestamp)',
}

const MISSING = /^(?:n\/?a|null|none|nil|missing|unknown|-+|\.|\?|#n\/a)$/i

/** @param raw the cell as it stands in the file. */
export function cellAdvice(kind: ColumnKind, raw: string, format = 'CSV'): string {
  const text = raw.replaceAll(/^"|"$/g, '')
  if (MISSING.test(text.trim()))
    return format === 'JSON' ? 'Write null where a value is missing.' : 'Leave the cell empty where a value is missing.'
  if (format === 'JSON' && kind === 'string') return "Write the value in quotes, or declare the column's kind as it stands in the data."
  if (format === 'JSON' && raw.startsWith('"') && kind !== 'timestamp')
    return "Write the value without quotes, or declare the column as 'string'."
  if (text !== text.trim()) return 'Remove the spaces around the value.'
  return ADVICE[kind](text)
}

const ADVICE: Readonly<Record<ColumnKind, (text: string) => string>> = {
  string: () => 'Write it as a text.',
  int64: text => {
    if (/^[+-]?\d+$/.test(text)) return "Declare the column as 'string': so long a number is an identifier."
    if (/^[+-]?\d*\.\d*(?:e[+-]?\d+)?$/i.test(text)) return "Write whole numbers without a point, or declare the column as 'float64'."
    return /^[+-]?\d{1,3}([ ,.'_]\d{3})+$/.test(text)
      ? 'Write numbers without separators between thousands.'
      : "Correct the cell, or declare the column as 'string'."
  },
  float64: text => {
    if (/^[+-]?\d+,\d+$/.test(text)) return 'Write decimals with a point, not a comma.'
    if (/^[+-]?\d{1,3}([ ,.'_]\d{3})+([.,]\d+)?$/.test(text))
      return 'Write numbers without separators between thousands, and decimals with a point.'
    if (/^[^\d+-]{1,3}\s?[\d.,]+$|^[\d.,]+\s?[^\d.,]+$/.test(text))
      return 'Write the number alone, without its unit; name the unit in the column.'
    return "Correct the cell, or declare the column as 'string'."
  },
  boolean: () => 'Write true or false (t, f, 1 and 0 are read as well).',
  timestamp: text => {
    if (/^\d+(\.\d+)?$/.test(text)) return 'Write times as ISO 8601 texts: a bare number could count seconds, milliseconds or microseconds.'
    if (/\d:\d\d(?::\d\d)?\.\d{7,}/.test(text)) return 'Round times to microseconds.'
    return 'Write times as ISO 8601: year-month-day, then the time of day, then Z or the offset from UTC.'
  },
}
