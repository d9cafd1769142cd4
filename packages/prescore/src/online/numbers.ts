/**
 * A column of numbers in the fewest bytes that hold it exactly: one number where all are equal; whole numbers, and hundredths
 * as of money, as multiples of a unit above the least of them, in 1, 2 or 4 bytes; float32 where every number is one; else
 * float64. NaN is missing.
 *
 * The first byte tells the form (low half) and the unit (high half).
 */
import type { ByteReader, ByteWriter } from './bytes.ts'

const FORM = { zeros: 0, ones: 1, missing: 2, constant: 3, bytes1: 4, bytes2: 5, bytes4: 6, float32: 7, float64: 8 } as const
/** Microseconds, milliseconds, seconds and minutes, for times; other columns are multiples of 1. The last stands for 1 / 100. */
const UNITS = [1, 1_000, 1_000_000, 60_000_000, 1] as const
const HUNDREDTHS = UNITS.length - 1
/** The greatest code of a width is kept for missing. */
const CODES = { [FORM.bytes1]: 0xff, [FORM.bytes2]: 0xffff, [FORM.bytes4]: 0xffffffff } as const
/** Bytes of a number, by form. */
const WIDTHS = [0, 0, 0, 0, 1, 2, 4, 4, 8]
type WholeForm = keyof typeof CODES

/** Used again and again: a column is written at a time. */
let hundredths = new Float64Array(256)
let longer = new Float64Array(256)

/** What the numbers of a column have in common. */
interface Traits {
  readonly least: number
  readonly most: number
  readonly hasMissing: boolean
  readonly isWhole: boolean
  readonly isFloat32: boolean
}

/** The numbers at `from` to before `end`; none is −0. */
export function writeNumbers(to: ByteWriter, values: Float64Array, from: number, end: number): void {
  const traits = traitsOf(values, from, end)
  const { least, most, hasMissing, isWhole, isFloat32 } = traits
  if (least > most) to.byte(FORM.missing)
  else if (least === most && !hasMissing) writeConstant(to, least)
  else if (isWhole && writeWhole(to, values, from, end, traits, unitOf(values, from, end, traits))) return
  else if (!isWhole && writeHundredths(to, values, from, end)) return
  else writeFloats(to, values, from, end, isFloat32)
}

/** Reads `count` numbers into `to`, from its start. */
export function readNumbers(from: ByteReader, count: number, to: Float64Array): void {
  const head = from.byte()
  const form = head & 0xf
  if (form <= FORM.constant) to.fill(constantOf(from, form), 0, count)
  else if (form === FORM.float32) readFloat32(from, count, to)
  else if (form === FORM.float64) readFloat64(from, count, to)
  else readWhole(from, count, to, form as WholeForm, head >>> 4)
}

/** The number at an index, which is not missing. The reader is left anywhere. */
export function numberAt(from: ByteReader, index: number): number {
  const head = from.byte()
  const form = head & 0xf
  if (form <= FORM.constant) return constantOf(from, form)
  if (form === FORM.float32) return from.view.getFloat32(from.at + 4 * index, true)
  if (form === FORM.float64) return from.view.getFloat64(from.at + 8 * index, true)
  const base = from.double()
  return scaled(base + UNITS[head >>> 4]! * codeAt(from.view, from.at, form as WholeForm, index), head >>> 4)
}

/** Goes on to what follows `count` numbers. */
export function skipNumbers(from: ByteReader, count: number): void {
  const form = from.byte() & 0xf
  const hasBase = form >= FORM.constant && form < FORM.float32
  from.at += (hasBase ? 8 : 0) + count * WIDTHS[form]!
}

/** Copies `count` numbers with one more behind them: as they are where it fits their form, else written anew. */
export function appendNumber(from: ByteReader, to: ByteWriter, count: number, value: number): void {
  const [readAt, writtenAt] = [from.at, to.at]
  if (appendFitting(from, to, count, value)) return
  from.at = readAt
  to.at = writtenAt
  if (longer.length <= count) longer = new Float64Array(2 * count)
  readNumbers(from, count, longer)
  longer[count] = value
  writeNumbers(to, longer, 0, count + 1)
}

