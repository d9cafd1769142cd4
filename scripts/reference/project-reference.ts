/** The reference of the project file, from the types and doc comments of the definitions: every member has one, or this fails. */
import { Declarations, type Documented, type Member, type Method, type Overload } from './declarations.ts'

type Part = (declarations: Declarations) => string

/** In the order of the page. */
const PARTS: readonly Part[] = [
  options('defineProject({ … })', 'project/define.ts', 'defineProject', 'ProjectOptions'),
  options('events({ … })', 'project/source.ts', 'events', 'EventsOptions'),
  options('table({ … })', 'project/source.ts', 'table', 'TableOptions'),
  options('postgres({ … })', 'project/postgres.ts', 'postgres', 'PostgresOptions'),
  members('perRequest', '[Sources](sources.md#per-request) has the whole story.', 'project/postgres.ts', 'PerRequestOptions'),
  methods('A source', 'What `events` and `table` give.', 'source', 'project/source.ts', 'Source'),
  methods('Some rows of a source', 'What `since` and `where` of a source give.', 'rows', 'project/source.ts', 'Rows'),
  methods('A population', 'What `keys` gives.', 'population', 'project/source.ts', 'Population'),
  callable('entity', 'project/entity.ts'),
  methods('A source by entity', 'What `by` gives.', 'byEntity', 'project/source-by.ts', 'SourceBy'),
  aggregates,
  members('Options of an aggregate', 'The last argument of each.', 'project/aggregation.ts', 'Options'),
  members('Options of `last` and `mode` beside these', '', 'project/aggregation.ts', 'Several'),
  methods('A feature group', 'What `features` gives.', 'group', 'project/feature-group.ts', 'FeatureGroup'),
  options('prediction({ … })', 'project/prediction.ts', 'prediction'),
  members('training', '', 'project/prediction.ts', 'TrainingOptions'),
  callable('every', 'project/prediction.ts'),
  members('policy', '', 'project/policy.ts', 'PolicyOptions'),
  members('schedule', 'Of a policy, where a text is not enough.', 'project/policy.ts', 'ScheduleOptions'),
  members('gates', 'Shares are from 0 to 1.', 'project/gates.ts', 'GateOptions'),
  members('monitor', '', 'project/monitor.ts', 'MonitorOptions'),
  members('monitor.audit', '[Audit](audit.md) has the whole story.', 'project/monitor.ts', 'AuditOptions'),
  callable('onnx', 'project/model.ts'),
  callable('func', 'project/model.ts'),
  options('openInference({ … })', 'project/model.ts', 'openInference'),
  options('tfServing({ … })', 'project/model.ts', 'tfServing'),
  options('postgresTable({ … })', 'project/output.ts', 'postgresTable'),
  options('file({ … })', 'project/output.ts', 'file'),
  callable('env', 'project/output.ts'),
  expressions,
  callable('fn', 'expressions/expression.ts'),
]

/** Types of the sources in the reader's words. What is not here stands as it is written. */
const TYPES: Readonly<Record<string, string>> = {
  C: '{ name: kind }',
  'Entity<E>': 'entity(…)',
  'Name<C>': 'column name',
  DurationText: "duration, such as '15m'",
  ModelDefinition: 'a model',
  PostgresRowsDefinition: 'postgres(…)',
  PerRequestOptions: '{ … }, see perRequest',
  'Population<E>': 'a population',
  'TrainingOptions<C, I, N>': '{ … }, see training',
  'Readonly<Record<string, GateFunction>>': '{ name: run => true or text }',
  PolicyOptions: '{ … }, see policy',
  MonitorOptions: '{ … }, see monitor',
  AuditOptions: '{ … }, see monitor.audit',
  'GateOptions<F>': '{ … }, see gates',
  'Readonly<Record<string, OutputDefinition>>': '{ name: output }',
  'Readonly<Record<string, AnySource>>': '{ name: source }',
  'Readonly<Record<string, AnyPrediction>>': '{ name: prediction }',
  'Readonly<Record<string, number>>': '{ name: number }',
  'Readonly<Record<string, string>>': '{ name: text }',
  I: '{ name: kind }',
  N: 'number',
  O: 'window, or several',
  'string | ScheduleOptions': 'text, or { cron, … }: see schedule',
  Mode: "'batch' | 'live' | 'hybrid'",
  'Source<C> | Rows<C>': 'a source, or rows of it',
  'LabelWindow<N>': 'a label window',
  '{ readonly [K in keyof C]?: string }': '{ column: text }',
  'number | { readonly [K in keyof F]?: number }': 'number, or { feature: number }',
  '(row: RowOf<C>) => D': 'row => { name: expression }',
  '(row: RowOf<AllColumns<C, D>>) => TimestampExpression': 'row => timestamp',
  '(row: Row<C>) => BooleanExpression': 'row => boolean',
  '((row: RowOf<C>) => TimestampExpression) | { readonly everyUs: number }': 'row => timestamp, or every(…)',
  '(row: RowOf<C>) => { readonly [K in keyof I]: ExpressionOf<InputKindsOf<I>[K] & Kind> }': 'row => { input: expression }',
  "( row: RowOf<C>, next: RowOf<{ readonly [K in keyof N]: N[K] & Kind }>, ) => NumberExpression<'int64' | 'float64'> | BooleanExpression":
    '(row, next) => number or boolean',
  '(s: Scope<E, I>) => J': 's => { name: group.at(…) }',
  '(s: JoinedScope<E, I, J>) => F': 's => { name: expression }',
  '{ readonly env: string }': "env('NAME')",
  'string | { readonly env: string }': "text, or env('NAME')",
  string: 'text',
  'string | readonly string[]': 'text, or several',
  'readonly string[]': 'several texts',
  '{ readonly value: PredictionValue; readonly reason?: string }': '{ value, reason }',
  '{ readonly least?: number; readonly greatest?: number }': '{ least, greatest }',
}

