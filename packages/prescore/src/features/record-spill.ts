/** Where records go that there is no room for in memory. The kernel does no I/O: who asks it says how. */
export interface RecordSpill {
  /** By which it is found by others too, who share what they read. */
  readonly name: string
  /** Bytes of records that may be in memory. */
  readonly room: number
  /** Writes blocks one after the other. @returns where they begin, in doubles */
  write(blocks: readonly Float64Array[]): number
  /** What was written to the spill of a name, until {@link rewind}. @param from in doubles */
  read(name: string, from: number, length: number): Float64Array
  /** What was read may be written over. */
  rewind(): void
}

/** What lies in a spill of some parts. Plain data. */
export interface SpilledRecords {
  readonly name: string
  /** Of each run of records: its part, where it begins and how long it is, in doubles. */
  readonly places: Float64Array
}

const PLACE = 3

/** The runs of a part, taken up again. */
export function* runsOf(spill: RecordSpill, { name, places }: SpilledRecords, part: number): Generator<Float64Array> {
  for (let at = 0; at < places.length; at += PLACE) if (places[at] === part) yield spill.read(name, places[at + 1]!, places[at + 2]!)
}

/** Those of some parts, counted from the first. */
export function spilledOf({ name, places }: SpilledRecords, from: number, to: number): SpilledRecords {
  const own: number[] = []
  for (let at = 0; at < places.length; at += PLACE) {
    const part = places[at]!
    if (part >= from && part < to) own.push(part - from, places[at + 1]!, places[at + 2]!)
  }
  return { name, places: Float64Array.from(own) }
}
