/** The features of one request and their events, for a person. */
import { type FeaturesExplained, type JoinedFeature, type ListedEvents, reportJson } from '../audit/index.ts'
import { count, emphasis, shortHash, table } from './terminal.ts'

export function explainedText({ prediction, release, key, inputs, asOf, features, joins }: FeaturesExplained): string {
  const who = [...(key === null ? [] : [reportJson(key)]), ...(Object.keys(inputs).length === 0 ? [] : [reportJson(inputs)])]
  return [
    `${prediction} ${who.join(' ')} as of ${asOf}, release ${shortHash(release)}`,
    table([['feature', 'value', 'from'], ...features.map(({ name, value, from }) => [name, valueText(value), from.join(', ')])]),
    ...joins.map(
      ({ name, source, key, features }) =>
        `${emphasis('bold', name)} of ${source}, ${key === null ? 'no key: a column of it is missing' : reportJson(key)}\n\n${features.map(featureText).join('\n\n')}`,
    ),
  ].join('\n\n')
}

function featureText({ name, aggregate, value, from, until, entered, filtered, missing, late }: JoinedFeature): string {
  const left = [
    ...(filtered.count === 0 ? [] : [`${count(filtered.count)} filtered out`]),
    ...(missing.count === 0 ? [] : [`${count(missing.count)} without a value`]),
    ...(late.count === 0 ? [] : [emphasis('yellow', `${count(late.count)} known only later`)]),
  ]
  const head = `  ${name} = ${valueText(value)}, ${aggregate} of ${count(entered.count)} events${left.length === 0 ? '' : ` (${left.join(', ')})`}`
  const window = `  in [${from ?? 'ever'}, ${until})`
  const rows = [
    ...rowsOf(entered, ''),
    ...rowsOf(filtered, 'filtered out'),
    ...rowsOf(missing, 'no value'),
    ...rowsOf(late, 'known only later'),
  ]
  return [head, window, ...(rows.length === 0 ? [] : [table(rows)])].join('\n')
}

function rowsOf({ count: all, events }: ListedEvents, why: string): string[][] {
  const rows = events.map(({ id, eventTime, knownAt, value }) => [
    `    ${id === undefined ? '–' : valueText(id)}`,
    eventTime ?? 'ever',
    `known ${knownAt ?? 'never'}`,
    value === undefined ? '' : valueText(value),
    why,
  ])
  const earlier = all - rows.length
  return earlier === 0 || rows.length === 0 ? rows : [[`    … ${count(earlier)} earlier`, '', '', '', why], ...rows]
}

function valueText(value: unknown): string {
  return value === null ? 'missing' : String(value)
}
