/** Arrays that are doubled when they are full. The first length is above 0. */
const FIRST_LENGTH = 1024

export class Doubles {
  length = 0
  #values: Float64Array

  constructor(length = FIRST_LENGTH) {
    this.#values = new Float64Array(length)
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(2 * this.length)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.length++] = value
  }

  /** The array that holds the values, and room for more: until the next one is pushed. */
  get backing(): Float64Array {
    return this.#values
  }

  values(): Float64Array {
    return this.#values.subarray(0, this.length)
  }
}

export class Integers {
  length = 0
  #values: Int32Array

  constructor(length = FIRST_LENGTH) {
    this.#values = new Int32Array(length)
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Int32Array(2 * this.length)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.length++] = value
  }

  at(index: number): number {
    return this.#values[index]!
  }

  set(index: number, value: number): void {
    this.#values[index] = value
  }

  values(): Int32Array {
    return this.#values.subarray(0, this.length)
  }
}
