/** The request inputs of a population's keys: those of the key's row in a table, of its last event otherwise. */
import { type Column, isStringColumn, type Kind } from '../expressions/index.ts'
import { isAfter } from '../features/index.ts'
import { NO_KEY } from '../history/index.ts'
import { defaultInputs, type InputValue, inputsJson, type PredictionDefinition, populationInputs } from '../project/index.ts'
import type { KnownChunk, SourceAt } from '../sources/index.ts'
import { inputColumnOf, inputReader } from './inputs.ts'

type Reader = (row: number) => InputValue

/**
 * Among the events of a key the last counts: by event time, then by id, and without an id by the text of the inputs. So neither
 * files nor the order of arrival can show.
 */
export class PopulationInputs {
  readonly #prediction: PredictionDefinition
  /** By input. */
  readonly #columns: readonly (readonly [name: string, kind: Kind, column: string])[]
  readonly #defaults: readonly (readonly [name: string, kind: Kind, value: InputValue])[]
  readonly #id: string | undefined
  /** By input, then by key number; the tie is the event's id. */
  readonly #values: readonly InputValue[][]
  readonly #timeUs: number[] = []
  readonly #ties: InputValue[] = []

  constructor(prediction: PredictionDefinition, { definition }: SourceAt) {
    const { inputs } = prediction
    const sources = [...populationInputs(prediction, definition)].map(([name, column]) => [name, inputs[name] as Kind, column] as const)
    const defaults = defaultInputs(prediction)
    this.#prediction = prediction
    this.#columns = sources.flatMap(([name, kind, column]) => (column === undefined ? [] : [[name, kind, column] as const]))
    this.#defaults = sources.flatMap(([name, kind, column]) =>
      column === undefined ? [[name, kind, defaults[name] ?? null] as const] : [],
    )
    this.#id = this.#columns.length > 0 && definition.type === 'events' ? definition.id : undefined
    this.#values = this.#columns.map(() => [])
  }

  /** Columns of the source that are read. */
  get reads(): readonly string[] {
    return [...this.#columns.map(([, , column]) => column), ...(this.#id === undefined ? [] : [this.#id])]
  }

  /** @param numbers the key number of each row. */
  append(chunk: KnownChunk, numbers: Int32Array): void {
    if (this.#columns.length === 0) return
    const timeUs = chunk.timeUs as Float64Array
    const readers = this.#columns.map(([, kind, column]) => inputReader(chunk.columns.get(`row.${column}`) as Column, kind))
    const tie = this.#id === undefined ? () => null : tieReader(chunk.columns.get(`row.${this.#id}`) as Column)
    for (let row = 0; row < chunk.rows; row++) {
      const number = numbers[row] as number
      if (number === NO_KEY || !this.#isLater(timeUs[row] as number, tie, readers, row, number)) continue
      this.#timeUs[number] = timeUs[row] as number
      this.#ties[number] = tie(row)
      for (let input = 0; input < readers.length; input++) (this.#values[input] as InputValue[])[number] = (readers[input] as Reader)(row)
    }
  }

  /** The inputs of these keys, by name. */
  columns(numbers: Int32Array): readonly (readonly [string, Column])[] {
    const read = this.#columns.map(([name, kind], input) => {
      const values = this.#values[input] as InputValue[]
      return [
        name,
        inputColumnOf(
          kind,
          Array.from(numbers, number => values[number] as InputValue),
        ),
      ] as const
    })
    const filled = this.#defaults.map(([name, kind, value]) => [name, inputColumnOf(kind, new Array(numbers.length).fill(value))] as const)
    return [...read, ...filled]
  }

  #isLater(timeUs: number, tie: Reader, readers: readonly Reader[], row: number, number: number): boolean {
    const before = this.#timeUs[number]
    if (before === undefined || timeUs !== before) return before === undefined || timeUs > before
    if (this.#id !== undefined) return isGreater(tie(row), this.#ties[number] as InputValue)
    return isAfter(
      this.#text(input => (readers[input] as Reader)(row)),
      this.#text(input => (this.#values[input] as InputValue[])[number] as InputValue),
    )
  }

  #text(value: (input: number) => InputValue): string {
    return inputsJson(this.#prediction.inputs, Object.fromEntries(this.#columns.map(([name], input) => [name, value(input)])))
  }
}

function tieReader(ids: Column): Reader {
  return inputReader(ids, isStringColumn(ids) ? 'string' : 'int64')
}

function isGreater(a: InputValue, b: InputValue): boolean {
  return typeof a === 'string' ? isAfter(a, b as string) : (a as number | bigint) > (b as number | bigint)
}
