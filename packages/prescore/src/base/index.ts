export { canonicalText, contentHash } from './canonical.ts'
export { type Clock, type SimulatedClock, simulatedClock, systemClock } from './clock.ts'
export { writeDigits, writePadded } from './digits.ts'
export {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  errorFromJson,
  PrescoreError,
  type Problem,
  problem,
} from './errors.ts'
export { losslessJson, parseLosslessJson } from './json.ts'
export { readJson } from './json-reader.ts'
export { lazily } from './lazily.ts'
export { arraysIn, letGo } from './let-go.ts'
export { makeFolder } from './make-folder.ts'
export { installLine, optionalPackage } from './optional.ts'
export { readAll } from './read-all.ts'
export { checkMade, checkSettings, type Settings } from './settings.ts'
export { shown } from './shown.ts'
export { checkSignal } from './signal.ts'
export { nearest, suggestion } from './suggest.ts'
export { serveTasks, type Tell } from './task-server.ts'
export { type TaskOptions, TaskThread } from './task-thread.ts'
export { asPrescoreError, readOnly, storeUnreadable, unwritable } from './thrown.ts'
export { type DurationText, formatInstant, instantUs, parseDurationUs, parseInstantUs, TIME_US_MAX } from './time.ts'
export { finished, removeScratch, scratchFolder, unfinished, writeWhole } from './unfinished.ts'
export { type Code, type WasmFunction, wasm } from './wasm.ts'
