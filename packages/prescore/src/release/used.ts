/** The part of a project that bears on one prediction's values. The rest may change, and the release is the same. */
import { type ExpressionNode, references } from '../expressions/index.ts'
import type { JoinDefinition, PredictionDefinition, ProjectDefinition, SourceDefinition } from '../project/index.ts'

/**
 * The prediction with the joins and aggregates that its features read, and their sources with the columns that those read.
 * The population and the training are left out: they say for which rows, not what.
 */
export function usedDefinitions(project: ProjectDefinition, prediction: PredictionDefinition): ProjectDefinition {
  const { population: _population, training: _training, ...rest } = prediction
  const joins = usedJoins(prediction)
  const all = Object.values(joins)
  const sources = [...new Set(all.map(({ source }) => source))].map(name => {
    const columns = all.filter(({ source }) => source === name).flatMap(columnsOf)
    return [name, usedSource(project.sources[name] as SourceDefinition, columns)] as const
  })
  return { sources: Object.fromEntries(sources), predictions: { [prediction.name]: { ...rest, joins } } }
}

/** A source with only these columns, its id and its clocks, and what they are derived from. */
export function usedSource(source: SourceDefinition, columns: Iterable<string>): SourceDefinition {
  const { id, time, arrival, derive } = source
  const needed = new Set<string>()
  const need = (name: string): void => {
    if (needed.has(name)) return
    needed.add(name)
    const node = derive[name]
    if (node !== undefined) for (const column of rowColumns(node)) need(column)
  }
  for (const name of columns) need(name)
  if (id !== undefined) need(id)
  if (time !== undefined) need(time)
  if (arrival !== undefined) for (const column of rowColumns(arrival)) need(column)
  const only = <T>(record: Readonly<Record<string, T>>) => Object.fromEntries(Object.entries(record).filter(([name]) => needed.has(name)))
  return { ...source, columns: only(source.columns), derive: only(derive) }
}

/** The columns of the row that an expression reads. */
export function rowColumns(node: ExpressionNode): string[] {
  return [...references(node)].filter(ref => ref.startsWith('row.')).map(ref => ref.slice('row.'.length))
}

function usedJoins({ joins, features }: PredictionDefinition): Readonly<Record<string, JoinDefinition>> {
  const used = new Set(features.flatMap(({ expression }) => [...references(expression)]))
  return Object.fromEntries(
    Object.entries(joins).flatMap(([name, join]) => {
      const kept = Object.entries(join.features).filter(([feature]) => used.has(`join.${name}.${feature}`))
      return kept.length === 0 ? [] : [[name, { ...join, features: Object.fromEntries(kept) }] as const]
    }),
  )
}

function columnsOf({ by, features }: JoinDefinition): string[] {
  const nodes = Object.values(features).flatMap(({ value, where }) => [value, where].filter(node => node !== undefined))
  return [...Object.values(by), ...nodes.flatMap(rowColumns)]
}