/** @returns false where it does not fit: then something was read and written */
function appendFitting(from: ByteReader, to: ByteWriter, count: number, value: number): boolean {
  const head = from.byte()
  const form = head & 0xf
  to.byte(head)
  if (form < FORM.constant) return Object.is(value, constantOf(from, form))
  if (form === FORM.constant) {
    const constant = from.double()
    to.double(constant)
    return value === constant
  }
  const code = form >= FORM.float32 ? value : codeOf(from, to, value, form as WholeForm, head >>> 4)
  if (code === undefined || (form === FORM.float32 && value === value && Math.fround(value) !== value)) return false
  const bytes = count * WIDTHS[form]!
  to.copyFrom(from, bytes)
  writeCode(to, form, code)
  return true
}

/** Reads and writes the least number of a column of whole numbers; the code of the value, undefined where there is none. */
function codeOf(from: ByteReader, to: ByteWriter, value: number, form: WholeForm, unit: number): number | undefined {
  const base = from.double()
  to.double(base)
  if (value !== value) return CODES[form]
  const whole = unit === HUNDREDTHS ? Math.round(value * 100) : value
  if (!Number.isSafeInteger(whole) || (unit === HUNDREDTHS && whole / 100 !== value)) return undefined
  const code = (whole - base) / UNITS[unit]!
  return whole - base <= Number.MAX_SAFE_INTEGER && code >= 0 && code < CODES[form] && Number.isInteger(code) ? code : undefined
}

function writeCode(to: ByteWriter, form: number, code: number): void {
  const view = to.reserve(8)
  if (form === FORM.bytes1) view.setUint8(to.at, code)
  else if (form === FORM.bytes2) view.setUint16(to.at, code, true)
  else if (form === FORM.bytes4) view.setUint32(to.at, code, true)
  else if (form === FORM.float32) view.setFloat32(to.at, code, true)
  else view.setFloat64(to.at, code, true)
  to.at += WIDTHS[form]!
}

function scaled(whole: number, unit: number): number {
  return unit === HUNDREDTHS ? whole / 100 : whole
}

function traitsOf(values: Float64Array, from: number, end: number): Traits {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  let hasMissing = false
  let isWhole = true
  let isFloat32 = true
  for (let i = from; i < end; i++) {
    const value = values[i]!
    if (value !== value) {
      hasMissing = true
      continue
    }
    if (value < least) least = value
    if (value > most) most = value
    if (isWhole && !Number.isSafeInteger(value)) isWhole = false
    if (isFloat32 && Math.fround(value) !== value) isFloat32 = false
  }
  return { least, most, hasMissing, isWhole, isFloat32 }
}

/** The index of the greatest unit that divides all distances from the least. A narrow range needs none. */
function unitOf(values: Float64Array, from: number, end: number, { least, most }: Traits): number {
  if (most - least < CODES[FORM.bytes1]) return 0
  for (let index = HUNDREDTHS - 1; index > 0; index--) {
    if (isMultiple(values, from, end, least, UNITS[index]!)) return index
  }
  return 0
}

function isMultiple(values: Float64Array, from: number, end: number, least: number, unit: number): boolean {
  for (let i = from; i < end; i++) if ((values[i]! - least) % unit > 0) return false
  return true
}

function wholeForm(greatestCode: number): WholeForm | undefined {
  if (greatestCode < CODES[FORM.bytes1]) return FORM.bytes1
  if (greatestCode < CODES[FORM.bytes2]) return FORM.bytes2
  return greatestCode < CODES[FORM.bytes4] ? FORM.bytes4 : undefined
}

function writeConstant(to: ByteWriter, value: number): void {
  if (value === 0) to.byte(FORM.zeros)
  else if (value === 1) to.byte(FORM.ones)
  else {
    to.byte(FORM.constant)
    to.double(value)
  }
}

