/** Writes the walk through the trees. Locals are numbers; a lane has the place of its record, and the record. */
import { type Code, type WasmFunction, wasm } from '../../base/index.ts'
import { floatBytes, type KernelShape, type Layout, RECORD_BYTES, WEIGHT_BYTES } from './kernel-layout.ts'
import { LANES } from './ranks.ts'

const { f32, f64, get, i32, i64, lanes, localsOf, repeat, set } = wasm

export class WalkWriter {
  readonly #layout: Layout
  readonly #trees: number
  readonly #treesFilled: number
  readonly #slotMask: number
  readonly #rankBytes: number
  readonly #sumBytes: number
  readonly #float: typeof f32

  constructor(layout: Layout, { forest, precision, targets }: KernelShape) {
    this.#layout = layout
    this.#trees = forest.trees
    this.#treesFilled = forest.roots.length
    this.#slotMask = (1 << forest.ranks.slotBits) - 1
    this.#rankBytes = forest.ranks.words * 4
    this.#sumBytes = targets * floatBytes(precision)
    this.#float = precision === 'float32' ? f32 : f64
  }

  /** Tree by tree, some rows at a time. */
  some(): WasmFunction {
    const [rows, tree, root, rank, rankEnd, sum, at, end] = [0, 1, 2, 3, 4, 5, 6, 7]
    const [places, records] = [lanes(8, LANES), lanes(8 + LANES, LANES)]
    const someRows = [
      ...places.flatMap(place => set(place, get(root))),
      ...this.#walk(
        places,
        records,
        slot => i32.add(slot, get(rank)),
        lane => lane * this.#rankBytes,
      ),
      ...places.flatMap((place, lane) => this.#add(get(place), get(sum), lane * this.#sumBytes, at, end)),
      ...set(sum, i32.add(get(sum), i32.of(LANES * this.#sumBytes))),
      ...set(rank, i32.add(get(rank), i32.of(LANES * this.#rankBytes))),
    ]
    const oneTree = [
      ...set(root, i32.load(get(tree), this.#layout.roots)),
      ...set(rank, i32.of(0)),
      ...set(sum, i32.of(0)),
      ...repeat(someRows, i32.ltU(get(rank), get(rankEnd))),
      ...set(tree, i32.add(get(tree), i32.of(4))),
    ]
    return {
      name: 'walkSome',
      parameters: 1,
      locals: localsOf({ i32: 7 + LANES, i64: LANES }),
      body: [...set(rankEnd, i32.mul(get(rows), i32.of(this.#rankBytes))), ...repeat(oneTree, i32.ltU(get(tree), i32.of(this.#trees * 4)))],
    }
  }

  /** The first row, some trees at a time. */
  one(): WasmFunction {
    const [tree, at, end] = [0, 1, 2]
    const [places, records] = [lanes(3, LANES), lanes(3 + LANES, LANES)]
    const someTrees = [
      ...places.flatMap((place, lane) => set(place, i32.load(get(tree), this.#layout.roots + 4 * lane))),
      ...this.#walk(
        places,
        records,
        slot => slot,
        () => 0,
      ),
      ...places.flatMap(place => this.#add(get(place), i32.of(0), 0, at, end)),
      ...set(tree, i32.add(get(tree), i32.of(4 * LANES))),
    ]
    return {
      name: 'walkOne',
      parameters: 0,
      locals: localsOf({ i32: 3 + LANES, i64: LANES }),
      body: repeat(someTrees, i32.ltU(get(tree), i32.of(this.#treesFilled * 4))),
    }
  }

  /** From the roots until all lanes stand on leaves, whose step is 0 and leads to itself. */
  #walk(places: readonly number[], records: readonly number[], rankAt: (slot: Code) => Code, rankOffset: (lane: number) => number): Code {
    const load = (lane: number) => set(records[lane]!, i64.load(get(places[lane]!), this.#layout.records))
    const steps = places.flatMap((place, lane) => {
      const record = get(records[lane]!)
      const step = i32.low(record)
      const rank = i32.load(rankAt(i32.and(step, i32.of(this.#slotMask))), this.#layout.ranks + rankOffset(lane))
      const right = i32.shl(i32.shrU(i32.sub(step, rank), i32.of(31)), i32.of(Math.log2(RECORD_BYTES)))
      return [...set(place, i32.add(i32.low(i64.shrU(record, i64.of(32))), right)), ...load(lane)]
    })
    const isOnItsWay = records.map(record => i32.low(get(record))).reduce((all, step) => i32.or(all, step))
    return [...places.flatMap((_, lane) => load(lane)), ...repeat(steps, isOnItsWay)]
  }

  /** Adds the weights of a leaf to the sums of its row. */
  #add(place: Code, row: Code, offset: number, at: number, end: number): Code {
    const { leaves, weights, sums } = this.#layout
    const target = i32.add(row, i32.load(get(at), weights + 8))
    const sum = this.#float.add(this.#float.load(target, sums + offset), this.#float.load(get(at), weights))
    const addOne = [...this.#float.store(target, sums + offset, sum), ...set(at, i32.add(get(at), i32.of(WEIGHT_BYTES)))]
    return [...set(at, i32.load(place, leaves)), ...set(end, i32.load(place, leaves + 4)), ...repeat(addOne, i32.ltU(get(at), get(end)))]
  }
}
