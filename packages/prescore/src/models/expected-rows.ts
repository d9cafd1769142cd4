/**
 * Rows with what the training framework answered, beside the model: `late.expected.json` beside `late.onnx`. Converters
 * lose things silently (skl2onnx, which way missing values go in a forest), and nothing else can show it.
 */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { PrescoreError } from '../base/index.ts'
import type { ModelDefinition } from '../project/index.ts'

export interface ExpectedRows {
  /** Its name, without the folder. */
  readonly file: string
  /** Who gave the answers. */
  readonly framework: string
  /** The output that they are whole rows of. */
  readonly output: string
  /** Greatest difference: absolute, and relative for answers beyond ±1. */
  readonly tolerance: number
  readonly count: number
  /** count × features, NaN is missing. */
  readonly rows: Float64Array
  /** count × width. */
  readonly answers: Float64Array
  readonly width: number
}

const TOLERANCE = 1e-5

/** @throws PrescoreError `expected_rows` when there is such a file, and it does not fit the model's features or is malformed */
export async function readExpectedRows(
  modelFile: string,
  definition: ModelDefinition,
  featureNames: readonly string[],
): Promise<ExpectedRows | undefined> {
  const file = modelFile.replace(/(\.onnx)?$/, '.expected.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw unfit(basename(file), error.message, 'a readable file')
  })
  return text === undefined ? undefined : parse(text, basename(file), definition, featureNames)
}

function parse(text: string, file: string, definition: ModelDefinition, featureNames: readonly string[]): ExpectedRows {
  const found = objectOf(text, file)
  checkNames(found.features, featureNames, file)
  const rows = tableOf(found.rows, featureNames.length, `${file}, \`rows\``)
  const answers = Array.isArray(found.expected) ? found.expected : []
  const width = Array.isArray(answers[0]) ? answers[0].length : 1
  const table = tableOf(width === 1 ? answers.map(each => (Array.isArray(each) ? each : [each])) : answers, width, `${file}, \`expected\``)
  if (rows.length !== table.length) throw unfit(file, `${rows.length} rows and ${table.length} answers`, 'an answer for each row')
  return {
    file,
    framework: typeof found.framework === 'string' ? found.framework : 'the training framework',
    output: textOf(found.output, definition.output, `${file}, \`output\``),
    tolerance: toleranceOf(found.tolerance, file),
    count: rows.length,
    rows: Float64Array.from(rows.flat()),
    answers: Float64Array.from(table.flat()),
    width,
  }
}

function objectOf(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    throw unfit(file, (error as Error).message, 'one JSON object')
  }
  throw unfit(file, 'no JSON object', 'one with `rows` and `expected`')
}

/** The order of the features is what the answers hang on. */
function checkNames(names: unknown, featureNames: readonly string[], file: string): void {
  if (names === undefined) return
  const given: readonly unknown[] = Array.isArray(names) ? names : []
  const length = Math.max(given.length, featureNames.length)
  const at = Array.from({ length }, (_, i) => i).find(i => given[i] !== featureNames[i])
  if (at !== undefined) {
    const nameOf = (name: unknown) => (typeof name === 'string' ? `\`${name}\`` : 'none')
    throw unfit(`${file}, \`features\``, `${nameOf(given[at])} as feature ${at + 1}`, nameOf(featureNames[at]))
  }
}

/** Rows of numbers; null is missing. */
function tableOf(table: unknown, width: number, where: string): number[][] {
  if (!Array.isArray(table) || table.length === 0) throw unfit(where, 'no rows', 'an array of rows')
  return table.map((row: unknown, i) => {
    const sound = Array.isArray(row) && row.length === width && row.every(value => value === null || typeof value === 'number')
    if (!sound) throw unfit(`${where}, row ${i}`, JSON.stringify(row)?.slice(0, 60) ?? 'nothing', `${width} numbers or nulls`)
    return (row as (number | null)[]).map(value => value ?? Number.NaN)
  })
}

function textOf(value: unknown, otherwise: string, where: string): string {
  if (value === undefined) return otherwise
  if (typeof value === 'string') return value
  throw unfit(where, JSON.stringify(value), "an output's name")
}

function toleranceOf(value: unknown, file: string): number {
  if (value === undefined) return TOLERANCE
  if (typeof value === 'number' && value >= 0) return value
  throw unfit(`${file}, \`tolerance\``, JSON.stringify(value), 'a number, 0 or more')
}

function unfit(where: string, found: string, expected: string): PrescoreError {
  return new PrescoreError('expected_rows', { where, found, expected })
}

/** How far off the worst answer is. */
export interface ExpectedMatch {
  readonly file: string
  readonly framework: string
  readonly count: number
  readonly tolerance: number
  readonly worst: number
}

/**
 * @param values what the model gives for the rows
 * @throws PrescoreError `expected_rows` (rows of another width), `expected_differ` with the worst row
 */
export function matchExpected(expected: ExpectedRows, values: ArrayLike<number>, featureNames: readonly string[]): ExpectedMatch {
  const { file, framework, count, tolerance, answers, width } = expected
  if (values.length !== answers.length) {
    throw unfit(file, `${width} values a row`, `${values.length / count}, as output \`${expected.output}\` has`)
  }
  const offs = Array.from(answers, (answer, i) => offOf(values[i] as number, answer))
  const at = offs.reduce((worst, off, i) => (off > (offs[worst] as number) ? i : worst), 0)
  const worst = offs[at] as number
  if (!(worst <= tolerance)) throw differs(expected, values, offs, at, featureNames)
  return { file, framework, count, tolerance, worst }
}

function offOf(value: number, answer: number): number {
  if (Object.is(value, answer) || (value !== value && answer !== answer)) return 0
  const off = Math.abs(value - answer) / Math.max(1, Math.abs(answer))
  return off === off ? off : Number.POSITIVE_INFINITY
}

function differs(
  { file, framework, count, tolerance, rows, answers, width }: ExpectedRows,
  values: ArrayLike<number>,
  offs: readonly number[],
  at: number,
  featureNames: readonly string[],
): PrescoreError {
  const row = Math.floor(at / width)
  const isOff = (i: number) => offs.slice(i * width, (i + 1) * width).some(off => off > tolerance)
  const off = Array.from({ length: count }, (_, i) => i).filter(isOff)
  const missingOf = (i: number) => featureNames.filter((_, f) => Number.isNaN(rows[i * featureNames.length + f] as number))
  return new PrescoreError('expected_differ', {
    where: `${file}, row ${row}${width > 1 ? `, value ${at % width}` : ''}`,
    found: `${values[at]}; ${off.length} of ${count} rows differ`,
    expected: `${answers[at]} as ${framework} gave, within ${tolerance}`,
    ...(off.every(i => missingOf(i).length > 0) ? { fix: missingFix(missingOf(row)) } : {}),
  })
}

function missingFix(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return `Only rows with something missing differ (here: ${shown}): the converter lost which way missing values go. Give such features a default and train on it, or convert with another tool.`
}
