/** Data goes to stdout, everything else to stderr, so that pipes stay clean. */
import { stripVTControlCharacters, styleText } from 'node:util'
import type { PrescoreError, Problem } from '../base/index.ts'

/** A progress line is rewritten at most this often; on something that is not a terminal, a line each while. */
const REDRAW_MS = 100
const LINE_MS = 2000

export class Terminal {
  readonly #json: boolean
  readonly #isTerminal = process.stderr.isTTY === true
  #printed = false
  #drawn = false
  #lastMs = performance.now() - REDRAW_MS

  constructor(json: boolean) {
    this.#json = json
  }

  /** The command's one result: JSON with `--json`, otherwise the text. */
  print(data: unknown, text: string): void {
    this.printJson(JSON.stringify(data), text)
  }

  /** Like {@link print}, of a JSON text: int64 keeps its digits. */
  printJson(json: string, text: string): void {
    this.clear()
    this.#printed = true
    process.stdout.write(`${this.#json ? json : text}\n`)
  }

  /** What went wrong. With `--json` it is the result, unless that was printed before. */
  fail(data: unknown, text: string): void {
    if (this.#json && !this.#printed) this.print(data, text)
    else this.note(text)
  }

  /** Something to know on the way. */
  note(text: string): void {
    this.clear()
    process.stderr.write(`${text}\n`)
  }

  /** Whether what happens on the way is told by {@link event}, for programs. */
  get tellsEvents(): boolean {
    return this.#json
  }

  /** With `--json`, what happens on the way goes to stderr as one JSON document a line. */
  event(data: object): void {
    if (this.#json) process.stderr.write(`${JSON.stringify(data)}\n`)
  }

  /** A line that is rewritten in place. */
  progress(text: string): void {
    const nowMs = performance.now()
    if (nowMs - this.#lastMs < (this.#isTerminal ? REDRAW_MS : LINE_MS)) return
    this.#lastMs = nowMs
    if (!this.#isTerminal) {
      process.stderr.write(`${text}\n`)
      return
    }
    this.clear()
    process.stderr.write(text)
    this.#drawn = true
  }

  /** Takes the progress line away. */
  clear(): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K')
    this.#drawn = false
  }
}

/** Colour on a terminal only, and never with NO_COLOR. */
export function emphasis(
  style: 'bold' | 'red' | 'green' | 'yellow' | 'dim',
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(style, text, { stream, validateStream: true })
}

/** Columns padded to their widest cell, without its colours; numbers are the caller's to format. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => widthOf(row[i] ?? ''))))
  return rows
    .map(row =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] as number) - widthOf(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length
}

/** One problem: what, where, found, expected, what to do. */
export function problemText({ code, severity, where, found, expected, fix }: Problem, stream: NodeJS.WriteStream = process.stdout): string {
  const sign = severity === 'error' ? emphasis('red', 'error', stream) : emphasis('yellow', 'warning', stream)
  return `${sign} ${code} at ${where}\n    found     ${found}\n    expected  ${expected}\n    ${emphasis('dim', `→ ${fix}`, stream)}`
}

/** An error that ended a command, after the problems that it is made of. */
export function failureText(error: PrescoreError, stream: NodeJS.WriteStream): string {
  const { problems = [] } = error.details
  const head = `${emphasis('red', 'error', stream)} ${error.code}: ${error.message}\n    → ${problems.length === 0 ? error.fix : 'Mend what is listed above.'}`
  return [...problems.map(each => problemText(each, stream)), head].join('\n')
}

export function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** `1 source`, `2,000 sources` */
export function numbered(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? '' : 's'}`
}

export function shortHash(hash: string): string {
  return hash.slice(0, 12)
}

export function seconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.5 MB` */
export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return `${power === 0 ? count(bytes) : (bytes / 1000 ** power).toPrecision(3)} ${UNITS[power]}`
}
