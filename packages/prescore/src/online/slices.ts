/** Work that lets others have their turn now and then. */
import { setImmediate as turn } from 'node:timers/promises'

/** After so long, whoever waits has a turn. */
const SLICE_MS = 5

export class Slices {
  /** When the one at hand is to end. */
  endsAtMs: number = performance.now() + SLICE_MS

  get isOver(): boolean {
    return performance.now() >= this.endsAtMs
  }

  async next(): Promise<void> {
    await turn()
    this.endsAtMs = performance.now() + SLICE_MS
  }
}
