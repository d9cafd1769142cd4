/** What a request asks for, read strictly: an unknown, repeated or ill-typed part is refused with what was expected. */
import { PrescoreError } from '../base/index.ts'
import { type Key, type KeyColumns, parseKey } from '../project/index.ts'
import { type AnswerOptions, type AnswerRequest, optionsOf, TEXTS } from '../resolve/index.ts'

const NO_OPTIONS: AnswerOptions = Object.freeze({})

/** The path of a request's target, also where that is a whole address, as proxies send it. */
export function pathOf(target: string): string {
  const [address] = target.split('?', 1) as [string]
  return address.startsWith('/') ? address : address.replace(/^https?:\/\/[^/]*/i, '')
}

/** The parameters of a query string, decoded. @throws PrescoreError `invalid_request` for one that is given twice or broken */
export function parseQuery(text: string): Readonly<Record<string, string>> {
  const parameters = new Map<string, string>()
  for (const part of text.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = decoded(at < 0 ? part : part.slice(0, at))
    if (parameters.has(name))
      throw new PrescoreError('invalid_request', { where: `parameter \`${name}\``, found: 'it twice', expected: 'it once' })
    parameters.set(name, at < 0 ? '' : decoded(part.slice(at + 1)))
  }
  return Object.fromEntries(parameters)
}

/** The key of a path, for an entity of one column. @throws PrescoreError `invalid_key` */
export function pathKey(columns: KeyColumns, text: string): Key {
  const [name, ...more] = Object.keys(columns)
  if (name !== undefined && more.length === 0) return columns[name] === 'string' ? { [name]: text } : parseKey(columns, { [name]: text })
  throw new PrescoreError('invalid_key', {
    found: 'one text in the path',
    expected: `the key columns ${Object.keys(columns).join(', ')} as query parameters`,
    fix: `Ask for …/answers?${Object.keys(columns)
      .map(column => `${column}=…`)
      .join('&')}`,
  })
}

/** The options of a query string that has nothing else. */
export function queryOptions(text: string): AnswerOptions {
  return text === '' ? NO_OPTIONS : optionsOf(parseQuery(text), [], TEXTS)
}

/** Key columns and options of a query string; a column that is called like an option is the column. */
export function queryRequest(columns: KeyColumns, text: string): AnswerRequest {
  const parameters = Object.entries(parseQuery(text))
  const texts = Object.fromEntries(parameters.filter(([name]) => Object.hasOwn(columns, name)))
  const others = Object.fromEntries(parameters.filter(([name]) => !Object.hasOwn(columns, name)))
  const options = optionsOf(others, Object.keys(columns), TEXTS)
  return { key: Object.keys(columns).length === 0 ? undefined : parseKey(columns, texts), options }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new PrescoreError('invalid_request', { where: 'the query', found: `broken percent-encoding in ${JSON.stringify(text)}` })
  }
}
