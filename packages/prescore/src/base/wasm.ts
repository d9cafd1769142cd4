/** As much of WebAssembly's binary format as the code of this package is written in. Code is bytes that stand in a row. */

export type Code = readonly number[]

const [END, LOOP, IF, ELSE, NOTHING] = [0x0b, 0x03, 0x04, 0x05, 0x40]
const TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const

/** Whole numbers by sevens of bits, the last one with the sign. */
function signed(value: number): Code {
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const low = rest & 0x7f
    rest >>= 7
    if (rest === (low & 0x40 ? -1 : 0)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

function unsigned(value: number): Code {
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const low = rest & 0x7f
    rest >>>= 7
    if (rest === 0) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

const binary = (code: number) => (left: Code, right: Code) => [...left, ...right, code]
const unary = (code: number) => (of: Code) => [...of, code]
const load = (code: number, align: number) => (at: Code, offset: number) => [...at, code, align, ...unsigned(offset)]
const store = (code: number, align: number) => (at: Code, offset: number, value: Code) => [
  ...at,
  ...value,
  code,
  align,
  ...unsigned(offset),
]

const get = (local: number): Code => [0x20, local]
const set = (local: number, value: Code): Code => [...value, 0x21, local]
/** Runs at least once, and again while the condition holds. */
const repeat = (body: Code, condition: Code): Code => [LOOP, NOTHING, ...body, ...condition, 0x0d, 0, END]
/** The first where the condition holds, else the second. */
const choose = (condition: Code, first: Code, second: Code = []): Code => [
  ...[...condition, IF, NOTHING, ...first],
  ...(second.length === 0 ? [END] : [ELSE, ...second, END]),
]
/** Ends the function. */
const leave: Code = [0x0f]
/** Bytes may overlap. */
const copyBytes = (to: Code, from: Code, length: Code): Code => [...to, ...from, ...length, 0xfc, 0x0a, 0, 0]
const i32 = {
  of: (value: number): Code => [0x41, ...signed(value)],
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  shl: binary(0x74),
  shrU: binary(0x76),
  eq: binary(0x46),
  ltU: binary(0x49),
  gtU: binary(0x4b),
  geU: binary(0x4f),
  load: load(0x28, 2),
  load8U: load(0x2d, 0),
  load16U: load(0x2f, 1),
  store: store(0x36, 2),
  store8: store(0x3a, 0),
  low: unary(0xa7),
}
const i64 = {
  of: (value: number): Code => [0x42, ...signed(value)],
  load: load(0x29, 3),
  store: store(0x37, 3),
  shrU: binary(0x88),
}
const f32 = { load: load(0x2a, 2), store: store(0x38, 2), add: binary(0x92), eq: binary(0x5b), lt: binary(0x5d) }
const f64 = { load: load(0x2b, 3), store: store(0x39, 3), add: binary(0xa0), eq: binary(0x61), lt: binary(0x63) }
/** The first where the condition holds, else the second. */
const select = (first: Code, second: Code, condition: Code): Code => [...first, ...second, ...condition, 0x1b]

/** Locals for each lane: numbers in a row. */
function lanes(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, lane) => first + lane)
}

/** So many locals of each type, in this order. */
function localsOf(counts: Partial<Record<keyof typeof TYPES, number>>): Code {
  return Object.entries(counts).flatMap(([type, count]) => Array<number>(count).fill(TYPES[type as keyof typeof TYPES]))
}

export interface WasmFunction {
  readonly name: string
  /** All of them i32. */
  readonly parameters: number
  /** Their types; numbered behind the parameters. */
  readonly locals: Code
  readonly body: Code
}

/** A module that imports its memory as `memory` of `host`, and exports the functions. */
function moduleOf(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [0x60, ...vector(Array.from({ length: parameters }, () => [TYPES.i32])), 0])
  const memory = [...text('host'), ...text('memory'), 2, 0, 0]
  const exports = functions.map(({ name }, i) => [...text(name), 0, i])
  const codes = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map(type => [1, type])), ...body, END]
    return [...unsigned(code.length), ...code]
  })
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      functions.map((_, i) => [i]),
    ),
    ...section(7, exports),
    ...section(10, codes),
  ])
}

function section(id: number, items: readonly Code[]): Code {
  const body = vector(items)
  return [id, ...unsigned(body.length), ...body]
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

function text(value: string): Code {
  return vector([...Buffer.from(value)].map(byte => [byte]))
}

/** What code is put together from. */
export const wasm = { get, set, repeat, choose, leave, copyBytes, i32, i64, f32, f64, select, lanes, localsOf, moduleOf } as const
