/** Noted live answers, computed again through the path of a batch: what they should have been, and what they would be now. */
import { type Clock, formatInstant, PrescoreError } from '../base/index.ts'
import { blocksOf, evenly } from './blocks.ts'
import { Grounds, type GroundsPlace } from './grounds.ts'
import { type Damage, loggedAnswers, type WantedAnswers } from './log/reader.ts'
import type { AuditReport } from './report.ts'
import { Tally } from './tally.ts'

export interface AuditPlace extends GroundsPlace {
  /** Of the noted answers. */
  readonly folder: string
  readonly clock: Clock
}

export interface AuditRequest extends WantedAnswers {
  /** At most so many answers, evenly spread; absent: all. */
  readonly sample?: number
  /** Told how many answers were looked at so far. */
  readonly onProgress?: (answers: number) => void
}

/** @throws PrescoreError `nothing_logged`, `store_format`, `store_unreadable` */
export async function auditAnswers(place: AuditPlace, request: AuditRequest): Promise<AuditReport> {
  const damage: Damage = { unreadableLines: 0 }
  const grounds = new Grounds(place)
  const tallies = new Map<string, Tally>()
  let answers = 0
  try {
    for await (const block of blocksOf(evenly(loggedAnswers(place.folder, request, damage), request.sample))) {
      const { ground } = block[0]!
      const tally = tallies.get(ground.prediction) ?? new Tally(ground.prediction, place.database)
      tallies.set(ground.prediction, tally)
      await tally.take(block, await grounds.of(ground))
      answers += block.length
      request.onProgress?.(answers)
    }
  } finally {
    await grounds.close()
  }
  const { unreadableLines } = damage
  if (tallies.size === 0 && unreadableLines === 0) throw nothingLogged(place, request)
  const predictions = [...tallies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tally]) => tally.report())
  return { at: formatInstant(place.clock.nowUs()), unreadableLines, predictions }
}

function nothingLogged({ loaded, folder }: AuditPlace, { prediction, fromUs, toUs }: AuditRequest): PrescoreError {
  const isOn = (loaded.definition.monitor?.audit?.sample ?? 0) > 0
  const range = [fromUs, toUs].map((us, i) => (us === undefined ? '' : ` ${i === 0 ? 'from' : 'to'} ${formatInstant(us)}`)).join('')
  return new PrescoreError('nothing_logged', {
    where: folder,
    found: `no answers${prediction === undefined ? '' : ` of ${prediction}`}${range}`,
    expected: 'some of a server that answers live',
    ...(isOn ? { fix: 'Ask a server of this project live; answers are on disk a moment later.' } : {}),
  })
}
