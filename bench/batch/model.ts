/** A model of 100 full trees of depth 6 over so many features. */
import { writeOnnx } from '../../packages/prescore/test/models/trees/write-onnx.ts'

const TREES = 100
const INNER = 2 ** 6 - 1
const NODES = 2 * INNER + 1

/** @param scales about the greatest value of each feature */
export function treesModel(scales: readonly number[]): Buffer {
  const random = randomNumbers(7)
  const every = Array.from({ length: TREES * NODES }, (_, i) => ({ tree: Math.floor(i / NODES), node: i % NODES }))
  const inner = every.map(({ node }) => node < INNER)
  const features = inner.map(isInner => (isInner ? Math.floor(random() * scales.length) : 0))
  const leaves = every.filter(({ node }) => node >= INNER)
  const ints = (values: readonly number[]) => ({ ints: values })
  return writeOnnx({
    kind: 'TreeEnsembleRegressor',
    features: scales.length,
    outputs: 1,
    packed: true,
    attributes: {
      n_targets: 1,
      post_transform: 'LOGISTIC',
      nodes_treeids: ints(every.map(({ tree }) => tree)),
      nodes_nodeids: ints(every.map(({ node }) => node)),
      nodes_featureids: ints(features),
      nodes_modes: inner.map(isInner => (isInner ? 'BRANCH_LEQ' : 'LEAF')),
      nodes_values: { floats: features.map((feature, i) => (inner[i] ? random() * (scales[feature] as number) : 0)) },
      nodes_truenodeids: ints(every.map(({ node }, i) => (inner[i] ? 2 * node + 1 : 0))),
      nodes_falsenodeids: ints(every.map(({ node }, i) => (inner[i] ? 2 * node + 2 : 0))),
      target_treeids: ints(leaves.map(({ tree }) => tree)),
      target_nodeids: ints(leaves.map(({ node }) => node)),
      target_ids: ints(leaves.map(() => 0)),
      target_weights: { floats: leaves.map(() => random() - 0.5) },
    },
  })
}

/** From 0 to 1, the same each time. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
