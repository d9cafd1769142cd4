/** The steps there are, by name. Another one: its file, and a line here. */
import type { StepName } from '../policy.ts'
import { defaultStep } from './default.ts'
import { liveStep } from './live.ts'
import { memoryStep } from './memory.ts'
import { overrideStep } from './override.ts'
import { staleStep } from './stale.ts'
import type { StepFactory } from './step.ts'
import { storeStep } from './store.ts'

export type { Step } from './step.ts'

export const STEPS: Readonly<Record<StepName, StepFactory>> = {
  override: overrideStep,
  memory: memoryStep,
  store: storeStep,
  live: liveStep,
  stale: staleStep,
  default: defaultStep,
}
