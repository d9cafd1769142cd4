/** Rows put together by key, and each key's rows put in order. Typed arrays only; nothing is made for a row. */

/** Rows are sorted in runs of so many by insertion, then merged. */
const RUN = 12

/** The rows of key i are `rows[starts[i]]` to `rows[starts[i + 1] - 1]`. */
export interface Segments {
  readonly starts: Int32Array
  readonly rows: Int32Array
  /** The place of each row in `rows`; -1: in none. Absent: not known. */
  readonly places?: Int32Array
}

/** Gives an array to be written to, of so many numbers. */
type Take<T> = (length: number) => T

const newIntegers: Take<Int32Array> = length => new Int32Array(length)
const newDoubles: Take<Float64Array> = length => new Float64Array(length)

/**
 * A stable counting sort. Rows whose key is -1 are left out.
 * @param takeRows for the rows of the segments.
 * @param places where the places of rows are written, if they are wanted: one for each row.
 */
export function groupRows(keyOf: Int32Array, keys: number, takeRows = newIntegers, places?: Int32Array): Segments {
  const starts = new Int32Array(keys + 1)
  for (let row = 0; row < keyOf.length; row++) {
    const key = keyOf[row]!
    if (key >= 0) starts[key + 1] = starts[key + 1]! + 1
  }
  for (let key = 0; key < keys; key++) starts[key + 1] = starts[key + 1]! + starts[key]!
  const ends = starts.slice(0, keys)
  const rows = takeRows(starts[keys]!)
  for (let row = 0; row < keyOf.length; row++) {
    const key = keyOf[row]!
    const at = key < 0 ? -1 : ends[key]!
    if (places !== undefined) places[row] = at
    if (at < 0) continue
    rows[at] = row
    ends[key] = at + 1
  }
  return places === undefined ? { starts, rows } : { starts, rows, places }
}

/** Sorts each key's rows by the value that they have in `by`, in place and stably, and gives the values in that order. @param take for these */
export function sortRows(segments: Segments, by: Float64Array, take = newDoubles): Float64Array {
  const { starts, rows, places } = segments
  const values = gather(by, segments, take)
  let buffer: Int32Array | undefined
  for (let key = 0; key + 1 < starts.length; key++) {
    const from = starts[key]!
    const to = starts[key + 1]!
    if (isSorted(values, from, to)) continue
    buffer ??= new Int32Array(longest(starts))
    mergeSort(rows, from, to, by, buffer)
    for (let i = from; i < to; i++) {
      const row = rows[i]!
      values[i] = by[row]!
      if (places !== undefined) places[row] = i
    }
  }
  return values
}

/** The values of the rows, in the order of the segments. Written to their places, they follow each other in far fewer lines of memory. */
export function gather(values: Float64Array, { rows, places }: Pick<Segments, 'rows' | 'places'>, take = newDoubles): Float64Array {
  const gathered = take(rows.length)
  if (places === undefined) for (let i = 0; i < rows.length; i++) gathered[i] = values[rows[i]!]!
  else {
    for (let row = 0; row < places.length; row++) {
      const at = places[row]!
      if (at >= 0) gathered[at] = values[row]!
    }
  }
  return gathered
}

/** The number of rows of the key that has the most. */
export function longest(starts: Int32Array): number {
  let most = 0
  for (let key = 0; key + 1 < starts.length; key++) most = Math.max(most, starts[key + 1]! - starts[key]!)
  return most
}

function isSorted(values: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (values[i - 1]! > values[i]!) return false
  return true
}

function mergeSort(rows: Int32Array, from: number, to: number, by: Float64Array, buffer: Int32Array): void {
  for (let left = from; left < to; left += RUN) insertionSort(rows, left, Math.min(left + RUN, to), by)
  for (let width = RUN; width < to - from; width *= 2) {
    for (let left = from; left + width < to; left += 2 * width) {
      merge(rows, left, left + width, Math.min(left + 2 * width, to), by, buffer)
    }
  }
}

function insertionSort(rows: Int32Array, from: number, to: number, by: Float64Array): void {
  for (let i = from + 1; i < to; i++) {
    const row = rows[i]!
    const value = by[row]!
    let at = i
    for (; at > from && by[rows[at - 1]!]! > value; at--) rows[at] = rows[at - 1]!
    rows[at] = row
  }
}

/** Late events leave rows nearly in order: then most merges have nothing to do. */
function merge(rows: Int32Array, left: number, middle: number, end: number, by: Float64Array, buffer: Int32Array): void {
  if (by[rows[middle - 1]!]! <= by[rows[middle]!]!) return
  const held = middle - left
  for (let i = 0; i < held; i++) buffer[i] = rows[left + i]!
  let right = middle
  let to = left
  for (let i = 0; i < held; to++) {
    const first = buffer[i]!
    if (right < end && by[rows[right]!]! < by[first]!) {
      rows[to] = rows[right]!
      right++
    } else {
      rows[to] = first
      i++
    }
  }
}
