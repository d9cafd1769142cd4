import type { PredictionDefinition, SourceDefinition } from './types.ts'

/**
 * Where each request input of a population's row comes from: the column of its source that is mapped to it or has its name; without
 * one (undefined), the declared default.
 */
export function populationInputs(
  { inputs, population }: Pick<PredictionDefinition, 'inputs' | 'population'>,
  { columns, derive }: Pick<SourceDefinition, 'columns' | 'derive'>,
): ReadonlyMap<string, string | undefined> {
  const columnOf = (name: string) => (Object.hasOwn(columns, name) || Object.hasOwn(derive, name) ? name : undefined)
  return new Map(Object.keys(inputs).map(name => [name, population?.inputs?.[name] ?? columnOf(name)] as const))
}
