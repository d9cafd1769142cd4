/**
 * Plain data in a file, one item after the other: arrays as they lie in memory, the rest as V8 writes it. An item is read into one piece of
 * memory, which its arrays share.
 */
import { closeSync, openSync, readSync, writevSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'

const ARRAYS = { Float64Array, Int32Array, BigInt64Array, Uint8Array } as const

/** Stands for an array. */
interface ArrayPlace {
  readonly [ARRAY]: keyof typeof ARRAYS
  readonly length: number
}

const ARRAY = '\0array'
/** Where each array begins, and each item. */
const ALIGNED = 8
/** Before an item: how long it is without its arrays, and with them. */
const HEAD_DOUBLES = 2
const PADDING = new Uint8Array(ALIGNED)

export function appendItem(file: string, item: unknown): void {
  const arrays: NodeJS.ArrayBufferView[] = []
  const rest = serialize(mapped(item, array => placeOf(array as NodeJS.ArrayBufferView, arrays)))
  const padded = [rest, ...arrays].flatMap(view => [view, PADDING.subarray(0, paddingOf(view.byteLength))])
  const bytes = padded.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const handle = openSync(file, 'a')
  try {
    writeAll(handle, [Float64Array.of(rest.length, bytes), ...padded])
  } finally {
    closeSync(handle)
  }
}

export function* itemsOf<T>(file: string): Generator<T> {
  const handle = openSync(file, 'r')
  const head = new Float64Array(HEAD_DOUBLES)
  try {
    while (readSync(handle, head) === head.byteLength) {
      const [restBytes, bytes] = head as unknown as [number, number]
      const body = new Uint8Array(bytes)
      for (let at = 0; at < bytes; at += readSome(handle, body, at));
      let at = restBytes + paddingOf(restBytes)
      yield mapped(deserialize(body.subarray(0, restBytes)), place => {
        const { [ARRAY]: array, length } = place as ArrayPlace
        const view = new ARRAYS[array](body.buffer, at, length)
        at += view.byteLength + paddingOf(view.byteLength)
        return view
      }) as T
    }
  } finally {
    closeSync(handle)
  }
}

function placeOf(array: NodeJS.ArrayBufferView, arrays: NodeJS.ArrayBufferView[]): ArrayPlace {
  arrays.push(array)
  return { [ARRAY]: array.constructor.name as keyof typeof ARRAYS, length: (array as Uint8Array).length }
}

/** The same data with something else for each array, or for what stands for one. */
function mapped(data: unknown, replace: (found: object) => unknown): unknown {
  if (typeof data !== 'object' || data === null) return data
  if (ArrayBuffer.isView(data) || ARRAY in data) return replace(data)
  if (data instanceof Map) return new Map([...data].map(([name, value]) => [name, mapped(value, replace)]))
  if (Array.isArray(data)) return typeof data[0] === 'string' ? data : data.map(value => mapped(value, replace))
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, mapped(value, replace)]))
}

function paddingOf(bytes: number): number {
  return -bytes & (ALIGNED - 1)
}

/** No more than so many can be written in one call. */
const VIEWS_MAX = 1024

function writeAll(handle: number, views: readonly NodeJS.ArrayBufferView[]): void {
  for (let from = 0; from < views.length; from += VIEWS_MAX) {
    const some = views.slice(from, from + VIEWS_MAX)
    const bytes = some.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const done = writevSync(handle, some)
    if (done === bytes) continue
    // Cut short by a signal, or by a disk that is full: what then fails says why.
    const all = Buffer.concat(some.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)))
    for (let at = done; at < bytes; ) at += writevSync(handle, [all.subarray(at)])
  }
}

/** @returns how many bytes were read. @throws Error where there are no more */
function readSome(handle: number, to: Uint8Array, at: number): number {
  const read = readSync(handle, to, at, to.length - at, null)
  if (read === 0) throw new Error('an end too early')
  return read
}
