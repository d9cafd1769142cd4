/** Arrays that are written to again and again, so that memory is touched for the first time only once. */

export class Room {
  readonly #doubles = new Map<string, Float64Array>()
  readonly #integers = new Map<string, Int32Array>()
  readonly #bytes = new Map<string, Uint8Array>()

  /** Lets go of all of them. */
  clear(): void {
    for (const arrays of [this.#doubles, this.#integers, this.#bytes]) arrays.clear()
  }

  /** What was written under the name is lost. */
  doubles(name: string, length: number): Float64Array {
    return taken(this.#doubles, name, length, size => new Float64Array(size))
  }

  integers(name: string, length: number): Int32Array {
    return taken(this.#integers, name, length, size => new Int32Array(size))
  }

  bytes(name: string, length: number): Uint8Array {
    return taken(this.#bytes, name, length, size => new Uint8Array(size))
  }
}

function taken<T extends Float64Array | Int32Array | Uint8Array>(
  arrays: Map<string, T>,
  name: string,
  length: number,
  make: (size: number) => T,
): T {
  let array = arrays.get(name)
  if (array === undefined || array.length < length) {
    array = make(length + (length >> 2))
    arrays.set(name, array)
  }
  return array.subarray(0, length) as T
}
