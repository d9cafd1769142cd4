/**
 * Which graphs the tree runtime runs: one TreeEnsembleClassifier or TreeEnsembleRegressor that takes the input, with
 * nothing between it and the output that changes a value (Identity, Cast between floats, Mul by one). Side branches,
 * such as ZipMap, do not matter: they are not computed.
 */
import type { GraphNode, OnnxGraph } from '../onnx/graph.ts'
import type { FloatType } from '../runtime.ts'
import { Unsupported } from './unsupported.ts'

export interface FoundTrees {
  readonly node: GraphNode
  readonly kind: 'classifier' | 'regressor'
  /** What the operator computes in: its input's type. */
  readonly precision: FloatType
}

const ENSEMBLES = { TreeEnsembleClassifier: 'classifier', TreeEnsembleRegressor: 'regressor' } as const
const INT64 = 7
const CAST_TYPES: Readonly<Record<number, FloatType>> = { 1: 'float32', 11: 'float64' }

/** Quickly, from the signature: whether the graph may have an ensemble at all. */
export function mayHaveTrees(operators: readonly string[]): boolean {
  return operators.some(isEnsemble)
}

function isEnsemble(operator: string): operator is keyof typeof ENSEMBLES {
  return Object.hasOwn(ENSEMBLES, operator)
}

/** @throws Unsupported */
export function findTrees(graph: OnnxGraph, input: { readonly name: string; readonly type: FloatType }, output: string): FoundTrees {
  const producers = new Map(graph.nodes.flatMap(node => node.outputs.map(name => [name, node] as const)))
  const node = traceOutput(graph, producers, output)
  const [data] = node.inputs
  return { node, kind: ENSEMBLES[node.operator as keyof typeof ENSEMBLES], precision: traceInput(producers, data ?? '', input) }
}

/** Whether the output is the labels of the trees, as whole numbers. */
export function isLabel(graph: OnnxGraph, trees: GraphNode, output: string): boolean {
  let name = output
  for (let steps = 0; steps <= graph.nodes.length; steps++) {
    if (trees.outputs[0] === name) return isEnsemble(trees.operator) && ENSEMBLES[trees.operator] === 'classifier'
    const node = graph.nodes.find(({ outputs }) => outputs.includes(name))
    const passes = node?.operator === 'Identity' || (node?.operator === 'Cast' && node.attributes.get('to')?.int === INT64)
    if (node === undefined || !passes) return false
    name = node.inputs[0] ?? ''
  }
  return false
}

function traceOutput(graph: OnnxGraph, producers: ReadonlyMap<string, GraphNode>, output: string): GraphNode {
  let name = output
  for (let steps = 0; steps <= graph.nodes.length; steps++) {
    const node = producers.get(name)
    if (node === undefined) throw new Unsupported('no trees before the output')
    if (isEnsemble(node.operator)) {
      if (node.outputs[ENSEMBLES[node.operator] === 'classifier' ? 1 : 0] === name) return node
      throw new Unsupported('an output that is not the scores of the trees')
    }
    name = passedBehind(node, graph.scalars)
  }
  throw new Unsupported('a graph that goes in a circle')
}

/** The one input of a node behind the trees whose values it passes on unchanged. */
function passedBehind(node: GraphNode, scalars: ReadonlyMap<string, number>): string {
  const { operator, inputs } = node
  const [first = '', second = ''] = inputs
  if (operator === 'Identity') return first
  if (operator === 'Cast' && castType(node) !== undefined) return first
  if (operator === 'Mul' && scalars.get(second) === 1) return first
  if (operator === 'Mul' && scalars.get(first) === 1) return second
  throw new Unsupported(`the operator ${operator} behind the trees`)
}

function traceInput(
  producers: ReadonlyMap<string, GraphNode>,
  data: string,
  { name, type }: { readonly name: string; readonly type: FloatType },
): FloatType {
  if (data === name) return type
  const node = producers.get(data)
  if (node === undefined) throw new Unsupported('trees that do not take the input')
  const before = node.inputs[0] ?? ''
  if (before !== name) throw new Unsupported(`the operator ${node.operator} before the trees`)
  const to = node.operator === 'Identity' ? type : castType(node)
  if (node.operator !== 'Identity' && node.operator !== 'Cast') throw new Unsupported(`the operator ${node.operator} before the trees`)
  if (to === undefined || (to === 'float32' && type === 'float64')) throw new Unsupported('a Cast before the trees that rounds')
  return to
}

function castType(node: GraphNode): FloatType | undefined {
  return CAST_TYPES[node.attributes.get('to')?.int ?? 0]
}
