/** The attributes of an ensemble operator as one plain table: nodes, leaves' weights and what is done with the sums. */
import type { Attribute } from '../onnx/graph.ts'
import type { FloatType } from '../runtime.ts'
import type { FoundTrees } from './recognise.ts'
import { Unsupported } from './unsupported.ts'

const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ', 'LEAF'] as const
export type Mode = (typeof MODES)[number]

const TRANSFORMS = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO'] as const
export type Transform = (typeof TRANSFORMS)[number]

/** Lists of equal length, one entry a node; then one entry a weight. Numbers are in the precision of the ensemble. */
export interface EnsembleTable {
  readonly precision: FloatType
  readonly kind: 'classifier' | 'regressor'
  readonly treeIds: ArrayLike<number>
  readonly nodeIds: ArrayLike<number>
  readonly features: ArrayLike<number>
  readonly modes: readonly Mode[]
  readonly thresholds: ArrayLike<number>
  readonly trueIds: ArrayLike<number>
  readonly falseIds: ArrayLike<number>
  readonly missingTrue: ArrayLike<number>
  readonly weightTrees: ArrayLike<number>
  readonly weightNodes: ArrayLike<number>
  readonly weightTargets: ArrayLike<number>
  readonly weights: ArrayLike<number>
  /** Sums a row has: targets of a regressor, classes of a classifier. */
  readonly targets: number
  readonly average: boolean
  readonly transform: Transform
  readonly bases: readonly number[]
  /** Of the classes of a classifier, where they are whole numbers. */
  readonly labels: readonly number[]
}

/** @throws Unsupported */
export function readTable({ node, kind, precision }: FoundTrees): EnsembleTable {
  const get = (name: string): Attribute => node.attributes.get(name) ?? {}
  const numbers = (name: string): ArrayLike<number> => get(name).numbers ?? []
  const reals = (name: string): ArrayLike<number> => inPrecision(get(`${name}_as_tensor`).numbers ?? numbers(name), precision)
  const prefix = kind === 'classifier' ? 'class' : 'target'
  const table = {
    precision,
    kind,
    treeIds: numbers('nodes_treeids'),
    nodeIds: numbers('nodes_nodeids'),
    features: numbers('nodes_featureids'),
    modes: (get('nodes_modes').texts ?? []).map(modeOf),
    thresholds: reals('nodes_values'),
    trueIds: numbers('nodes_truenodeids'),
    falseIds: numbers('nodes_falsenodeids'),
    missingTrue: numbers('nodes_missing_value_tracks_true'),
    weightTrees: numbers(`${prefix}_treeids`),
    weightNodes: numbers(`${prefix}_nodeids`),
    weightTargets: numbers(`${prefix}_ids`),
    weights: reals(`${prefix}_weights`),
    targets: kind === 'classifier' ? labelsOf(get('classlabels_int64s'), get('classlabels_strings')) : (get('n_targets').int ?? 0),
    average: kind === 'regressor' && aggregateOf(get('aggregate_function').text),
    transform: transformOf(get('post_transform').text),
    bases: Array.from(reals('base_values')),
    labels: Array.from(get('classlabels_int64s').numbers ?? []),
  }
  checkLengths(table)
  return table
}

function checkLengths(table: EnsembleTable): void {
  const nodes = table.treeIds.length
  const { nodeIds, features, modes, thresholds, trueIds, falseIds, missingTrue } = table
  const lists = [nodeIds, features, modes, thresholds, trueIds, falseIds]
  const { weightTrees, weightNodes, weightTargets, weights } = table
  const whole =
    nodes > 0 &&
    lists.every(({ length }) => length === nodes) &&
    (missingTrue.length === 0 || missingTrue.length === nodes) &&
    [weightTrees, weightNodes, weightTargets].every(({ length }) => length === weights.length)
  if (!whole) throw new Unsupported('lists of unequal length in the trees')
  const sound = Number.isSafeInteger(table.targets) && table.targets > 0 && !(table.kind === 'classifier' && table.targets < 2)
  if (!sound) throw new Unsupported(`trees with ${table.targets} ${table.kind === 'classifier' ? 'classes' : 'targets'}`)
}

function inPrecision(values: ArrayLike<number>, precision: FloatType): ArrayLike<number> {
  return precision === 'float32' ? Float32Array.from(values) : Float64Array.from(values)
}

function modeOf(text: string): Mode {
  const mode = MODES.find(each => each === text)
  if (mode === undefined) throw new Unsupported(`nodes of mode ${text}`)
  return mode
}

function transformOf(text = 'NONE'): Transform {
  const transform = TRANSFORMS.find(each => each === text)
  if (transform === undefined) throw new Unsupported(`the transform ${text}`)
  return transform
}

function aggregateOf(text = 'SUM'): boolean {
  if (text !== 'SUM' && text !== 'AVERAGE') throw new Unsupported(`the aggregate function ${text}`)
  return text === 'AVERAGE'
}

function labelsOf(numbers: Attribute, texts: Attribute): number {
  return texts.texts?.length ?? numbers.numbers?.length ?? 0
}
