/** The tree models of this folder, with what the frameworks that trained them answer. `make_trees.py` makes them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelDefinition } from '../../../src/project/index.ts'
import type { ModelCase } from '../../conformance/runtime.ts'

interface Recorded {
  readonly framework: string
  readonly output: string
  /** None: the converter loses something. */
  readonly tolerance: number | null
  readonly rows?: readonly (readonly (number | null)[])[]
  readonly expected?: readonly (readonly number[])[]
}

export const TREE_FEATURES = ['hour', 'distance', 'flights', 'mean', 'share', 'carrier']

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'expected.json'), 'utf8')) as Readonly<Record<string, Recorded>>

export const TREE_MODELS: readonly string[] = Object.keys(recorded)

export function treeDefinition(name: string): ModelDefinition {
  return { runtime: 'onnx', file: join(import.meta.dirname, `${name}.onnx`), output: recorded[name]?.output ?? '' }
}

/** The models whose framework's answers they must give. */
export function treeCases(): readonly ModelCase[] {
  return Object.entries(recorded).flatMap(([name, { rows, expected, tolerance }]) => {
    if (rows === undefined || expected === undefined || tolerance === null) return []
    const definition = treeDefinition(name)
    const filled = rows.map(row => row.map(value => value ?? Number.NaN))
    return [{ name, file: definition.file, definition, features: TREE_FEATURES, whole: [], rows: filled, expected, tolerance }]
  })
}
