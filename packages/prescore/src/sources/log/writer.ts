/** What one transaction does to a log: events get their positions, ids are settled, the head moves on. */
import { type Clock, formatInstant, PrescoreError } from '../../base/index.ts'
import { type Candidates, rejection } from './admission.ts'
import { type BlockTimes, blockKey } from './block-key.ts'
import type { LogEnvironment } from './environment.ts'
import type { Head } from './head.ts'
import { idKey } from './ids.ts'
import type { Layout, LayoutColumn } from './layout.ts'
import { SegmentBuilder } from './segment.ts'
import type { AppendResult, RejectedEvent } from './types.ts'

/** A block that is shorter takes the next segment in, so that many small commits do not make many small blocks. */
const SHORT_BLOCK_BYTES = 8 * 1024

/** Lives within one transaction, and shares it with all who write in it. */
export class LogWriter {
  readonly head: Head
  readonly #environment: LogEnvironment
  readonly #clock: Clock
  readonly #before: string
  #segment: SegmentBuilder | undefined

  constructor(environment: LogEnvironment, clock: Clock) {
    this.#environment = environment
    this.#clock = clock
    this.head = environment.readHead()
    this.#before = JSON.stringify(this.head)
  }

  append(
    { layout, bytes, starts, rows, indexes, timeUs, arrivalUs, rejected: refused }: Candidates,
    id: LayoutColumn | undefined,
  ): AppendResult {
    const clockUs = this.#tick()
    const { notedAsOfUs, retainedFromUs } = this.head
    const rejected: RejectedEvent[] = [...refused]
    let [accepted, late, duplicate] = [0, 0, 0]
    for (const row of rows) {
      const [from, us] = [starts[row] as number, timeUs[row] as number]
      const key = id === undefined ? undefined : idKey(layout, id, bytes, from)
      const isExpired = us < retainedFromUs
      if (key !== undefined && (isExpired ? this.#environment.hasId(key) : !this.#environment.addId(key))) duplicate++
      else if (isExpired) rejected.push(rejection(indexes[row] as number, expired(us, retainedFromUs)))
      else {
        this.#add(layout, bytes, from, starts[row + 1] as number, us, clockUs)
        accepted++
        // A declared arrival that is missing does not say when the event should have been known: never too late.
        if ((arrivalUs === undefined ? us : (arrivalUs[row] as number)) <= notedAsOfUs) late++
      }
    }
    return { accepted, late, duplicate, rejected: rejected.sort((a, b) => a.index - b.index) }
  }

  heartbeat(): void {
    this.#tick()
  }

  noteAsOf(asOfUs: number): void {
    this.head.notedAsOfUs = Math.max(this.head.notedAsOfUs, asOfUs)
  }

  retainFrom(momentUs: number): void {
    this.head.retainedFromUs = Math.max(this.head.retainedFromUs, momentUs)
  }

  /** Writes what is left. */
  finish(): void {
    this.#flush()
    if (JSON.stringify(this.head) !== this.#before) this.#environment.writeHead(this.head)
  }

  /** The clock's reading: never before an earlier one, and after each as-of that was noted and has passed. */
  #tick(): number {
    const nowUs = this.#clock.nowUs()
    const { clockUs, notedAsOfUs } = this.head
    this.head.clockUs = Math.max(nowUs, clockUs, notedAsOfUs <= nowUs ? notedAsOfUs + 1 : clockUs)
    return this.head.clockUs
  }

  #add(layout: Layout, bytes: Buffer, from: number, end: number, timeUs: number, clockUs: number): void {
    let segment = this.#segment
    if (segment === undefined || segment.clockUs !== clockUs || !segment.hasRoom(end - from)) {
      this.#flush()
      segment = this.#segment = new SegmentBuilder(layout, this.head.position + 1, clockUs)
    }
    segment.add(bytes, from, end, timeUs)
    this.head.position++
  }

  #flush(): void {
    const segment = this.#segment
    if (segment === undefined) return
    this.#segment = undefined
    const { lastPosition, minTimeUs, maxTimeUs } = segment
    this.#put(segment.finish(), { lastPosition, minTimeUs, maxTimeUs }, segment.firstPosition - 1)
  }

  /** A short block before it (unless it was freed) grows by the segment; else the segment becomes a block of its own. */
  #put(bytes: Buffer, times: BlockTimes, before: number): void {
    const { tailBytes, tailMinTimeUs, tailMaxTimeUs } = this.head
    const tailKey = blockKey({ lastPosition: before, minTimeUs: tailMinTimeUs, maxTimeUs: tailMaxTimeUs })
    const tail = tailBytes > 0 && tailBytes + bytes.length <= SHORT_BLOCK_BYTES ? this.#environment.readBlock(tailKey) : undefined
    if (tail !== undefined) this.#environment.removeBlock(tailKey)
    const block = tail === undefined ? bytes : Buffer.concat([tail, bytes])
    const minTimeUs = tail === undefined ? times.minTimeUs : Math.min(times.minTimeUs, tailMinTimeUs)
    const maxTimeUs = tail === undefined ? times.maxTimeUs : Math.max(times.maxTimeUs, tailMaxTimeUs)
    this.#environment.writeBlock(blockKey({ lastPosition: times.lastPosition, minTimeUs, maxTimeUs }), block)
    Object.assign(this.head, { tailBytes: block.length, tailMinTimeUs: minTimeUs, tailMaxTimeUs: maxTimeUs })
  }
}

function expired(us: number, retainedFromUs: number): PrescoreError {
  return new PrescoreError('event_expired', {
    where: 'the event',
    found: formatInstant(us),
    expected: `at or after ${formatInstant(retainedFromUs)}`,
  })
}
