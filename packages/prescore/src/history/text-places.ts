/** Where the texts of keys go: the database's own hash of each, so that it can tell the same of the rows that it reads. */
import { type Database, duckdb } from '../parquet/index.ts'

const AT_ONCE = 50_000
/** Texts that dictionaries have in common are asked for once. Of so many it is remembered: where there are more, they are seldom the same. */
const REMEMBERED = 50_000

export class TextPlaces {
  readonly #places: number
  readonly #ofDictionary = new WeakMap<readonly string[], Float64Array>()
  readonly #ofText = new Map<string, number>()

  /** @param places how many there are */
  constructor(places: number) {
    this.#places = places
  }

  /** By code. */
  async placesOf(database: Database, dictionary: readonly string[]): Promise<Float64Array> {
    // It only grows.
    const known = this.#ofDictionary.get(dictionary) ?? new Float64Array(0)
    if (known.length === dictionary.length) return known
    const places = new Float64Array(dictionary.length)
    places.set(known)
    const unknown: number[] = []
    for (let code = known.length; code < places.length; code++) {
      const place = this.#ofText.get(dictionary[code] as string)
      if (place === undefined) unknown.push(code)
      else places[code] = place
    }
    for (let from = 0; from < unknown.length; from += AT_ONCE)
      await this.#ask(database, dictionary, unknown.slice(from, from + AT_ONCE), places)
    this.#ofDictionary.set(dictionary, places)
    return places
  }

  async #ask(database: Database, dictionary: readonly string[], codes: readonly number[], places: Float64Array): Promise<void> {
    const texts = codes.map(code => dictionary[code] as string)
    const sql = `SELECT CAST(hash(text) % ${this.#places} AS INTEGER) AS place FROM (SELECT unnest($1) AS text)`
    const found = await database.withConnection(async connection => {
      const { LIST, listValue, VARCHAR } = duckdb()
      const result = await connection.runAndReadAll(sql, [listValue(texts)], [LIST(VARCHAR)])
      return (result.getColumns()[0] ?? []) as number[]
    })
    codes.forEach((code, i) => {
      const place = found[i] as number
      places[code] = place
      if (this.#ofText.size < REMEMBERED) this.#ofText.set(texts[i] as string, place)
    })
  }
}
