/** Takes blocks off the disk whose events were all dropped long enough ago, with the ids of these events. */
import { blockTimes, firstKeyFrom } from './block-key.ts'
import type { Layouts } from './declaration.ts'
import type { LogEnvironment } from './environment.ts'
import type { GroupCommit } from './group-commit.ts'
import { idKey } from './ids.ts'
import { segmentsOf } from './segment.ts'

/** Blocks of one transaction: some 10,000 events with their ids, so that other writers wait no longer than some 50 ms. */
const BLOCKS_PER_COMMIT = 8

/** What {@link freeBlocks} would take off the disk. */
export function freeable(environment: LogEnvironment, beforeUs: number): { readonly events: number; readonly bytes: number } {
  environment.refresh()
  let [events, bytes] = [0, 0]
  for (const key of keysBefore(environment, beforeUs)) {
    const block = environment.readBlock(key)
    if (block === undefined) continue
    bytes += block.length
    for (const { rows } of segmentsOf(block, environment.folder)) events += rows
  }
  return { events, bytes }
}

/** @returns how many events left the disk */
export async function freeBlocks(
  environment: LogEnvironment,
  layouts: Layouts,
  commits: GroupCommit,
  id: string | undefined,
  beforeUs: number,
): Promise<number> {
  environment.refresh()
  environment.forgetDeadReaders()
  const keys = keysBefore(environment, beforeUs)
  let events = 0
  for (let i = 0; i < keys.length; i += BLOCKS_PER_COMMIT) {
    const some = keys.slice(i, i + BLOCKS_PER_COMMIT)
    events += await commits.run(0, () => some.reduce((sum, key) => sum + freeBlock(environment, layouts, key, id), 0))
  }
  return events
}

function keysBefore(environment: LogEnvironment, beforeUs: number): readonly Buffer[] {
  return environment.blockKeys(firstKeyFrom(0)).filter(key => blockTimes(key).maxTimeUs < beforeUs)
}

function freeBlock(environment: LogEnvironment, layouts: Layouts, key: Buffer, id: string | undefined): number {
  const block = environment.readBlock(key)
  // It has grown meanwhile, and bears another key.
  if (block === undefined) return 0
  let events = 0
  for (const { layout: number, rows, at } of segmentsOf(block, environment.folder)) {
    events += rows
    const layout = layouts.get(number)
    const column = id === undefined ? undefined : layout.column(id)
    if (column === undefined) continue
    const starts = layout.rowStarts(block, at, rows)
    for (let row = 0; row < rows; row++) environment.removeId(idKey(layout, column, block, starts[row] as number))
  }
  environment.removeBlock(key)
  return events
}
