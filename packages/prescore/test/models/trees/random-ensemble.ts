/** Ensembles of every shape that the format allows, made up by fast-check: the converters make only some of them. */
import fc from 'fast-check'
import type { AttributeValue, WrittenEnsemble } from './write-onnx.ts'

const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ']

interface Shape {
  readonly seed: number
  readonly classifier: boolean
  readonly targets: number
  readonly ids: 'all' | 'first' | 'some'
  readonly modes: readonly string[]
  readonly missing: boolean
  readonly transform: string
  readonly average: boolean
  readonly bases: number
  readonly positive: boolean
  readonly trees: number
  readonly depth: number
  readonly double: boolean
  readonly packed: boolean
}

const shape: fc.Arbitrary<Shape> = fc.record({
  seed: fc.nat(),
  classifier: fc.boolean(),
  targets: fc.integer({ min: 1, max: 4 }),
  ids: fc.constantFrom('all', 'all', 'first', 'some'),
  modes: fc.subarray(MODES, { minLength: 1 }),
  missing: fc.boolean(),
  transform: fc.constantFrom('NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO'),
  average: fc.boolean(),
  bases: fc.constantFrom(0, 0, 1, 9),
  positive: fc.boolean(),
  trees: fc.integer({ min: 1, max: 9 }),
  depth: fc.integer({ min: 0, max: 5 }),
  double: fc.boolean(),
  packed: fc.boolean(),
})

export const RANDOM_FEATURES = 5
export const randomEnsemble: fc.Arbitrary<WrittenEnsemble> = shape.map(ensembleOf)

function ensembleOf(given: Shape): WrittenEnsemble {
  const random = generator(given.seed)
  const targets = given.classifier ? Math.max(2, given.targets) : given.targets
  const nodes = Array.from({ length: given.trees }, (_, tree) => treeOf(random, tree, given)).flat()
  const weights = nodes
    .filter(({ mode }) => mode === 'LEAF')
    .flatMap(({ tree, node }) => idsOf(random, given.ids, targets).map(id => ({ tree, node, id, value: weightOf(random, given.positive) })))
  shuffle(random, weights)
  const prefix = given.classifier ? 'class' : 'target'
  const ints = (values: readonly number[]) => ({ ints: values })
  const attributes: Record<string, AttributeValue> = {
    nodes_treeids: ints(nodes.map(({ tree }) => tree)),
    nodes_nodeids: ints(nodes.map(({ node }) => node)),
    nodes_featureids: ints(nodes.map(({ feature }) => feature)),
    nodes_modes: nodes.map(({ mode }) => mode),
    nodes_values: { floats: nodes.map(({ threshold }) => threshold) },
    nodes_truenodeids: ints(nodes.map(({ yes }) => yes)),
    nodes_falsenodeids: ints(nodes.map(({ no }) => no)),
    [`${prefix}_treeids`]: ints(weights.map(({ tree }) => tree)),
    [`${prefix}_nodeids`]: ints(weights.map(({ node }) => node)),
    [`${prefix}_ids`]: ints(weights.map(({ id }) => id)),
    [`${prefix}_weights`]: { floats: weights.map(({ value }) => value) },
    post_transform: given.transform,
    ...(given.classifier ? { classlabels_int64s: ints(Array.from({ length: targets }, (_, i) => i)) } : { n_targets: targets }),
    ...(given.missing ? { nodes_missing_value_tracks_true: ints(nodes.map(() => Number(random() < 0.5))) } : {}),
    ...(given.average && !given.classifier ? { aggregate_function: 'AVERAGE' } : {}),
    ...(given.bases > 0
      ? { base_values: { floats: Array.from({ length: Math.min(given.bases, targets) }, () => weightOf(random, false)) } }
      : {}),
  }
  const kind = given.classifier ? 'TreeEnsembleClassifier' : 'TreeEnsembleRegressor'
  return { kind, attributes, features: RANDOM_FEATURES, outputs: targets, double: given.double, packed: given.packed }
}

interface MadeNode {
  readonly tree: number
  readonly node: number
  readonly feature: number
  mode: string
  readonly threshold: number
  yes: number
  no: number
}

/** A tree with its root first; thresholds are few, so that several nodes of a feature share them. */
function treeOf(random: () => number, tree: number, { modes, depth }: Shape): MadeNode[] {
  const nodes: MadeNode[] = []
  const grow = (level: number): number => {
    const threshold = Math.fround(Math.round((random() - 0.5) * 12) / 4)
    const made = { tree, node: nodes.length, feature: Math.floor(random() * RANDOM_FEATURES), mode: 'LEAF', threshold, yes: 0, no: 0 }
    nodes.push(made)
    if (level < depth && random() < 0.85) {
      made.mode = modes[Math.floor(random() * modes.length)] as string
      made.yes = grow(level + 1)
      made.no = grow(level + 1)
    }
    return made.node
  }
  grow(0)
  return nodes
}

function idsOf(random: () => number, ids: Shape['ids'], targets: number): readonly number[] {
  if (ids === 'first') return [0]
  const all = Array.from({ length: targets }, (_, i) => i)
  if (ids === 'all') return all
  const some = all.filter(() => random() < 0.6)
  return some.length === 0 ? [targets - 1] : some
}

function weightOf(random: () => number, positive: boolean): number {
  const value = (random() - 0.5) * 10 ** (random() * 3 - 2)
  return Math.fround(positive ? Math.abs(value) : value)
}

function shuffle(random: () => number, list: unknown[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[list[i], list[j]] = [list[j], list[i]]
  }
}

function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
