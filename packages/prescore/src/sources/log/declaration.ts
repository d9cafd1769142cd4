/**
 * What a log was declared as: its time, its id, and each layout that its rows have. Columns may be added, left out and put
 * in another order over time; rows without a column that is declared now are missing there.
 */
import { contentHash, PrescoreError } from '../../base/index.ts'
import type { SourceDefinition } from '../../project/index.ts'
import type { LogEnvironment } from './environment.ts'
import { Layout, type LayoutColumns } from './layout.ts'

/** What must stay as it is while a log has events. */
interface Fixed {
  readonly time: string
  /** How a derived event time is computed. */
  readonly timeHash?: string
  readonly id?: string
}

interface Declaration extends Fixed {
  readonly layouts: readonly LayoutColumns[]
}

const LAYOUTS_MAX = 65_536

/** The layouts of a log by their numbers, and the one that new rows get. */
export class Layouts {
  /** Of new rows. */
  readonly current: Layout
  readonly #environment: LogEnvironment
  readonly #where: string
  readonly #definition: SourceDefinition
  #layouts: readonly Layout[] = []

  /** Records the declaration, unless the log can only be read. @throws PrescoreError `log_mismatch` when the log's events do not fit it */
  constructor(environment: LogEnvironment, where: string, definition: SourceDefinition) {
    this.#environment = environment
    this.#where = where
    this.#definition = definition
    this.current = environment.isReadOnly ? this.#place().layout : environment.transactionSync(() => this.#record())
  }

  /** @throws PrescoreError `store_unreadable` */
  get(number: number): Layout {
    if (this.#layouts[number] === undefined) this.#layouts = storedLayouts(this.#environment)
    const layout = this.#layouts[number]
    if (layout !== undefined) return layout
    throw new PrescoreError('store_unreadable', { where: this.#environment.folder, found: `events of an unknown layout ${number}` })
  }

  /**
   * Before the first event: another process may have opened the empty log with another declaration meanwhile.
   * @throws PrescoreError `log_mismatch`
   */
  confirm(): void {
    const stored = read(this.#environment)
    if (stored !== undefined) checkFit(stored, this.#definition, this.#where)
    if (JSON.stringify(stored?.layouts[this.current.number]) === JSON.stringify(Object.entries(this.#definition.columns))) return
    throw new PrescoreError('log_mismatch', { where: this.#where, found: 'columns that another process declared otherwise' })
  }

  #record(): Layout {
    const { layout, layouts } = this.#place()
    if (layout.number < layouts.length) return layout
    if (layouts.length === LAYOUTS_MAX)
      throw new PrescoreError('log_mismatch', { where: this.#where, found: `${LAYOUTS_MAX} declarations before` })
    const columns = Object.entries(this.#definition.columns)
    this.#environment.writeDeclaration(JSON.stringify({ ...fixedOf(this.#definition), layouts: [...layouts, columns] }))
    return layout
  }

  /** The layout of what is declared now: one of those that are stored, or the next. */
  #place(): { readonly layout: Layout; readonly layouts: readonly LayoutColumns[] } {
    const columns = Object.entries(this.#definition.columns)
    const layouts = this.#storedColumns()
    const known = layouts.findIndex(layout => JSON.stringify(layout) === JSON.stringify(columns))
    return { layout: new Layout(known === -1 ? layouts.length : known, columns), layouts }
  }

  /** An empty log forgets a declaration that does not fit. */
  #storedColumns(): readonly LayoutColumns[] {
    const stored = read(this.#environment)
    if (stored === undefined) return []
    const isEmpty = this.#environment.readHead().position === 0
    if (isEmpty && mismatch(stored, this.#definition) !== undefined) return []
    checkFit(stored, this.#definition, this.#where)
    return stored.layouts
  }
}

function fixedOf({ time, id, derive }: SourceDefinition): Fixed {
  const derived = derive[time as string]
  return {
    time: time as string,
    ...(derived === undefined ? {} : { timeHash: contentHash(derived) }),
    ...(id === undefined ? {} : { id }),
  }
}

interface Mismatch {
  readonly part: string
  readonly found: string
  readonly expected: string
}

function mismatch(stored: Declaration, definition: SourceDefinition): Mismatch | undefined {
  const declared = fixedOf(definition)
  if (declared.time !== stored.time) return { part: 'time', found: declared.time, expected: stored.time }
  if (declared.timeHash !== stored.timeHash)
    return { part: `derive.${declared.time}`, found: 'another expression', expected: 'the one of the events so far' }
  if (declared.id !== stored.id) return { part: 'id', found: declared.id ?? 'none', expected: stored.id ?? 'none' }
  for (const [name, kind] of stored.layouts.flat()) {
    const now = Object.hasOwn(definition.columns, name) ? definition.columns[name] : undefined
    if (now !== undefined && now !== kind) return { part: `columns.${name}`, found: now, expected: kind }
  }
  return undefined
}

function checkFit(stored: Declaration, definition: SourceDefinition, where: string): void {
  const found = mismatch(stored, definition)
  if (found !== undefined)
    throw new PrescoreError('log_mismatch', { where: `${where}.${found.part}`, found: found.found, expected: found.expected })
}

function read(environment: LogEnvironment): Declaration | undefined {
  const text = environment.readDeclaration()
  return text === undefined ? undefined : (JSON.parse(text) as Declaration)
}

function storedLayouts(environment: LogEnvironment): Layout[] {
  return (read(environment)?.layouts ?? []).map((columns, number) => new Layout(number, columns))
}