/** @returns false, and writes nothing, where the range is too wide */
function writeWhole(to: ByteWriter, values: Float64Array, from: number, end: number, { least, most }: Traits, unit: number): boolean {
  const size = UNITS[unit]!
  const form = most - least <= Number.MAX_SAFE_INTEGER ? wholeForm((most - least) / size) : undefined
  if (form === undefined) return false
  // Above 0 where that takes no more room: then a lesser one that comes later fits too.
  const base = least > 0 && least % size === 0 && wholeForm(most / size) === form ? 0 : least
  to.byte(form | (unit << 4))
  to.double(base)
  const view = to.reserve(4 * (end - from))
  for (let i = from; i < end; i++) {
    const value = values[i]!
    const code = value === value ? (value - base) / size : CODES[form]
    if (form === FORM.bytes1) view.setUint8(to.at, code)
    else if (form === FORM.bytes2) view.setUint16(to.at, code, true)
    else view.setUint32(to.at, code, true)
    to.at += form === FORM.bytes1 ? 1 : form === FORM.bytes2 ? 2 : 4
  }
  return true
}

/** @returns false, and writes nothing, unless every number is the one that is nearest to some hundredths */
function writeHundredths(to: ByteWriter, values: Float64Array, from: number, end: number): boolean {
  const count = end - from
  if (hundredths.length < count) hundredths = new Float64Array(2 * count)
  for (let i = from; i < end; i++) {
    const value = values[i]!
    const whole = Math.round(value * 100)
    if (value === value && !(Number.isSafeInteger(whole) && whole / 100 === value)) return false
    hundredths[i - from] = whole
  }
  return writeWhole(to, hundredths, 0, count, traitsOf(hundredths, 0, count), HUNDREDTHS)
}

function writeFloats(to: ByteWriter, values: Float64Array, from: number, end: number, isFloat32: boolean): void {
  to.byte(isFloat32 ? FORM.float32 : FORM.float64)
  const view = to.reserve(8 * (end - from))
  for (let i = from; i < end; i++) {
    if (isFloat32) view.setFloat32(to.at, values[i]!, true)
    else view.setFloat64(to.at, values[i]!, true)
    to.at += isFloat32 ? 4 : 8
  }
}

function constantOf(from: ByteReader, form: number): number {
  if (form === FORM.constant) return from.double()
  return form === FORM.missing ? Number.NaN : form
}

function readWhole(from: ByteReader, count: number, to: Float64Array, form: WholeForm, unit: number): void {
  const base = from.double()
  const size = UNITS[unit]!
  const { view, at } = from
  if (form === FORM.bytes1) for (let i = 0; i < count; i++) to[i] = numberOf(view.getUint8(at + i), CODES[FORM.bytes1], base, size)
  else if (form === FORM.bytes2)
    for (let i = 0; i < count; i++) to[i] = numberOf(view.getUint16(at + 2 * i, true), CODES[FORM.bytes2], base, size)
  else for (let i = 0; i < count; i++) to[i] = numberOf(view.getUint32(at + 4 * i, true), CODES[FORM.bytes4], base, size)
  if (unit === HUNDREDTHS) for (let i = 0; i < count; i++) to[i] = to[i]! / 100
  from.at += count * WIDTHS[form]!
}

/** Of a code: in units, where it is not of what is missing. */
function numberOf(code: number, missing: number, base: number, size: number): number {
  return code === missing ? Number.NaN : base + size * code
}

function codeAt(view: DataView, at: number, form: WholeForm, index: number): number {
  if (form === FORM.bytes1) return view.getUint8(at + index)
  if (form === FORM.bytes2) return view.getUint16(at + 2 * index, true)
  return view.getUint32(at + 4 * index, true)
}

function readFloat32(from: ByteReader, count: number, to: Float64Array): void {
  const { view, at } = from
  for (let i = 0; i < count; i++) to[i] = view.getFloat32(at + 4 * i, true)
  from.at += 4 * count
}

function readFloat64(from: ByteReader, count: number, to: Float64Array): void {
  const { view, at } = from
  for (let i = 0; i < count; i++) to[i] = view.getFloat64(at + 8 * i, true)
  from.at += 8 * count
}
