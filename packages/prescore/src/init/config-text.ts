/** The text of a first project file: what was guessed is said so, where it stands. */
import type { ModelSignature } from '../models/index.ts'
import type { Choices } from './choose.ts'

export interface ConfigChoices extends Choices {
  /** Of the source and of the prediction. */
  readonly source: string
  readonly prediction: string
  /** The member of the source that says where its rows are. */
  readonly place: string
  readonly model: string
  /** The model's own names of its features, where it tells them. */
  readonly modelNames: readonly string[] | undefined
  readonly output: string | undefined
  /** What the model is, in a line. */
  readonly modelNote: string
  /** Columns of the data that are left out, with their types. */
  readonly unreadable: readonly { readonly name: string; readonly type: string }[]
}

export function configText(choices: ConfigChoices): string {
  const { source, prediction, key, time, features, modelNames } = choices
  const helper = time === undefined ? 'table' : 'events'
  const named = features.map(({ name }, i) => [modelNames?.[i] ?? name, name] as const)
  const vector = named.every(([outer, inner]) => outer === inner)
    ? `s => s.join.${source}`
    : `s => ({\n${named.map(([outer, inner]) => `        ${property(outer)}: s.join.${source}.${inner},`).join('\n')}\n      })`
  const database = choices.place.startsWith('from') ? ['env', 'postgres'] : []
  const helpers = ['defineProject', 'entity', helper, 'onnx', 'prediction', ...database].sort()
  return `import { ${helpers.join(', ')} } from 'prescore'

${sourceText(choices, helper)}

// Guessed: what is predicted about. \`${key.name}\` ${time === undefined ? 'differs from row to row' : `has ${key.distinct} values`}.
const ${prediction}Key = entity({ ${key.name}: '${key.kind}' })

// Guessed: ${modelNames === undefined && choices.modelNote.startsWith('Stands in') ? 'a few features to start with' : `the ${features.length} features of the model, in its order. Put those here that it was trained on`}.
const features = ${source}.by(${prediction}Key).features(f => ({
${features.map(({ name, code }) => `  ${name}: ${code},`).join('\n')}
}))

export default defineProject({
  sources: { ${source} },
  predictions: {
    ${prediction}: prediction({
      entity: ${prediction}Key,
      join: s => ({ ${source}: features.at(s.key) }),
      features: ${vector},
      // ${choices.modelNote}
      model: onnx('${choices.model}'${choices.output === undefined ? '' : `, { output: '${choices.output}' }`}),
      population: ${source}.keys(${prediction}Key),
      policy: { mode: 'batch', maxAge: '1d' },
    }),
  },
})
`
}

function sourceText({ source, place, columns, time, id, needsZone, unreadable }: ConfigChoices, helper: string): string {
  const lines = columns.map(({ name, kind }) => `    ${name}: '${kind}',`)
  return [
    `const ${source} = ${helper}({`,
    `  ${place},`,
    '  columns: {',
    ...lines,
    ...unreadable.map(({ name, type }) => `    // left out: ${name}, ${type}`),
    '  },',
    ...namesText(columns),
    ...(needsZone ? ['  // Guessed: the zone in which times without one were written down.', "  zone: 'UTC',"] : []),
    ...(time === undefined ? [] : ['  // Guessed: when it happened.', `  time: '${time.name}',`]),
    ...(id === undefined
      ? []
      : ['  // Guessed: no two rows share it, so a row that is delivered twice counts once.', `  id: '${id.name}',`]),
    '})',
  ].join('\n')
}

/** What columns are called in the data, where that cannot be declared. */
function namesText(columns: ConfigChoices['columns']): string[] {
  const others = columns.filter(({ name, called }) => name !== called)
  return others.length === 0 ? [] : ['  names: {', ...others.map(({ name, called }) => `    ${name}: ${quoted(called)},`), '  },']
}

function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}

/** A project without data: the features come with each request. */
export function requestConfigText(choices: {
  readonly inputs: readonly string[]
  readonly hasNames: boolean
  readonly model: string
  readonly output: string | undefined
}): string {
  const { inputs, hasNames, model, output } = choices
  return `import { defineProject, onnx, prediction } from 'prescore'

export default defineProject({
  sources: {},
  predictions: {
    score: prediction({
      // ${hasNames ? "The model's features, in its order" : 'Guessed: only their number is known. Give them the names, and the order, that the model was trained on'}: what a request gives.
      inputs: {
${inputs.map(name => `        ${name}: 'float64',`).join('\n')}
      },
      features: s => ({ ${inputs.map(name => `${name}: s.inputs.${name}`).join(', ')} }),
      model: onnx('${model}'${output === undefined ? '' : `, { output: '${output}' }`}),
      policy: { mode: 'live' },
    }),
  },
})
`
}

/** What a feature may be called. */
export function isName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(text)
}

/** The names and the number of the features that a model takes, as far as it tells; and the output to read. */
export function readSignature({ inputs, outputs, metadata }: ModelSignature): {
  names?: readonly string[]
  count?: number
  output?: string
} {
  const [first] = inputs
  const listed = namesIn(metadata.features)
  const columns = inputs.length > 1 || first?.shape?.length === 1 ? inputs.map(({ name }) => name) : undefined
  const names = columns ?? listed
  const count = names?.length ?? first?.shape?.[1] ?? undefined
  const floats = outputs.filter(({ type }) => type === 'float32' || type === 'float64')
  const chosen = floats.find(({ name }) => /prob/i.test(name)) ?? floats[0]
  const isBinary = chosen?.shape?.[1] === 2
  const output = chosen === undefined || (floats.length === 1 && !isBinary) ? undefined : `${chosen.name}${isBinary ? '[1]' : ''}`
  return { ...(names === undefined ? {} : { names }), ...(count == null ? {} : { count }), ...(output === undefined ? {} : { output }) }
}

function namesIn(text: string | undefined): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return Array.isArray(value) && value.every(name => typeof name === 'string') ? value : undefined
  } catch {
    return undefined
  }
}
