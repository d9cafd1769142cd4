/**
 * Computes cases in every way there is: from files in both of the kernel's ways, on both clocks, and from live state. Those that
 * share a kind of source and an as-of are the keys of one source, and their features those of one group.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asPrescoreError, formatInstant, parseInstantUs } from '../../../src/base/index.ts'
import { type Column, isStringColumn, type Kind } from '../../../src/expressions/index.ts'
import type { ClockName } from '../../../src/features/index.ts'
import { historyFeatures } from '../../../src/history/index.ts'
import { liveGroup, openLiveState } from '../../../src/online/index.ts'
import { Database } from '../../../src/parquet/index.ts'
import {
  type ColumnKind,
  checkProject,
  defineProject,
  entity,
  events,
  func,
  type JoinDefinition,
  type ProjectDefinition,
  prediction,
  table,
} from '../../../src/project/index.ts'
import { pinSource, type SourceAt } from '../../../src/sources/index.ts'
import { columnFrom } from '../../expressions/rows.ts'
import type { Case, CaseEvent } from './read.ts'

const SECOND_US = 1_000_000
/** The as-of of a case that names none. */
const AS_OF = '10'

/** What each way gives of a case, as the page writes it; or the code of the error. */
export interface Computed {
  readonly served: readonly string[]
  readonly corrected: readonly string[]
}

interface Asked {
  readonly cases: number
  readonly project: ProjectDefinition
  readonly group: JoinDefinition
  readonly source: SourceAt
  readonly asOfUs: number
}

/** The values of each case, in one of the ways. */
type Way = readonly string[]

export class Ground {
  readonly #folder = mkdtempSync(join(tmpdir(), 'prescore-cases-'))
  readonly #database: Database
  #sources = 0

  private constructor(database: Database) {
    this.#database = database
  }

  static async open(): Promise<Ground> {
    return new Ground(await Database.open({ threads: 1 }))
  }

