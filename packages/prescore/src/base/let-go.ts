/**
 * Memory of arrays that are not needed any more, given back at once. Of it V8 knows little: left to the collector, a hundred megabytes and
 * more wait in each thread.
 */

/** Each array must be the last that anybody reads of its memory: afterwards it is empty. What threads share, and what is let go of already, is left alone. */
export function letGo(arrays: Iterable<ArrayBufferView>): void {
  for (const { buffer } of arrays) if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0)
}

/** All arrays of a tree of plain data. */
export function* arraysIn(data: unknown): Generator<ArrayBufferView> {
  if (typeof data !== 'object' || data === null) return
  if (ArrayBuffer.isView(data)) yield data
  else if (data instanceof Map) for (const value of data.values()) yield* arraysIn(value)
  // Texts, mostly; there may be very many.
  else if (Array.isArray(data)) {
    for (const value of data) if (typeof value !== 'string') yield* arraysIn(value)
  } else if (Object.getPrototypeOf(data) === Object.prototype) for (const value of Object.values(data)) yield* arraysIn(value)
}
