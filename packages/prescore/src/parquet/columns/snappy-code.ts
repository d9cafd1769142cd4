/** Writes what decompresses Snappy: pieces of literal bytes, and copies of what came before. Locals are numbers. */
import { type Code, type WasmFunction, wasm } from '../../base/index.ts'

const { choose, copyBytes, get, i32, i64, leave, localsOf, repeat, set } = wasm

/** Behind both ends so many bytes may be read and written: short pieces are copied by words. */
export const SLACK_BYTES = 64
/** Longer pieces are better copied at once. */
const SHORT = 64
/** Where the end of what came out is told; 0: the bytes are damaged. */
export const RESULT = 0

const [AT, LIMIT, OUT, END, TAG, LENGTH, BACK, FIRST, FROM, STOP] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const at = get(AT)
const out = get(OUT)
const length = get(LENGTH)
const back = get(BACK)

const forward = (local: number, by: Code) => set(local, i32.add(get(local), by))
const failIf = (condition: Code) => choose(condition, leave)
/** From `FROM` to `OUT`, up to `STOP`, and perhaps somewhat beyond. */
const copyWords = repeat(
  [...i64.store(out, 0, i64.load(get(FROM), 0)), ...forward(FROM, i32.of(8)), ...forward(OUT, i32.of(8))],
  i32.ltU(out, get(STOP)),
)
const copySingly = repeat(
  [...i32.store8(out, 0, i32.load8U(get(FROM), 0)), ...forward(FROM, i32.of(1)), ...forward(OUT, i32.of(1))],
  i32.ltU(out, get(STOP)),
)

/** The length less one stands in the tag, or in up to four bytes behind it. */
const literal: Code = [
  ...set(LENGTH, i32.shrU(get(TAG), i32.of(2))),
  ...choose(i32.geU(length, i32.of(60)), [
    ...set(BACK, i32.sub(length, i32.of(59))),
    ...set(LENGTH, i32.and(i32.load(at, 0), i32.shrU(i32.of(-1), i32.mul(i32.sub(i32.of(4), back), i32.of(8))))),
    ...forward(AT, back),
  ]),
  ...failIf(i32.gtU(at, get(LIMIT))),
  ...failIf(i32.or(i32.geU(length, i32.sub(get(LIMIT), at)), i32.geU(length, i32.sub(get(END), out)))),
  ...forward(LENGTH, i32.of(1)),
  ...set(STOP, i32.add(out, length)),
  ...set(FROM, at),
  ...choose(i32.gtU(length, i32.of(SHORT)), copyBytes(out, at, length), copyWords),
  ...forward(AT, length),
  ...set(OUT, get(STOP)),
]

/** Of one byte, of two, or of four, how far back. */
const copy: Code = [
  ...set(LENGTH, i32.add(i32.shrU(get(TAG), i32.of(2)), i32.of(1))),
  ...choose(
    i32.eq(i32.and(get(TAG), i32.of(3)), i32.of(1)),
    [
      ...set(LENGTH, i32.add(i32.and(i32.shrU(get(TAG), i32.of(2)), i32.of(7)), i32.of(4))),
      ...set(BACK, i32.or(i32.shl(i32.shrU(get(TAG), i32.of(5)), i32.of(8)), i32.load8U(at, 0))),
      ...forward(AT, i32.of(1)),
    ],
    choose(
      i32.eq(i32.and(get(TAG), i32.of(3)), i32.of(2)),
      [...set(BACK, i32.load16U(at, 0)), ...forward(AT, i32.of(2))],
      [...set(BACK, i32.load(at, 0)), ...forward(AT, i32.of(4))],
    ),
  ),
  ...failIf(i32.or(i32.gtU(at, get(LIMIT)), i32.geU(i32.sub(back, i32.of(1)), i32.sub(out, get(FIRST))))),
  ...failIf(i32.gtU(length, i32.sub(get(END), out))),
  ...set(FROM, i32.sub(out, back)),
  ...set(STOP, i32.add(out, length)),
  // A word at a time only where it does not overlap with what it is copied to.
  ...choose(i32.geU(back, i32.of(8)), copyWords, copySingly),
  ...set(OUT, get(STOP)),
]

/** `unsnap(at, limit, out, end)`: the pieces from `at` to before `limit` make bytes from `out` on, at most to before `end`. */
export const unsnapCode: WasmFunction = {
  name: 'unsnap',
  parameters: 4,
  locals: localsOf({ i32: 6 }),
  body: [
    ...i32.store(i32.of(RESULT), 0, i32.of(0)),
    ...set(FIRST, out),
    ...choose(
      i32.ltU(at, get(LIMIT)),
      repeat(
        [...set(TAG, i32.load8U(at, 0)), ...forward(AT, i32.of(1)), ...choose(i32.and(get(TAG), i32.of(3)), copy, literal)],
        i32.ltU(at, get(LIMIT)),
      ),
    ),
    ...i32.store(i32.of(RESULT), 0, out),
  ],
}
