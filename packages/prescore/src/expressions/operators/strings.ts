/** Texts. Case and white space are ASCII only: Unicode's tables change between engines, ASCII does not. */
import type { ValueType } from '../value-type.ts'
import { BOOLEAN, isKind, type Operator } from './operator.ts'

type Text = string | undefined

const onText = (change: (text: string) => string): Operator => ({
  takes: 'a string',
  result: ([a]) => (isKind(a, 'string') ? a : undefined),
  evaluate: (text: Text) => (text === undefined ? undefined : change(text)),
})

const isAscii = (text: string) => /^[ -~]*$/.test(text)

/** Tab, line feed, vertical tab, form feed, carriage return and space. */
const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13)

export const strings = {
  upper: onText(text => (isAscii(text) ? text.toUpperCase() : text.replace(/[a-z]+/g, letters => letters.toUpperCase()))),
  lower: onText(text => (isAscii(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, letters => letters.toLowerCase()))),
  trim: onText(text => {
    let start = 0
    let end = text.length
    while (start < end && isSpace(text.charCodeAt(start))) start++
    while (end > start && isSpace(text.charCodeAt(end - 1))) end--
    return text.slice(start, end)
  }),
  startsWith: {
    takes: 'two strings',
    result: ([a, b]: readonly ValueType[]) => (isKind(a, 'string') && isKind(b, 'string') ? BOOLEAN : undefined),
    evaluate: (text: Text, prefix: Text) => (text === undefined || prefix === undefined ? Number.NaN : text.startsWith(prefix) ? 1 : 0),
  },
} satisfies Record<string, Operator>
