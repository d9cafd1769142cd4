/**
 * Writes the search for the ranks of a row's values. It halves without a branch: which way a row goes cannot be
 * foretold, and each wrong guess of the processor costs more than a step. Locals are numbers; a lane has its value and
 * the place of the last threshold that may be at or above it.
 */
import { type Code, type WasmFunction, wasm } from '../../base/index.ts'
import { floatBytes, type KernelShape, type Layout, SEARCH, searchesOf } from './kernel-layout.ts'
import { LANES } from './ranks.ts'

const { f32, f64, get, i32, lanes, localsOf, repeat, select, set } = wasm

export class RankWriter {
  readonly #layout: Layout
  readonly #bytes: number
  readonly #slotBits: number
  readonly #nanRight: number
  readonly #valueBytes: number
  readonly #rankBytes: number
  readonly #searchesEnd: number
  readonly #floatType: 'f32' | 'f64'
  readonly #float: typeof f32

  constructor(layout: Layout, { forest, precision, features }: KernelShape) {
    this.#layout = layout
    this.#bytes = floatBytes(precision)
    this.#slotBits = forest.ranks.slotBits
    this.#nanRight = forest.ranks.nanRight
    this.#valueBytes = features * this.#bytes
    this.#rankBytes = forest.ranks.words * 4
    this.#searchesEnd = searchesOf(forest) * SEARCH.size
    this.#floatType = precision === 'float32' ? 'f32' : 'f64'
    this.#float = precision === 'float32' ? f32 : f64
  }

  /** Feature by feature, some rows at a time. */
  some(): WasmFunction {
    const [rows, search, value, rank, rankEnd, left, half] = [0, 1, 2, 3, 4, 5, 6]
    const [lows, values] = [lanes(7, LANES), lanes(7 + LANES, LANES)]
    const someRows = [
      ...values.flatMap((local, lane) => set(local, this.#float.load(get(value), this.#layout.values + lane * this.#valueBytes))),
      ...lows.flatMap(low => set(low, this.#field(search, 'first'))),
      ...set(left, this.#field(search, 'bytes')),
      ...repeat(
        [
          ...this.#halve(left, half),
          ...lows.flatMap((low, lane) => this.#narrow(low, values[lane]!, half)),
          ...set(left, i32.sub(get(left), get(half))),
        ],
        i32.ltU(i32.of(this.#bytes), get(left)),
      ),
      ...lows.flatMap((low, lane) => this.#put(search, 0, low, values[lane]!, get(rank), lane * this.#rankBytes)),
      ...set(value, i32.add(get(value), i32.of(LANES * this.#valueBytes))),
      ...set(rank, i32.add(get(rank), i32.of(LANES * this.#rankBytes))),
    ]
    const oneFeature = [
      ...set(value, this.#field(search, 'value')),
      ...set(rank, i32.of(0)),
      ...repeat(someRows, i32.ltU(get(rank), get(rankEnd))),
      ...set(search, i32.add(get(search), i32.of(SEARCH.size))),
    ]
    return {
      name: 'rankSome',
      parameters: 1,
      locals: localsOf({ i32: 6 + LANES, [this.#floatType]: LANES }),
      body: [
        ...set(rankEnd, i32.mul(get(rows), i32.of(this.#rankBytes))),
        ...repeat(oneFeature, i32.ltU(get(search), i32.of(this.#searchesEnd))),
      ],
    }
  }

  /** The first row, some features at a time: of those, the first has most thresholds. */
  one(): WasmFunction {
    const [search, half] = [0, 1]
    const [lefts, lows, values] = [lanes(2, LANES), lanes(2 + LANES, LANES), lanes(2 + 2 * LANES, LANES)]
    const someFeatures = [
      ...lows.flatMap((low, lane) => [
        ...set(values[lane]!, this.#float.load(this.#field(search, 'value', lane), this.#layout.values)),
        ...set(low, this.#field(search, 'first', lane)),
        ...set(lefts[lane]!, this.#field(search, 'bytes', lane)),
      ]),
      // Where only one is left of the others, nothing is added.
      ...repeat(
        lows.flatMap((low, lane) => [
          ...this.#halve(lefts[lane]!, half),
          ...this.#narrow(low, values[lane]!, half),
          ...set(lefts[lane]!, i32.sub(get(lefts[lane]!), get(half))),
        ]),
        i32.ltU(i32.of(this.#bytes), get(lefts[0]!)),
      ),
      ...lows.flatMap((low, lane) => this.#put(search, lane, low, values[lane]!, i32.of(0), 0)),
      ...set(search, i32.add(get(search), i32.of(LANES * SEARCH.size))),
    ]
    return {
      name: 'rankOne',
      parameters: 0,
      locals: localsOf({ i32: 2 + 2 * LANES, [this.#floatType]: LANES }),
      body: repeat(someFeatures, i32.ltU(get(search), i32.of(this.#searchesEnd))),
    }
  }

  #field(search: number, field: keyof typeof SEARCH, lane = 0): Code {
    return i32.load(get(search), this.#layout.searches + lane * SEARCH.size + SEARCH[field])
  }

  /** Half of what is left, in whole thresholds. */
  #halve(left: number, half: number): Code {
    return set(half, i32.and(i32.shrU(get(left), i32.of(1)), i32.of(-this.#bytes)))
  }

  /** Past the first half, where its last one is below the value. */
  #narrow(low: number, value: number, half: number): Code {
    const last = this.#float.load(i32.add(get(low), get(half)), this.#layout.thresholds - this.#bytes)
    const isPast = this.#float.lt(last, get(value))
    return set(low, i32.add(get(low), i32.and(get(half), i32.sub(i32.of(0), isPast))))
  }

  /** The rank of the value as nodes find it that send NaN left, and those that send it right. */
  #put(search: number, lane: number, low: number, value: number, row: Code, offset: number): Code {
    const threshold = this.#float.load(get(low), this.#layout.thresholds)
    const on = i32.shrU(i32.sub(get(low), this.#field(search, 'first', lane)), i32.of(this.#bytes === 4 ? 1 : 2))
    const above = i32.shl(this.#float.lt(threshold, get(value)), i32.of(1))
    const rank = i32.shl(i32.add(i32.add(on, above), this.#float.eq(threshold, get(value))), i32.of(this.#slotBits))
    const store = (side: 'left' | 'right', nan: number) => {
      const slot = i32.add(row, this.#field(search, side, lane))
      const isNumber = this.#float.eq(get(value), get(value))
      return i32.store(slot, this.#layout.ranks + offset, select(get(low), i32.of(nan << this.#slotBits), isNumber))
    }
    return [...set(low, rank), ...store('left', -1), ...store('right', this.#nanRight)]
  }
}
