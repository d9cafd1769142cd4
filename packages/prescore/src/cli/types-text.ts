/** The types of a project's own predictions and events, for `prescore/client`. */
import type { Kind } from '../expressions/index.ts'
import type { ModelSignature } from '../models/index.ts'
import type { ColumnKind, PredictionDefinition, ProjectDefinition, SourceDefinition } from '../project/index.ts'

const TYPES: Readonly<Record<Kind, string>> = {
  string: 'string',
  int64: 'number | bigint',
  float64: 'number',
  boolean: 'boolean',
  timestamp: 'string',
  duration: 'number',
}

/** @param signatures of the models that could be read, by prediction. */
export function typesText({ predictions, sources }: ProjectDefinition, signatures: ReadonlyMap<string, ModelSignature>): string {
  const events = Object.entries(sources).filter(([, { type }]) => type === 'events')
  return `/**
 * Made by \`prescore types\` from the project file: make it anew when that changes.
 *
 *   import { createClient } from 'prescore/client'
 *   const client = createClient<Predictions, Events>({ url: 'http://127.0.0.1:8080' })
 */

export type Predictions = {
${Object.values(predictions)
  .map(each => predictionText(each, signatures.get(each.name)))
  .join('\n')}
}

/** Of the sources that take events. */
export type Events = {
${events.map(([name, source]) => `  ${name}: { ${eventText(source)} }\n`).join('')}}
`
}

function predictionText(prediction: PredictionDefinition, signature: ModelSignature | undefined): string {
  const { name, entity = {}, inputs } = prediction
  const members = (kinds: Readonly<Record<string, Kind>>, optional: string) => {
    const text = Object.entries(kinds).map(([member, kind]) => `readonly ${member}${optional}: ${TYPES[kind]}`)
    return text.length === 0 ? 'Readonly<Record<string, never>>' : `{ ${text.join('; ')} }`
  }
  return `  ${name}: {
    key: ${members(entity, '')}
    inputs: ${members(inputs, '')}
    value: ${valueText(prediction, signature)}
  }`
}

/** A number for each row of the model's output, or all of them. */
function valueText({ model, policy }: PredictionDefinition, signature: ModelSignature | undefined): string {
  const output = signature?.outputs.find(({ name, type }) => (model.output === '' ? type.startsWith('float') : name === model.output))
  const width = output?.shape == null ? undefined : output.shape.length === 1 ? 1 : (output.shape[1] ?? undefined)
  const value =
    model.index !== undefined || width === 1 ? 'number' : width === undefined ? 'number | readonly number[]' : 'readonly number[]'
  return policy.default?.value === null ? `${value} | null` : value
}

function eventText({ columns, id, time }: SourceDefinition): string {
  const member = ([name, kind]: readonly [string, ColumnKind]) =>
    name === id || name === time ? `readonly ${name}: ${TYPES[kind]}` : `readonly ${name}?: ${TYPES[kind]} | null`
  return Object.entries(columns).map(member).join('; ')
}
