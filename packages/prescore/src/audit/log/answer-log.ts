/**
 * Live answers, noted down for an audit. An answer is handed over and no more: it is written a moment later, in slices between which
 * other requests run. What comes faster than it can be written is dropped and counted, and so is what cannot be written at all.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { type Clock, PrescoreError } from '../../base/index.ts'
import type { AuditDefinition } from '../../project/index.ts'
import { answerLine, groundLine, headLine, type LoggedAnswer, type LoggedGround } from './record.ts'
import { keepWithin, newSegment } from './segments.ts'

/** How long an answer waits to be written, where not so many wait that it is worth it at once: what waits long is what garbage collection copies. */
const WRITE_WITHIN_MS = 250
const WRITTEN_AT_ONCE = 1_024
/** Answers that wait at most: some 10 MB. */
const WAITING_MAX = 10_000
/** Answers that are put into words at once: less than a millisecond. */
const SLICE = 64
/** A segment is at most such a part of the room, so much, and written for so long. */
const SEGMENTS = 8
const SEGMENT_BYTES_MAX = 16_000_000
const SEGMENT_MS_MAX = 86_400_000
const MEGABYTE = 1_000_000
const DAY_MS = 86_400_000

/** Of one prediction, since the start. */
export interface LoggedCounts {
  logged: number
  /** Too much waited, or it could not be written. */
  dropped: number
}

export interface AnswerLogOptions extends AuditDefinition {
  readonly folder: string
  readonly clock: Clock
  /** Told when nothing can be written, once until it can again. */
  readonly onFailure?: (error: PrescoreError) => void
}

interface Waiting {
  readonly counts: LoggedCounts
  readonly ground: LoggedGround
  readonly answer: Omit<LoggedAnswer, 'ground'>
}

interface Segment {
  readonly file: FileHandle
  readonly begunMs: number
  readonly grounds: Map<LoggedGround, number>
  bytes: number
}

export class AnswerLog {
  readonly clock: Clock
  readonly sample: number
  /** By prediction. */
  readonly counts = new Map<string, LoggedCounts>()
  readonly #options: AnswerLogOptions
  readonly #segmentBytes: number
  #waiting: Waiting[] = []
  #segment: Segment | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #hasFailed = false

  constructor(options: AnswerLogOptions) {
    this.#options = options
    this.clock = options.clock
    this.sample = options.sample
    this.#segmentBytes = Math.min(SEGMENT_BYTES_MAX, (options.maxMegabytes * MEGABYTE) / SEGMENTS)
  }

  /** Never waits, and never throws. */
  note(ground: LoggedGround, answer: Omit<LoggedAnswer, 'ground'>): void {
    const counts = this.countsOf(ground.prediction)
    if (this.#waiting.length >= WAITING_MAX) {
      counts.dropped++
      return
    }
    this.#waiting.push({ counts, ground, answer })
    if (this.#waiting.length === WRITTEN_AT_ONCE) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), WRITE_WITHIN_MS).unref()
  }

  countsOf(prediction: string): LoggedCounts {
    const known = this.counts.get(prediction) ?? { logged: 0, dropped: 0 }
    this.counts.set(prediction, known)
    return known
  }

  /** Writes what waits. Never rejects: what could not be written is counted. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = (this.#writing ?? Promise.resolve()).then(() => this.#writeAll())
    return this.#writing
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#endSegment()
  }

  async #writeAll(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    for (let from = 0; from < waiting.length; ) from = await this.#writeFrom(waiting, from)
  }

  /** Writes in one go what is to stand in the same segment. @returns where the next one begins */
  async #writeFrom(waiting: readonly Waiting[], from: number): Promise<number> {
    let to = from
    try {
      const segment = await this.#openSegment()
      const pieces: Buffer[] = []
      for (; to < waiting.length && segment.bytes < this.#segmentBytes; await turn()) {
        const slice = waiting.slice(to, to + SLICE)
        to += slice.length
        const piece = Buffer.from(slice.map(each => lineOf(segment, each)).join(''))
        segment.bytes += piece.length
        pieces.push(piece)
      }
      await segment.file.writeFile(Buffer.concat(pieces))
      this.#hasFailed = false
      for (let i = from; i < to; i++) waiting[i]!.counts.logged++
    } catch (error) {
      // Where there is no segment, nothing was put into words.
      to = Math.max(to, Math.min(from + SLICE, waiting.length))
      for (let i = from; i < to; i++) waiting[i]!.counts.dropped++
      await this.#failed(error)
    }
    return to
  }

  async #openSegment(): Promise<Segment> {
    const { folder, maxMegabytes, keepDays } = this.#options
    const bytesMax = maxMegabytes * MEGABYTE
    const segmentBytes = this.#segmentBytes
    const nowMs = Date.now()
    const current = this.#segment
    if (current !== undefined && current.bytes < segmentBytes && nowMs - current.begunMs < SEGMENT_MS_MAX) return current
    await this.#endSegment()
    await mkdir(folder, { recursive: true })
    await keepWithin(folder, { bytesMax: bytesMax - segmentBytes, keepMs: keepDays * DAY_MS }, nowMs)
    const file = await open(newSegment(folder, nowMs), 'ax')
    this.#segment = { file, begunMs: nowMs, grounds: new Map(), bytes: 0 }
    await file.writeFile(headLine())
    return this.#segment
  }

  async #endSegment(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    await segment?.file.close().catch(() => undefined)
  }

  /** The segment may end in half a line: nothing is written behind it. */
  async #failed(cause: unknown): Promise<void> {
    await this.#endSegment()
    if (this.#hasFailed) return
    this.#hasFailed = true
    const found = cause instanceof Error ? cause.message : String(cause)
    this.#options.onFailure?.(new PrescoreError('file_unwritable', { where: this.#options.folder, found, cause }))
  }
}

/** With that of its ground before it, where the segment has none. */
function lineOf({ grounds }: Segment, { ground, answer }: Waiting): string {
  const known = grounds.get(ground)
  const number = known ?? grounds.size
  grounds.set(ground, number)
  return `${known === undefined ? groundLine(number, ground) : ''}${answerLine(number, answer)}`
}