/** What the last characters of an expression type are called. */
const KINDS: readonly (readonly [name: string, title: string])[] = [
  ['NumberExpression', 'numbers'],
  ['BooleanExpression', 'booleans'],
  ['StringExpression', 'texts'],
  ['TimestampExpression', 'timestamps'],
  ['DurationExpression', 'durations'],
]

export function projectReference(): string {
  const declarations = new Declarations()
  try {
    return PARTS.map(part => part(declarations)).join('\n')
  } finally {
    declarations.close()
  }
}

function options(title: string, file: string, name: string, of = name): Part {
  return from => heading(`\`${title}\``, meaningOf(from.documented(file, name), file)) + memberTable(from.members(file, of), file)
}

function members(title: string, text: string, file: string, name: string): Part {
  return from => heading(title.includes(' ') ? title : `\`${title}\``, text) + memberTable(from.members(file, name), file)
}

function methods(title: string, text: string, receiver: string, file: string, name: string): Part {
  return from => {
    const rows = from.methods(file, name).map(each => [call(`${receiver}.${each.name}`, each), meaningOf(each, file), codes(each)])
    return heading(title, text) + table(['method', 'meaning', 'errors'], rows)
  }
}

function callable(name: string, file: string): Part {
  return from => {
    const found = from.function(file, name)
    const errors = found.errors.length === 0 ? '' : ` Errors: ${codes(found)}.`
    return heading(call(name, found), `${meaningOf(found, file)}${errors}`)
      .trimEnd()
      .concat('\n')
  }
}

function aggregates(from: Declarations): string {
  const file = 'project/aggregation.ts'
  const rows = from.methods(file, 'FeatureBuilder').map(each => {
    const kinds = { NumberKind: 'numbers', OrderedKind: 'numbers, timestamps, durations', Kind: 'any kind' }
    const [, of = ''] = /Value<C, (\w+)>/.exec(each.text) ?? []
    const value = kinds[of as keyof typeof kinds] ?? (each.parameters[0] === 'condition' ? 'a condition' : '')
    const gives = /Aggregation<'(\w+)'/.exec(each.returns)?.[1] ?? 'the kind of the value'
    const written = each.name === 'count' ? { parameters: ['value?', 'options?'] } : each
    return [call(`f.${each.name}`, written), value, gives, meaningOf(each, file)]
  })
  const text =
    'What `features(f => ({ … }))` names. A value is the name of a column, or `r => …` over the row. [Features](features.md) has the exact semantics.'
  return heading('Aggregates', text) + table(['method', 'of', 'gives', 'meaning'], rows)
}

function expressions(from: Declarations): string {
  const file = 'expressions/expression.ts'
  const rows = KINDS.map(([name, title]) => {
    const found = from.methods(file, name)
    const results = found.flatMap(each => resultsOf(each).map(([result, as]) => [result, call(each.name, as)] as const))
    const gives = [...Map.groupBy(results, ([result]) => result)].map(
      ([result, each]) => `${result}: ${each.map(([, one]) => one).join(' ')}`,
    )
    const told = found.filter(({ meaning }) => meaning !== '').map(({ name: method, meaning }) => `\`${method}\`: ${meaning}`)
    return [title, gives.join('; '), told.join(' ')]
  })
  const makers = ['seconds', 'minutes', 'hours', 'days'].map(name => `\`${name}(amount)\``).join(', ')
  const text = `Columns, features, inputs, keys and the as-of are expressions. Their methods are recorded, not run: a closed list of operators means the same on every engine. On all of them \`isMissing()\` is true where the value is missing. Arithmetic is in doubles. Missing in gives missing out, except for \`isMissing\`, \`orElse\`, and three-valued \`and\` and \`or\`. ${makers} make durations, rounded to the microsecond; a day has 24 hours.`
  return heading('Expressions', text) + table(['of', 'gives', 'meaning'], rows)
}

function resultsOf(method: Method): (readonly [result: string, as: Overload])[] {
  if (method.overloads.length > 2) return [['the kind of both', method]]
  return method.overloads.map(each => [resultOf(each.returns), each])
}

function resultOf(type: string): string {
  if (type.includes("'int64'")) return 'int64'
  const [, name = ''] = /^(\w+)Expression/.exec(type) ?? []
  return { Number: 'float64', Boolean: 'boolean', String: 'text', Timestamp: 'timestamp', Duration: 'duration' }[name] ?? type
}

function memberTable(found: readonly Member[], file: string): string {
  const rows = found.map(member => {
    const fallback = member.optional ? member.fallback : 'required'
    if (fallback === '') throw new Error(`${file}: ${member.name} can be left out, and has no @default`)
    return [`\`${member.name}\``, `\`${TYPES[member.type] ?? member.type}\``, fallback, meaningOf(member, file), codes(member)]
  })
  return table(['member', 'type', 'without it', 'meaning', 'errors'], rows)
}

function meaningOf({ name, meaning }: Documented, file: string): string {
  if (meaning === '') throw new Error(`${file}: ${name} has no doc comment`)
  return meaning
}

function codes({ errors }: Documented): string {
  return errors.map(code => `\`${code}\``).join(' ')
}

function call(name: string, { parameters }: Pick<Overload, 'parameters'>): string {
  return `\`${name}(${parameters.join(', ')})\``
}

function heading(title: string, text: string): string {
  return `### ${title}\n\n${text === '' ? '' : `${text}\n\n`}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${line(head)}\n|${'---|'.repeat(head.length)}\n${rows.map(line).join('\n')}\n`
}
