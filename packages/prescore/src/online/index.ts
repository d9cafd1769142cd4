export { Feed, type FeedParts } from './feed.ts'
export { liveGroup } from './live-group.ts'
export { openLiveState } from './live-state.ts'
export {
  type BootstrapProgress,
  type LiveGroup,
  type LiveKey,
  type LiveState,
  type LiveStateOptions,
  type LiveValue,
  type PositionedChunk,
  STATE_FORMAT,
} from './types.ts'
