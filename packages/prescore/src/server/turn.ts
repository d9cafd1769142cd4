/**
 * The end of a turn of the event loop: what has arrived by then is answered in one go, and what was answered is written in one go.
 * Each written in between would wake its reader, who takes the processor from the requests that wait; and code that runs again at
 * once finds itself in the processor's cache.
 */

/** Text that waits to be written at most, while more is answered. */
const WAITING_CHARS_MAX = 64 * 1024

const answering: (() => void)[] = []
let writing: (() => void)[] = []
let waitingChars = 0
let isPlanned = false

/** @param answer must not throw. */
export function answerAtEnd(answer: () => void): void {
  answering.push(answer)
  plan()
}

/**
 * Once much waits to be written, it is written at once: who was answered first does not wait for all.
 * @param chars how many are written
 */
export function writeAtEnd(write: () => void, chars: number): void {
  writing.push(write)
  waitingChars += chars
  if (waitingChars > WAITING_CHARS_MAX) writeAll()
  else plan()
}

function plan(): void {
  if (isPlanned) return
  isPlanned = true
  setImmediate(end)
}

function end(): void {
  for (const answer of answering.splice(0)) answer()
  writeAll()
  isPlanned = false
  if (answering.length > 0 || writing.length > 0) plan()
}

function writeAll(): void {
  const all = writing
  writing = []
  waitingChars = 0
  for (const write of all) write()
}
