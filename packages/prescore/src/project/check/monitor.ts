import { shown } from '../../base/index.ts'
import type { MonitorDefinition } from '../types.ts'
import type { Checker } from './checker.ts'

const KEEP_DAYS_MAX = 3_650
const MEGABYTES_MAX = 1_000_000

export function checkMonitor(check: Checker, monitor: MonitorDefinition): void {
  if (monitor.audit === undefined) return
  const { sample, keepDays, maxMegabytes } = monitor.audit
  if (typeof sample !== 'number')
    check.add(
      'invalid_value',
      'monitor.audit.sample',
      shown(sample),
      'a share from 0 to 1',
      'Write `sample: 0.01` for one key in a hundred.',
    )
  else check.share(sample, 'monitor.audit.sample')
  within(check, keepDays, KEEP_DAYS_MAX, 'monitor.audit.keepDays', 'days')
  within(check, maxMegabytes, MEGABYTES_MAX, 'monitor.audit.maxMegabytes', 'megabytes')
}

function within(check: Checker, value: number, most: number, where: string, unit: string): void {
  if (!(value >= 1 && value <= most)) check.add('invalid_value', where, shown(value), `from 1 to ${most} ${unit}`)
}
