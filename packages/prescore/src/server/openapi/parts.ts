/** Small schemas that others are made of. */
import { nullable, object, orNull, ref, words } from './operation.ts'

export const TEXT = { type: 'string' }
export const INSTANT = { type: 'string', format: 'date-time' }
export const NULLABLE_INSTANT = nullable('string', { format: 'date-time' })
export const WHOLE = { type: 'integer', minimum: 0 }
export const NULLABLE_WHOLE = nullable('integer', { minimum: 0 })
export const RUN_STATE = words('planned', 'staged', 'gated', 'published', 'retired')
export const MODE = words('batch', 'live', 'hybrid')
/** What went wrong. */
export const FAULT = object({ code: ref('ErrorCode'), message: TEXT })
const NEXT = object({ release: TEXT, reason: orNull(FAULT) })
/** Whether a prediction has a live step, and which release is to take over. */
export const LIVE = object({
  ready: { type: 'boolean' },
  release: nullable('string'),
  reason: orNull(FAULT),
  next: {
    ...orNull(NEXT),
    description: 'The published release that is to take over; its reason says why it cannot, null: it is being made ready',
  },
})
