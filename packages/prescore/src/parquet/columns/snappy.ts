/** Decompresses Snappy, the compression of most Parquet files, by WebAssembly. */
import { wasm } from '../../base/index.ts'
import { RESULT, SLACK_BYTES, unsnapCode } from './snappy-code.ts'

const PAGE_BYTES = 65_536
/** Behind the result. */
const INPUT_AT = 64

/** What is used of it here: the types of Node leave it out. It is absent where Node makes no code as it runs. */
interface WebAssemblyNames {
  readonly Memory: new (pages: { initial: number }) => Memory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}
interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyNames }

export const canUnsnap: boolean = WebAssembly !== undefined

interface Opened {
  readonly memory: Memory
  unsnap(at: number, limit: number, out: number, end: number): void
}

let opened: Opened | undefined

function open(): Opened {
  if (WebAssembly === undefined) throw new Error('no WebAssembly')
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm.moduleOf([unsnapCode])), { host: { memory } })
  return { memory, unsnap: (exports as Pick<Opened, 'unsnap'>).unsnap }
}

/** @param to as long as what comes out. @throws Error where the bytes are not Snappy, or come to another size */
export function unsnap(bytes: Uint8Array, to: Uint8Array): void {
  opened ??= open()
  const { memory, unsnap: run } = opened
  const { at, size } = sizeOf(bytes)
  if (size !== to.length) throw new Error('a page of another size than Snappy says')
  const outputAt = 8 * Math.ceil((INPUT_AT + bytes.length + SLACK_BYTES) / 8)
  const needed = outputAt + size + SLACK_BYTES
  if (needed > memory.buffer.byteLength) memory.grow(Math.ceil((needed - memory.buffer.byteLength) / PAGE_BYTES))
  const all = new Uint8Array(memory.buffer)
  all.set(bytes, INPUT_AT)
  run(INPUT_AT + at, INPUT_AT + bytes.length, outputAt, outputAt + size)
  if (new DataView(memory.buffer).getUint32(RESULT, true) !== outputAt + size) throw new Error('a page that is not what Snappy makes')
  to.set(all.subarray(outputAt, outputAt + size))
}

/** The size that it says comes out, and where the pieces begin. */
function sizeOf(bytes: Uint8Array): { readonly at: number; readonly size: number } {
  let size = 0
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at] ?? 0x80
    size += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return { at: at + 1, size }
  }
  throw new Error('a page without a size')
}
