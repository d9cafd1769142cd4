/** The columns of a training set's file. */
import { valueNames } from '../history/index.ts'
import type { StoredColumns, StoredKind } from '../parquet/index.ts'
import type { Ground } from './ground.ts'

/** Keys and inputs, the as-of, the features under their own names, the label, and the model's values where they are wanted. */
export function columnsOf({ prediction, label, model }: Ground): StoredColumns {
  const features = prediction.features.map(({ name }): [string, StoredKind] => [name, 'float64'])
  const values = model === undefined ? [] : valueNames(model.width).map((name): [string, StoredKind] => [name, model.outputType])
  return {
    ...Object.fromEntries(Object.entries(prediction.entity ?? {}).map(([name, kind]) => [`key_${name}`, kind])),
    ...Object.fromEntries(Object.entries(prediction.inputs).map(([name, kind]) => [`input_${name}`, kind])),
    as_of: 'timestamp',
    ...Object.fromEntries(features),
    label: label.type.kind === 'boolean' ? 'boolean' : 'float64',
    ...Object.fromEntries(values),
    ...(model === undefined ? {} : { rejected: 'string' }),
  }
}

/** `key.origin` is stored as `key_origin`. */
export function storedName(name: string): string {
  return name === 'asOf' ? 'as_of' : name.replace('.', '_')
}
