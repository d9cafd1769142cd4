import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ModelDefinition } from '../../src/project/index.ts'
import type { ModelCase } from '../conformance/runtime.ts'

interface Recorded {
  readonly framework: string
  readonly features: readonly string[]
  readonly whole: readonly string[]
  readonly output: string
  readonly tolerance: number
  readonly rows: readonly (readonly (number | null)[])[]
  readonly expected: readonly (readonly number[])[]
}

/** The features of the fixture models, in the order of their input. */
export const FEATURES = ['hour', 'distance', 'flights_7d', 'delay_mean_7d', 'share_late_7d']

/** The path of a file in fixtures/. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
}

export function onnxDefinition(name: string, output = '', index?: number): ModelDefinition {
  return { runtime: 'onnx', file: fixture(`${name}.onnx`), output, ...(index === undefined ? {} : { index }) }
}

/** Every model with recorded answers; null stands for NaN. */
export function recordedCases(): readonly ModelCase[] {
  const recorded = JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as Readonly<Record<string, Recorded>>
  return Object.entries(recorded).map(([name, { rows, output, ...rest }]) => ({
    ...rest,
    name,
    file: fixture(`${name}.onnx`),
    definition: onnxDefinition(name, output),
    rows: rows.map(row => row.map(value => value ?? Number.NaN)),
  }))
}
