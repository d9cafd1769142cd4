/**
 * The walk as WebAssembly, written for one forest: a step is ten instructions, where JavaScript also checks the bounds
 * of three arrays. Sums are added in the order of the trees, and WebAssembly defines every bit of them.
 */
import { wasm } from '../../base/index.ts'
import type { Matrix } from '../runtime.ts'
import { type KernelShape, layoutOf } from './kernel-layout.ts'
import { fillMemory } from './kernel-memory.ts'
import { RankWriter } from './kernel-rank.ts'
import { WalkWriter } from './kernel-walk.ts'
import { Unsupported } from './unsupported.ts'

const PAGE_BYTES = 65_536

/** What is used of it here: the types of Node leave it out. It is absent where Node makes no code as it runs. */
interface WebAssemblyNames {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyNames }

/** Works on the first rows of `values`; those up to a multiple of `LANES` are walked too, whatever they hold. */
export interface Kernel {
  /** Rows of features, to be set. */
  readonly values: Matrix
  /** Of the rows, to be zero before a walk. */
  readonly sums: Matrix
  /** The first row alone: some features, then some trees at once. */
  one(): void
  /** Feature by feature and tree by tree, some rows at a time. */
  some(rows: number): void
}

/** @throws Unsupported where there is no WebAssembly, or no memory for it */
export function kernelOf(shape: KernelShape): Kernel {
  const { precision, features, targets, rows } = shape
  const layout = layoutOf(shape)
  const [ranks, walks] = [new RankWriter(layout, shape), new WalkWriter(layout, shape)]
  const { buffer, functions } = instanceOf(layout.end, wasm.moduleOf([ranks.one(), ranks.some(), walks.one(), walks.some()]))
  fillMemory(buffer, layout, shape)
  const { rankOne, rankSome, walkOne, walkSome } = functions
  const Floats = precision === 'float32' ? Float32Array : Float64Array
  return {
    values: new Floats(buffer, layout.values, rows * features),
    sums: new Floats(buffer, layout.sums, rows * targets),
    one: () => {
      rankOne()
      walkOne()
    },
    some: count => {
      rankSome(count)
      walkSome(count)
    },
  }
}

interface Functions {
  rankOne(): void
  walkOne(): void
  rankSome(rows: number): void
  walkSome(rows: number): void
}

function instanceOf(bytes: number, code: Uint8Array): { readonly buffer: ArrayBuffer; readonly functions: Functions } {
  if (WebAssembly === undefined) throw new Unsupported('no WebAssembly')
  const pages = Math.ceil(bytes / PAGE_BYTES)
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { host: { memory } })
    return { buffer: memory.buffer, functions: instance.exports as Functions }
  } catch (error) {
    // A RangeError says that there is no memory; anything else is a fault of the code above.
    if (error instanceof RangeError) throw new Unsupported(`trees of ${bytes} bytes`)
    throw error
  }
}
