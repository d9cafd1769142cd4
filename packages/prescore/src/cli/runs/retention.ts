/** How long runs are kept. */
import { PrescoreError, parseDurationUs } from '../../base/index.ts'
import { type Option, type OptionValue, text, wholeNumber } from '../command.ts'

const KEEP = { usual: 10, most: 100_000 }
const OLDER_THAN = '30d'

export interface Retention {
  readonly keep: number
  readonly olderThanUs: number
}

/** @throws PrescoreError `wrong_use` */
export function retentionOf(options: Readonly<Record<string, OptionValue>>): Retention {
  const keep = wholeNumber(options.keep, 'keep', 0, KEEP.most) ?? KEEP.usual
  const olderThanUs = parseDurationUs(text(options['older-than']) ?? OLDER_THAN)
  if (olderThanUs !== undefined) return { keep, olderThanUs }
  throw new PrescoreError('wrong_use', {
    where: '--older-than',
    found: String(options['older-than']),
    expected: "a duration, such as '30d'",
  })
}

/** Of a scheduler: given, it prunes after each run. */
export const RETENTION: Readonly<Record<string, Option>> = {
  keep: { type: 'string', value: 'N', help: 'After each run, prune: of each prediction, so many finished runs stay' },
  'older-than': { type: 'string', value: 'DURATION', help: `With --keep: and whatever is younger (default: ${OLDER_THAN})` },
}
