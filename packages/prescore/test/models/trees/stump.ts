import { writeOnnx } from './write-onnx.ts'

/** The least tree, of four features: [0.25, 1] where the given one is at most the threshold, else [0.75, 2]; its output is `scores`. */
export function stump(feature: number, threshold: number): Buffer {
  const ints = (...values: number[]) => ({ ints: values })
  return writeOnnx({
    kind: 'TreeEnsembleRegressor',
    features: 4,
    outputs: 2,
    attributes: {
      n_targets: 2,
      nodes_treeids: ints(0, 0, 0),
      nodes_nodeids: ints(0, 1, 2),
      nodes_featureids: ints(feature, 0, 0),
      nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
      nodes_values: { floats: [threshold, 0, 0] },
      nodes_truenodeids: ints(1, 0, 0),
      nodes_falsenodeids: ints(2, 0, 0),
      target_treeids: ints(0, 0, 0, 0),
      target_nodeids: ints(1, 1, 2, 2),
      target_ids: ints(0, 1, 0, 1),
      target_weights: { floats: [0.25, 1, 0.75, 2] },
    },
  })
}
