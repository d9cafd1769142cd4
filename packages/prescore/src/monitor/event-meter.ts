/** What became of the events that were posted to a source. */
import type { AppendResult } from '../sources/index.ts'
import { increase } from './answer-meter.ts'

export class EventMeter {
  accepted = 0
  late = 0
  duplicate = 0
  /** By code. */
  readonly rejected = new Map<string, number>()

  appended({ accepted, late, duplicate, rejected }: AppendResult): void {
    this.accepted += accepted
    this.late += late
    this.duplicate += duplicate
    for (const { code } of rejected) increase(this.rejected, code)
  }
}
