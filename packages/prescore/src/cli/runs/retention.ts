/** How long runs are kept, and what else is collected with them. */
import { PrescoreError, parseDurationUs } from '../../base/index.ts'
import { type Option, type OptionValue, text, wholeNumber } from '../command.ts'

const KEEP = { usual: 10, most: 100_000 }
const OLDER_THAN = '30d'

export interface Retention {
  readonly keep: number
  readonly olderThanUs: number
  /** Events of logs that are older, and stand in the files; undefined: all stay. */
  readonly eventsOlderThanUs: number | undefined
}

/** @throws PrescoreError `wrong_use` */
export function retentionOf(options: Readonly<Record<string, OptionValue>>): Retention {
  const keep = wholeNumber(options.keep, 'keep', 0, KEEP.most) ?? KEEP.usual
  const olderThanUs = ageOf(text(options['older-than']) ?? OLDER_THAN, 'older-than')
  const events = text(options['events-older-than'])
  return { keep, olderThanUs, eventsOlderThanUs: events === undefined ? undefined : ageOf(events, 'events-older-than') }
}

function ageOf(given: string, option: string): number {
  const us = parseDurationUs(given)
  if (us !== undefined) return us
  throw new PrescoreError('wrong_use', { where: `--${option}`, found: given, expected: "a duration, such as '30d'" })
}

/** Of a scheduler: given, it prunes after each run. */
export const RETENTION: Readonly<Record<string, Option>> = {
  keep: { type: 'string', value: 'N', help: 'After each run, prune: of each prediction, so many finished runs stay' },
  'older-than': { type: 'string', value: 'DURATION', help: `With --keep: and whatever is younger (default: ${OLDER_THAN})` },
  'events-older-than': {
    type: 'string',
    value: 'DURATION',
    help: 'With --keep: also drop events of logs that are older and stand in the files (default: all stay)',
  },
}
