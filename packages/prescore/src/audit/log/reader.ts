/** Noted answers, read back. A line that a crash cut short is skipped at the end of a segment; any other that cannot be read is counted. */
import { readFile } from 'node:fs/promises'
import { PrescoreError } from '../../base/index.ts'
import { checkHead, type LoggedAnswer, type LoggedGround, readLine } from './record.ts'
import { segmentsIn } from './segments.ts'

export interface WantedAnswers {
  /** Absent: of all predictions. */
  readonly prediction?: string
  /** Given in [fromUs, toUs). */
  readonly fromUs?: number
  readonly toUs?: number
}

/** What was found beside answers. */
export interface Damage {
  /** Lines that cannot be read, though others follow. */
  unreadableLines: number
}

/**
 * In the order in which segments were begun.
 * @throws PrescoreError `store_format` for what another version wrote, `store_unreadable`
 */
export async function* loggedAnswers(folder: string, wanted: WantedAnswers, damage: Damage): AsyncGenerator<LoggedAnswer> {
  for (const file of await segmentsIn(folder)) yield* answersIn(file, await textOf(file), wanted, damage)
}

/** Empty where the log's own bounds have removed the file meanwhile. */
async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new PrescoreError('store_unreadable', { where: file, found: error.message, cause: error })
  })
}

function* answersIn(file: string, text: string, wanted: WantedAnswers, damage: Damage): Generator<LoggedAnswer> {
  const lines = text.split('\n')
  // What follows the last line feed is empty, or half a line.
  lines.pop()
  const [head, ...others] = lines
  if (head === undefined) return
  checkHead(head, file)
  const grounds = new Map<number, LoggedGround>()
  for (const line of others) {
    const answer = answerOf(line, grounds)
    if (answer === undefined) damage.unreadableLines++
    else if (answer !== null && isWanted(answer, wanted)) yield answer
  }
}

/** Null: the line is a ground. Undefined: it cannot be read, or its ground could not. */
function answerOf(line: string, grounds: Map<number, LoggedGround>): LoggedAnswer | null | undefined {
  try {
    const read = readLine(line)
    if ('number' in read) {
      grounds.set(read.number, read.ground)
      return null
    }
    const ground = grounds.get(read.of)
    return ground === undefined ? undefined : { ground, ...read.answer }
  } catch {
    return undefined
  }
}

function isWanted({ ground, atUs }: LoggedAnswer, { prediction, fromUs, toUs }: WantedAnswers): boolean {
  if (prediction !== undefined && ground.prediction !== prediction) return false
  return atUs >= (fromUs ?? Number.NEGATIVE_INFINITY) && atUs < (toUs ?? Number.POSITIVE_INFINITY)
}
