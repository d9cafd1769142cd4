/** The training rows of a prediction: keys, inputs, as-of and what the label reads of each, chunk by chunk. */
import { PrescoreError } from '../base/index.ts'
import {
  type Chunk,
  type CompiledExpression,
  compile,
  type ExpressionNode,
  type NumberColumn,
  references,
  takeRows,
} from '../expressions/index.ts'
import { rowScope, type SourceDefinition } from '../project/index.ts'
import { scanSource } from '../sources/index.ts'
import { gridRows } from './grid-rows.ts'
import type { Prepared } from './prepare.ts'
import type { RowsRequest, TrainingRows } from './rows-request.ts'
import { spread } from './sample.ts'

/** Nobody keeps a chunk, or an array of it, when the next is asked for. @throws PrescoreError `missing_time` for a row without an as-of, and what scanning may throw */
export function trainingRows(prepared: Prepared, request: RowsRequest): TrainingRows {
  const { asOf } = prepared.training
  if ('everyUs' in asOf) return gridRows(prepared, request, asOf.everyUs)
  const { at, pin } = prepared.source(prepared.training.source)
  const plan = planRows(prepared, at.definition, asOf, request)
  const scan = { columns: plan.read, ...plan.range, passing: true, onRows: prepared.counter('rows') }
  let keyless = 0
  return {
    types: new Map([...plan.columns].map(([name, { type }]) => [name, type])),
    keyless: () => keyless,
    async *chunks() {
      for await (const chunk of scanSource(prepared.database, at, pin, scan)) {
        const wanted = plan.keep(chunk)
        const kept = plan.withKey(chunk, wanted)
        keyless += wanted.length - kept.length
        if (kept.length === 0) continue
        const isWhole = kept.length === chunk.rows
        const columns = [...plan.columns].map(
          ([name, evaluate]) => [name, isWhole ? evaluate(chunk) : takeRows(evaluate(chunk), kept)] as const,
        )
        yield { rows: kept.length, columns: new Map(columns) }
      }
    },
  }
}

interface RowsPlan {
  readonly columns: ReadonlyMap<string, CompiledExpression>
  /** Columns of the source that are needed. */
  readonly read: ReadonlySet<string>
  /** The time range, where it can be left to the scan. */
  readonly range: Pick<RowsRequest, 'fromUs' | 'untilUs'>
  /** The chunk's rows that are wanted. */
  keep(chunk: Chunk): Int32Array
  /** Those of them that have a value in every column of the key: no request could be about the others. */
  withKey(chunk: Chunk, rows: Int32Array): Int32Array
}

function planRows(prepared: Prepared, source: SourceDefinition, asOf: ExpressionNode, request: RowsRequest): RowsPlan {
  const { where } = prepared.training
  const nodes = nodesOf(prepared, asOf)
  const filters = where === undefined ? [] : [where]
  const identity = (request.sample ?? 1) < 1 ? identityOf(source, nodes) : []
  const scope = rowScope(source)
  const compiled = (node: ExpressionNode) => compile(node, scope, prepared.where)
  const used = [...nodes.values(), ...filters, ...identity].flatMap(node => [...references(node)])
  return {
    columns: new Map([...nodes].map(([name, node]) => [name, compiled(node)])),
    read: new Set(used.map(ref => ref.slice('row.'.length))),
    range: 'ref' in asOf && asOf.ref === `row.${source.time}` ? rangeOf(request) : {},
    withKey: keyed(keysOf(nodes).map(node => compiled({ call: 'isMissing', args: [node] }))),
    keep: keeper(compiled(asOf), filters.map(compiled), identity.map(compiled), request, `${prepared.where}.asOf`),
  }
}

/** What is kept of each row. */
function nodesOf({ prediction, training }: Prepared, asOf: ExpressionNode): Map<string, ExpressionNode> {
  const row = (column: string): ExpressionNode => ({ ref: `row.${column}` })
  return new Map([
    ...Object.keys(prediction.entity ?? {}).map(name => [`key.${name}`, row(training.keys[name] ?? name)] as const),
    ...Object.entries(training.inputs).map(([name, node]) => [`input.${name}`, node] as const),
    ['asOf', asOf] as const,
    ...[...references(training.label)].filter(ref => ref.startsWith('row.')).map(ref => [ref, { ref }] as const),
  ])
}

/** What tells one row from another. */
function identityOf({ id }: SourceDefinition, nodes: ReadonlyMap<string, ExpressionNode>): ExpressionNode[] {
  if (id !== undefined) return [{ ref: `row.${id}` }]
  return [...keysOf(nodes), nodes.get('asOf') as ExpressionNode]
}

function keysOf(nodes: ReadonlyMap<string, ExpressionNode>): ExpressionNode[] {
  return [...nodes].filter(([name]) => name.startsWith('key.')).map(([, node]) => node)
}

/** @param missing whether each column of the key is. */
function keyed(missing: readonly CompiledExpression[]): RowsPlan['withKey'] {
  return (chunk, rows) =>
    missing.reduce((kept, evaluate) => {
      const { values } = evaluate(chunk) as NumberColumn
      return kept.some(row => values[row] === 1) ? kept.filter(row => values[row] !== 1) : kept
    }, rows)
}

function rangeOf({ fromUs, untilUs }: RowsRequest): RowsPlan['range'] {
  return { ...(fromUs === undefined ? {} : { fromUs }), ...(untilUs === undefined ? {} : { untilUs }) }
}

/** @param filters none or one; @param identity none when there is no sample to be taken. */
function keeper(
  asOf: CompiledExpression,
  [filter]: readonly CompiledExpression[],
  identity: readonly CompiledExpression[],
  { fromUs = Number.NEGATIVE_INFINITY, untilUs = Number.POSITIVE_INFINITY, sample = 1 }: RowsRequest,
  where: string,
): RowsPlan['keep'] {
  return chunk => {
    const asOfUs = (asOf(chunk) as NumberColumn).values
    const included = filter === undefined ? undefined : (filter(chunk) as NumberColumn).values
    const places =
      identity.length === 0
        ? undefined
        : spread(
            identity.map(evaluate => evaluate(chunk)),
            chunk.rows,
          )
    const kept = new Int32Array(chunk.rows)
    let count = 0
    for (let i = 0; i < chunk.rows; i++) {
      if (included !== undefined && included[i] !== 1) continue
      const us = asOfUs[i] as number
      if (Number.isNaN(us)) throw withoutAsOf(where)
      if (us >= fromUs && us < untilUs && (places === undefined || (places[i] as number) < sample)) kept[count++] = i
    }
    return kept.subarray(0, count)
  }
}

function withoutAsOf(where: string): PrescoreError {
  return new PrescoreError('missing_time', { where, found: 'a row without an as-of', fix: 'Leave such rows out with `.where(…)`.' })
}
