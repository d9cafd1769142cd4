/** The log of `prescore serve`: one JSON object a line on stderr. At `info` and above it holds no key and no input of a request. */
import { type Logger, pino, stdTimeFunctions } from 'pino'
import type { PrescoreError, Problem } from '../base/index.ts'
import type { ScheduleEvent } from '../schedule/index.ts'
import type { AnsweredRequest } from '../server/index.ts'
import { eventJson, eventText } from './schedule/scheduling.ts'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export class ServeLog {
  readonly #logger: Logger
  readonly isDebug: boolean

  constructor(level: LogLevel) {
    const options = {
      level,
      base: { pid: process.pid },
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
    }
    // Synchronous: what was logged is there when the process dies.
    this.#logger = pino(options, pino.destination({ dest: 2, sync: true }))
    this.isDebug = level === 'debug'
  }

  /** A defect, with all that is known of it: the client got the id and no more. */
  readonly defect = (error: PrescoreError, requestId?: string): void => {
    this.#logger.error({ requestId, code: error.code, fix: error.fix, stack: error.stack, causes: causesOf(error, true) }, error.message)
  }

  readonly failure = (where: string, error: PrescoreError): void => {
    this.#logger.warn(
      { where, code: error.code, fix: error.fix, causes: causesOf(error, this.isDebug) },
      `not answered live: ${error.message}`,
    )
  }

  /** The end of a failure stands where its beginning does. */
  readonly back = (where: string): void => {
    this.#logger.warn({ where }, 'answered live again: it can be read')
  }

  readonly warning = ({ code, where, found, expected, fix }: Problem): void => {
    this.#logger.warn({ where, code, fix }, `${where}: ${found}; expected ${expected}`)
  }

  /** What went wrong is told as a warning, the rest as it goes. */
  scheduled(event: ScheduleEvent): void {
    const isWrong = ['stuck', 'skipped', 'kept'].includes(event.event) || (event.event === 'ended' && event.outcome !== 'done')
    this.#logger[isWrong ? 'warn' : 'info'](eventJson(event), eventText(event))
  }

  readonly unlogged = (error: PrescoreError): void => {
    this.#logger.warn(
      { code: error.code, fix: error.fix, causes: causesOf(error, this.isDebug) },
      `answers are not noted for audits: ${error.message}`,
    )
  }

  /** With its address, which holds keys: for debugging only. */
  readonly answered = ({ requestId, method, url, status, ms }: AnsweredRequest): void => {
    this.#logger.debug({ requestId, method, url, status, ms }, 'answered')
  }

  note(message: string, data: object = {}): void {
    this.#logger.info(data, message)
  }
}

/** What lies behind an error, the nearest first, with its stacks where they are asked for: only a defect is looked for in the code. Undefined: nothing does. */
function causesOf({ cause }: Error, hasStacks: boolean): string[] | undefined {
  const causes: string[] = []
  for (let at: unknown = cause; at !== undefined && causes.length < 5; at = at instanceof Error ? at.cause : undefined)
    causes.push(at instanceof Error ? ((hasStacks ? at.stack : undefined) ?? at.message) : String(at))
  return causes.length === 0 ? undefined : causes
}