  close(): void {
    this.#database.close()
    rmSync(this.#folder, { recursive: true })
  }

  /** In the order of the cases. */
  async compute(cases: readonly Case[]): Promise<readonly Computed[]> {
    // What is refused is asked alone: it would take the others along.
    const together = Map.groupBy(cases, one =>
      /^[a-z]+_[a-z_]+$/.test(one.served) ? one : [one.cells['x is'], one.cells.zone, one.cells['as of']].join('|'),
    )
    const found = new Map<Case, Computed>()
    for (const some of together.values()) (await this.#together(some)).forEach((computed, i) => void found.set(some[i] as Case, computed))
    return cases.map(one => found.get(one) as Computed)
  }

  async #together(cases: readonly Case[]): Promise<readonly Computed[]> {
    try {
      const asked = await this.#ask(cases)
      const refused = checkProject(asked.project).find(({ severity, where }) => severity === 'error' && where.includes('.join.'))
      if (refused !== undefined) return cases.map(() => ({ served: [refused.code], corrected: [refused.code] }))
      const corrected = await this.#fromFiles(asked, 'corrected')
      const served = [...(await this.#fromFiles(asked, 'as-served')), await this.#live(asked)]
      const of = (ways: readonly Way[], i: number) => ways.map(way => way[i] as string)
      return cases.map((_, i) => ({ served: of(served, i), corrected: of(corrected, i) }))
    } catch (error) {
      const { code } = asPrescoreError(error)
      return cases.map(() => ({ served: [code], corrected: [code] }))
    }
  }

  async #ask(cases: readonly Case[]): Promise<Asked> {
    const [{ cells }] = cases as readonly [Case]
    const { zone } = cells
    const file = `cases-${this.#sources++}.ndjson`
    const rows = cases.flatMap((one, key) => one.events.map(event => jsonOf(event, key, zone)))
    writeFileSync(join(this.#folder, file), `${[jsonOf(OTHER, -1, zone), ...rows].join('\n')}\n`)
    const declared = cells['x is'] ?? 'float64'
    const x = declared.split(' ')[0] as ColumnKind
    const columns = { key: 'int64', id: 'string', at: 'timestamp', known: 'timestamp', x } as const
    const shared = { files: file, columns, ...(zone === undefined ? {} : { zone }) }
    const timed = { ...shared, time: 'at' } as const
    const source = declared.includes('table')
      ? table({ ...shared, validFrom: 'at' })
      : declared.includes('without id')
        ? events({ ...timed, arrival: r => r.known })
        : events({ ...timed, id: 'id', arrival: r => r.known })
    const features = cases.map(({ feature }, i) => `v${i}: ${feature}`).join(', ')
    const { default: define } = await import(`data:text/javascript,export default f => ({ ${encodeURIComponent(features)} })`)
    const group = source.by(entity({ key: 'int64' })).features(define)
    const { definition: project } = defineProject({
      sources: { cases: source },
      predictions: {
        case: prediction({
          entity: entity({ key: 'int64' }),
          join: s => ({ group: group.at(s.key) }),
          features: s => ({ key: s.key.key }),
          model: func({ run: () => 0 }),
          policy: { mode: 'live' },
        }),
      },
    })
    const joined = project.predictions.case?.joins.group as JoinDefinition
    const at = { name: 'cases', folder: this.#folder, definition: source.definition }
    return { cases: cases.length, project, group: joined, source: at, asOfUs: momentUs(cells['as of'] ?? AS_OF) }
  }

  /** One as-of for all keys is computed from bands, several are swept: each way by itself. */
  async #fromFiles({ cases, group, source, asOfUs }: Asked, clock: ClockName): Promise<readonly Way[]> {
    const pin = await pinSource(this.#database, source)
    const ask = async (...moments: readonly number[]): Promise<Way> => {
      const keys = Array.from({ length: cases * moments.length }, (_, i) => i % cases)
      const asOf = Float64Array.from(keys, (_, i) => moments[Math.floor(i / cases)] as number)
      const request = { group, keys: [columnFrom({ kind: 'int64' }, keys)], asOfUs: asOf }
      const { features } = await historyFeatures(this.#database, source, pin, [request], { clock })
      return wayOf(cases, group, (column, row) => textAt(features[0]?.[column] as Column, row))
    }
    return [await ask(asOfUs), await ask(asOfUs, asOfUs - SECOND_US, asOfUs + SECOND_US)]
  }

  async #live({ cases, group: joined, source, asOfUs }: Asked): Promise<Way> {
    const group = liveGroup(source, joined)
    const nowUs = asOfUs + 60 * SECOND_US
    const live = openLiveState(join(this.#folder, `live-${this.#sources}`), [group], { clock: { nowUs: () => nowUs } })
    try {
      await live.bootstrap(this.#database, source.name, await pinSource(this.#database, source), nowUs)
      const kinds = live.types(group.name).map(({ kind }) => kind)
      const values = Array.from({ length: cases }, (_, key) => live.read(group.name, { key }, asOfUs))
      return wayOf(cases, joined, (column, key) => textOf(values[key]?.[column], kinds[column] as Kind))
    } finally {
      await live.close()
    }
  }
}

/** So that no file is empty. */
const OTHER: CaseEvent = { at: '0', x: undefined, known: '0', id: 'other' }

/** The features `v<case>…` of each case, for its own key. */
function wayOf(cases: number, { features }: JoinDefinition, textAt: (column: number, key: number) => string): Way {
  const names = Object.keys(features).map(name => Number(/^v(\d+)/.exec(name)?.[1]))
  return Array.from({ length: cases }, (_, key) => names.flatMap((one, column) => (one === key ? [textAt(column, key)] : [])).join(', '))
}

/** Seconds since 1970, or a time of ISO 8601. */
function momentUs(text: string): number {
  const us = /^-?[\d.]+$/.test(text) ? Math.round(Number(text) * SECOND_US) : parseInstantUs(text)
  if (us === undefined) throw new Error(`${text} is no time`)
  return us
}

function jsonOf({ at, x, known, id }: CaseEvent, key: number, zone: string | undefined): string {
  const time = (text: string) => JSON.stringify(/^-?[\d.]+$/.test(text) ? isoOf(momentUs(text), zone) : text)
  const arrival = known === undefined ? 'null' : time(known)
  return `{"key": ${key}, "id": "${key} ${id}", "at": ${time(at)}, "known": ${arrival}, "x": ${jsonValue(x)}}`
}

function isoOf(us: number, zone: string | undefined): string {
  const text = formatInstant(us)
  return zone === undefined ? text : text.replace('Z', '')
}

function jsonValue(x: string | undefined): string {
  if (x === undefined) return 'null'
  if (/^(-?[\d.]+(e\d+)?|true|false)$/.test(x)) return x
  return JSON.stringify(x.endsWith(' s') ? formatInstant(momentUs(x.slice(0, -2))) : x)
}

function textAt(column: Column, row: number): string {
  if (!isStringColumn(column)) return textOf(column.values[row], column.type.kind)
  return textOf(column.dictionary[column.codes[row] as number], 'string')
}

/** Times and durations in seconds, −0 told from 0. */
function textOf(value: unknown, kind: Kind): string {
  if (value === undefined || value === null || Number.isNaN(value)) return 'missing'
  if (Object.is(value, -0)) return '-0'
  if (kind === 'timestamp' || kind === 'duration') return `${Number(value) / SECOND_US} s`
  return kind === 'boolean' ? String(Boolean(value)) : String(value)
}
