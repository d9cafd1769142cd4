/**
 * The memory of what DuckDB hands over is freed when JavaScript's garbage is collected, and hardly any of it is JavaScript's: left to
 * itself, V8 collects only once a hundred megabytes and more wait in each thread. Whoever streams much asks for a collection now and then;
 * of what is young and was let go at once it takes a fraction of a millisecond.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { readonly type: 'minor' | 'major' }) => void

let collect: Collect | undefined

/** Frees what was let go since the last time. */
export function freeLetGo(): void {
  collect ??= exposed()
  collect({ type: 'minor' })
}

/** The same of what is old, as memory that threads share: tens of milliseconds, for who has let go of very much at once. */
export function freeAllLetGo(): void {
  collect ??= exposed()
  collect({ type: 'major' })
}

function exposed(): Collect {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as Collect
}
