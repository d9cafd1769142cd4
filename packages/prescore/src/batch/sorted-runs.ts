/** Numbers that come sorted, some at once, put together to one ascending array. */

/** Runs of about equal lengths are merged, so that each number is moved as often as their count can be halved. */
export class SortedRuns {
  readonly #runs: Float64Array[] = []

  /** @param run ascending, and nobody else's from now on */
  add(run: Float64Array): void {
    this.#runs.push(run)
    for (let last = this.#runs.length - 1; last > 0 && this.#lengthOf(last - 1) <= 2 * this.#lengthOf(last); last--) this.#mergeLast()
  }

  /** All of them. */
  sorted(): Float64Array {
    while (this.#runs.length > 1) this.#mergeLast()
    return this.#runs[0] ?? new Float64Array(0)
  }

  #lengthOf(run: number): number {
    return (this.#runs[run] as Float64Array).length
  }

  #mergeLast(): void {
    const [a, b] = this.#runs.splice(-2) as [Float64Array, Float64Array]
    this.#runs.push(merged(a, b))
  }
}

function merged(a: Float64Array, b: Float64Array): Float64Array {
  const to = new Float64Array(a.length + b.length)
  let [i, j, at] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i] as number, b[j] as number]
    if (left <= right) {
      to[at++] = left
      i++
    } else {
      to[at++] = right
      j++
    }
  }
  to.set(a.subarray(i), at)
  to.set(b.subarray(j), at + a.length - i)
  return to
}
