import { type Key, type KeyColumns, keyJson } from '../project/index.ts'

/** The JSON of a key. */
export type KeyText = (key: Key) => string

/** What `keyJson` gives, with all that the columns decide decided. */
export function keyTextOf(columns: KeyColumns): KeyText {
  const [name, ...more] = Object.keys(columns)
  if (name === undefined || more.length > 0) return key => keyJson(columns, key)
  const head = `{${JSON.stringify(name)}:`
  return key => {
    const value = key[name]
    return `${head}${typeof value === 'string' ? JSON.stringify(value) : String(value)}}`
  }
}

/** The same of keys whose texts have nothing to escape. */
export function plainKeyTextOf(columns: KeyColumns): KeyText {
  const [name, ...more] = Object.entries(columns).map(([column, kind]) => {
    const head = `${JSON.stringify(column)}:`
    return (key: Key) => (kind === 'string' ? `${head}"${key[column]}"` : `${head}${key[column]}`)
  })
  if (name === undefined) return () => '{}'
  return more.length === 0 ? key => `{${name(key)}}` : key => `{${name(key)},${more.map(each => each(key)).join(',')}}`
}
