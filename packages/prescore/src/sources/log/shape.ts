/** Rows of declared columns become rows of the source: derived columns, event time and declared arrival. */
import type { Chunk, Column, CompiledExpression, ExpressionNode, NumberColumn } from '../../expressions/index.ts'
import { compile, references } from '../../expressions/index.ts'
import { rowScope, type SourceDefinition } from '../../project/index.ts'

export interface NeededColumns {
  readonly declared: ReadonlySet<string>
  readonly derived: ReadonlySet<string>
}

/** The declared columns to be read and the derived ones to be computed for what is wanted, the event time and the arrival. */
export function neededColumns({ derive, time, arrival }: SourceDefinition, wanted: Iterable<string>): NeededColumns {
  const declared = new Set<string>()
  const derived = new Set<string>()
  const need = (name: string): void => {
    const node = Object.hasOwn(derive, name) ? derive[name] : undefined
    if (node === undefined) declared.add(name)
    else if (!derived.has(name)) {
      needAll(node)
      derived.add(name)
    }
  }
  const needAll = (node: ExpressionNode) => {
    for (const ref of references(node)) need(ref.slice('row.'.length))
  }
  for (const name of wanted) need(name)
  if (time !== undefined) need(time)
  if (arrival !== undefined) needAll(arrival)
  return { declared, derived }
}

export interface ShapedRows extends Chunk {
  /** NaN where it is missing. */
  readonly timeUs: Float64Array
  /** NaN where it is missing; undefined where the source declares none. */
  readonly arrivalUs: Float64Array | undefined
}

/** @param row chunks of `row.<declared column>`, times in UTC. The function throws what expressions throw. */
export function rowShaper(definition: SourceDefinition, derived: Iterable<string>, where: string): (row: Chunk) => ShapedRows {
  const scope = rowScope(definition)
  const compiled: readonly (readonly [string, CompiledExpression])[] = [...derived].map(name => [
    `row.${name}`,
    compile(definition.derive[name] as ExpressionNode, scope, `${where}.derive.${name}`),
  ])
  const arrival = definition.arrival === undefined ? undefined : compile(definition.arrival, scope, `${where}.arrival`)
  return ({ rows, columns }) => {
    const all = new Map<string, Column>(columns)
    const row: Chunk = { rows, columns: all }
    for (const [name, evaluate] of compiled) all.set(name, evaluate(row))
    const numbers = (column: Column | undefined) => (column as NumberColumn).values.subarray(0, rows)
    return {
      rows,
      columns: all,
      timeUs: numbers(all.get(`row.${definition.time}`)),
      arrivalUs: arrival === undefined ? undefined : numbers(arrival(row)),
    }
  }
}
