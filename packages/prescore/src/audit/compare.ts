/** A noted answer beside what it is when it is computed again. */
import { formatInstant } from '../base/index.ts'
import type { Column } from '../expressions/index.ts'
import type { Key } from '../project/index.ts'
import type { LoggedAnswer } from './log/record.ts'
import type { Recomputation, Recomputed } from './recompute.ts'
import type { ChangedAnswer, DefectiveAnswer } from './report.ts'
import { shownValue, toldInputs, valueAt } from './rows.ts'

type Difference = Pick<DefectiveAnswer, 'feature' | 'logged' | 'recomputed'>

/** The first difference to what is recomputed as served; undefined: they are the same, bit for bit. */
export function defectOf(
  names: readonly string[],
  answer: LoggedAnswer,
  { vectors, values }: Recomputed,
  row: number,
): Difference | undefined {
  const [vector, value] = [vectors[row], values[row] as Recomputed['values'][number]]
  const { features, valueText } = answer
  if (vector !== undefined && features.length !== vector.length)
    return { feature: 'value', logged: `${features.length} features`, recomputed: `${vector.length} features` }
  const at = vector?.findIndex((feature, i) => !Object.is(feature, features[i])) ?? -1
  if (vector !== undefined && at >= 0) return { feature: names[at] as string, logged: told(features[at]), recomputed: told(vector[at]) }
  return value === valueText ? undefined : { feature: 'value', logged: valueText, recomputed: textOf(value) }
}

/** An answer that would be another one with all that is known now. */
export interface Change extends Pick<ChangedAnswer, 'features' | 'corrected'> {
  readonly answer: LoggedAnswer
  /** The joined features that would not be the same. */
  readonly joins: readonly (readonly [join: string, feature: string])[]
}

export function changeOf(
  { assembly }: Recomputation,
  answer: LoggedAnswer,
  served: Recomputed,
  corrected: Recomputed,
  row: number,
): Change | undefined {
  const joins: [join: string, feature: string][] = []
  const features: ChangedAnswer['features'][number][] = []
  for (const { name: join, definition } of assembly.joins) {
    Object.keys(definition.features).forEach((feature, i) => {
      const [before, after] = [served, corrected].map(({ joined }) => joined.get(join)![i]!) as [Column, Column]
      if (Object.is(valueAt(before, row), valueAt(after, row))) return
      joins.push([join, feature])
      features.push({ name: `${join}.${feature}`, served: shownValue(before, row), corrected: shownValue(after, row) })
    })
  }
  const value = textOf(corrected.values[row]!)
  return joins.length === 0 && value === answer.valueText ? undefined : { answer, features, joins, corrected: value }
}

/** Which answer it is, for a person. */
export function toldAnswer({ prediction }: Recomputation, { ground, key, inputs, asOfUs, atUs }: LoggedAnswer) {
  const times = { asOf: formatInstant(asOfUs), answeredAt: formatInstant(atUs) }
  return { key: (key ?? null) as Key | null, inputs: toldInputs(prediction, inputs), ...times, release: ground.release }
}

function textOf(value: Recomputed['values'][number]): string {
  return typeof value === 'string' ? value : value.code
}

/** What JSON does not have is null, as missing is. */
function told(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value
}
