/** From rows of requests to the feature vector: join keys, features of each join, transforms. The same in batch and dataset. */
import { type Chunk, type Column, type CompiledExpression, compile, type ExpressionNode } from '../expressions/index.ts'
import { type CompiledVector, compileVector } from '../features/index.ts'
import { type JoinDefinition, type PredictionDefinition, type ProjectDefinition, requestScope, vectorScope } from '../project/index.ts'

/** One feature group of a prediction, with the expressions that give its key. */
export interface CompiledJoin {
  readonly name: string
  readonly definition: JoinDefinition
  /** The columns of the joined key, in its entity's order, of rows with `key.*`, `input.*` and `asOf`. */
  keys(rows: Chunk): readonly Column[]
}

export interface Assembly {
  readonly joins: readonly CompiledJoin[]
  readonly vector: CompiledVector
  /** The rows with the features of each join beside what they had, as the vector reads them. */
  joined(rows: Chunk, features: ReadonlyMap<string, readonly Column[]>): Chunk
}

export function assemble(project: ProjectDefinition, prediction: PredictionDefinition): Assembly {
  const scope = requestScope(prediction)
  const joins = Object.entries(prediction.joins).map(([name, definition]): CompiledJoin => {
    const keys: CompiledExpression[] = Object.keys(definition.entity).map(column =>
      compile(definition.key[column] as ExpressionNode, scope, `predictions.${prediction.name}.join.${name}, key column ${column}`),
    )
    return { name, definition, keys: rows => keys.map(key => key(rows)) }
  })
  return {
    joins,
    vector: compileVector(prediction, vectorScope(project, prediction)),
    joined: (rows, features) => {
      const columns = new Map(rows.columns)
      for (const { name, definition } of joins) {
        const joined = features.get(name) as readonly Column[]
        Object.keys(definition.features).forEach((feature, i) => columns.set(`join.${name}.${feature}`, joined[i] as Column))
      }
      return { rows: rows.rows, columns }
    },
  }
}
