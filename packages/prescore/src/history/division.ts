/**
 * Divides the keys of some groups over parts, so that the database can tell of each row that it reads whether a part needs it: then a
 * part costs little more than what is decoded for it.
 */
import { type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { type Database, identifier } from '../parquet/index.ts'
import type { FeatureGroupDefinition, SourceDefinition } from '../project/index.ts'
import type { RowsNeeded } from '../sources/index.ts'
import { TextPlaces } from './text-places.ts'

/** A prime: keys that follow a pattern are divided evenly. */
const PLACES = 65_521
const FACTOR = 40_503

export class Division {
  readonly parts: number
  readonly #source: SourceDefinition
  /** Of each group, the columns of its key by which it is divided: their places in the entity's order, and their names in the source. */
  readonly #by: readonly (readonly (readonly [at: number, column: string])[])[]

  readonly #texts = new TextPlaces(PLACES)

  /** @param groups of this source. Where their keys share columns those divide all of them, so that their parts need the same rows. */
  constructor(source: SourceDefinition, groups: readonly FeatureGroupDefinition[], parts: number) {
    this.parts = parts
    this.#source = source
    const columns = groups.map(({ entity, by }) => Object.keys(entity).map(name => by[name] ?? name))
    const shared = (columns[0] ?? []).filter(column => columns.every(each => each.includes(column)))
    const told = (all: readonly string[]) => all.filter(column => Object.hasOwn(source.columns, column))
    const used = told(shared)
    this.#by = columns.map(all => (used.length > 0 ? used : told(all)).map(column => [all.indexOf(column), column] as const))
  }

  /**
   * That some group needs a row for these parts; a row without a key goes with some part too. Undefined: all rows, or it cannot be told,
   * for a key is derived from other columns.
   */
  condition(parts: readonly number[]): RowsNeeded | undefined {
    if (parts.length === this.parts || this.#by.some(columns => columns.length === 0)) return undefined
    const conditions = this.#by.map(columns => {
      const place = columns.map(([, column]) => this.#placeSql(column)).reduce((before, each) => `((${before} * 31 + ${each}) % ${PLACES})`)
      return `(${place} * ${FACTOR} % ${PLACES}) % ${this.parts} IN (${parts.join(', ')})`
    })
    const sql = `(${[...new Set(conditions)].join(' OR ')})`
    return { sql, among: this.#among(parts), share: parts.length / this.parts }
  }

  /** What {@link condition} says, of integers; the places of texts are the database's to tell, and who reads without it reads all. */
  #among(parts: readonly number[]): NonNullable<RowsNeeded['among']> {
    const by = [...new Map(this.#by.map(columns => [columns.map(([, name]) => name).join('\0'), columns.map(([, name]) => name)])).values()]
    if (by.flat().some(column => this.#source.columns[column] === 'string')) return () => undefined
    const isOwn = new Uint8Array(PLACES)
    for (let place = 0; place < PLACES; place++) if (parts.includes(((place * FACTOR) % PLACES) % this.parts)) isOwn[place] = 1
    let room = new Int32Array(0)
    return chunk => {
      const places = by.map(columns => columns.map(name => placesOfIntegers(chunk.columns.get(name) as NumberColumn)).reduce(combined))
      if (room.length < chunk.rows) room = new Int32Array(chunk.rows)
      const kept = room
      let count = 0
      for (let row = 0; row < chunk.rows; row++) {
        for (const each of places) {
          if (isOwn[each[row] as number] === 0) continue
          kept[count++] = row
          break
        }
      }
      return kept.subarray(0, count)
    }
  }

  /** The part of each key of a group. A key with a missing column has no events, and may be of any part. */
  async partsOf(database: Database, group: number, keys: readonly Column[], rows: number): Promise<Int32Array> {
    if (this.parts === 1) return new Int32Array(rows)
    const told = (this.#by[group] ?? []).map(([at]) => at)
    const only = told.length === 1 ? keys[told[0] as number] : undefined
    if (only !== undefined && isStringColumn(only)) {
      const partOfCode = this.#partsAt(await this.#texts.placesOf(database, only.dictionary))
      const parts = new Int32Array(rows)
      // Without a text: as place 0.
      for (let i = 0; i < rows; i++) parts[i] = (only.codes[i] as number) < 0 ? 0 : (partOfCode[only.codes[i] as number] as number)
      return parts
    }
    let places: Float64Array | undefined
    for (const at of told.length === 0 ? keys.keys() : told) {
      const column = keys[at] as Column
      const more = isStringColumn(column) ? await this.#placesOfTexts(database, column) : placesOfIntegers(column)
      places = places === undefined ? more : combined(places, more)
    }
    return places === undefined ? new Int32Array(rows) : this.#partsAt(places.subarray(0, rows))
  }

  #partsAt(places: Float64Array): Int32Array {
    const parts = new Int32Array(places.length)
    for (let i = 0; i < parts.length; i++) parts[i] = (((places[i] as number) * FACTOR) % PLACES) % this.parts
    return parts
  }

  async #placesOfTexts(database: Database, { codes, dictionary }: StringColumn): Promise<Float64Array> {
    const known = await this.#texts.placesOf(database, dictionary)
    const places = new Float64Array(codes.length)
    for (let i = 0; i < places.length; i++) places[i] = (codes[i] as number) < 0 ? 0 : (known[codes[i] as number] as number)
    return places
  }

  /** Who needs events of keys of one integer column. @param parts of each owner those that it has */
  owners(parts: readonly (readonly number[])[]): Owners {
    const ownerOfPart = new Int32Array(this.parts).fill(-1)
    parts.forEach((own, owner) => {
      for (const part of own) ownerOfPart[part] = owner
    })
    return new Owners(Int32Array.from({ length: PLACES }, (_, place) => ownerOfPart[((place * FACTOR) % PLACES) % this.parts] as number))
  }

  #placeSql(column: string): string {
    const sql = identifier(column)
    const isText = this.#source.columns[column] === 'string'
    return isText ? `CAST(hash(CAST(${sql} AS VARCHAR)) % ${PLACES} AS BIGINT)` : `coalesce(abs(CAST(${sql} AS BIGINT) % ${PLACES}), 0)`
  }
}

/** Who needs events of which keys. */
export class Owners {
  readonly #ownerOfPlace: Int32Array
  #owners = new Int32Array(0)

  constructor(ownerOfPlace: Int32Array) {
    this.#ownerOfPlace = ownerOfPlace
  }

  /** By row; below 0: nobody, or no key. Valid until the next call. @param keys safe integers; NaN: none */
  of(keys: Float64Array, rows: number): Int32Array {
    if (this.#owners.length < rows) this.#owners = new Int32Array(rows)
    const [owners, ownerOfPlace] = [this.#owners, this.#ownerOfPlace]
    for (let row = 0; row < rows; row++) {
      const key = keys[row] as number
      const small = key | 0
      const place = small === key ? small % PLACES : key % PLACES
      owners[row] = key === key ? (ownerOfPlace[place < 0 ? -place : place] as number) : -1
    }
    return owners
  }
}

/** The place of keys of several columns. */
function combined(places: Float64Array, more: Float64Array): Float64Array {
  return places.map((place, i) => (place * 31 + (more[i] as number)) % PLACES)
}

function placesOfIntegers({ values, exact }: NumberColumn): Float64Array {
  const places = new Float64Array(values.length)
  for (let i = 0; i < places.length; i++) {
    const value = values[i] as number
    const small = value | 0
    if (small === value) places[i] = Math.abs(small % PLACES)
    else if (Number.isNaN(value)) places[i] = 0
    else
      places[i] = Math.abs(
        exact === undefined || Number.isSafeInteger(value) ? value % PLACES : Number((exact[i] as bigint) % BigInt(PLACES)),
      )
  }
  return places
}
