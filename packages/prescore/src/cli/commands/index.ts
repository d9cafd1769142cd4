/** The commands, in the order in which a newcomer meets them. */
import type { Command } from '../command.ts'
import { audit } from './audit.ts'
import { check } from './check.ts'
import { completion } from './completion.ts'
import { dataset } from './dataset.ts'
import { events } from './events.ts'
import { explainFeaturesCommand } from './explain-features.ts'
import { get } from './get.ts'
import { init } from './init.ts'
import { publish } from './publish.ts'
import { release } from './release.ts'
import { replay } from './replay.ts'
import { rollback } from './rollback.ts'
import { run } from './run.ts'
import { runs } from './runs.ts'
import { schedule } from './schedule.ts'
import { serve } from './serve.ts'
import { shard } from './shard.ts'
import { status } from './status.ts'
import { types } from './types.ts'

export const COMMANDS: readonly Command[] = [
  init,
  check,
  dataset,
  release,
  run,
  shard,
  runs,
  publish,
  rollback,
  get,
  explainFeaturesCommand,
  events,
  replay,
  serve,
  schedule,
  status,
  audit,
  types,
  completion(() => COMMANDS),
]
