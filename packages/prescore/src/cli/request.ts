/** A request in the words of a command line. */
import { PrescoreError } from '../base/index.ts'
import { type Inputs, type Key, type KeyColumns, type PredictionDefinition, parseInput, parseKey } from '../project/index.ts'

/** `origin=JFK hour=18`; the bare value where the key has one column. Names that are no column of the key are inputs. */
export function requestOf(
  { entity = {}, inputs: kinds }: PredictionDefinition,
  parts: readonly string[],
): { key: Key | undefined; inputs: Inputs } {
  const names = Object.keys(entity)
  const expected = [...names, ...Object.keys(kinds)].map(name => `${name}=…`).join(' ')
  const pairs = parts.map((part, i) => {
    const at = part.indexOf('=')
    if (i === 0 && names.length === 1 && (at < 1 || !Object.hasOwn({ ...entity, ...kinds }, part.slice(0, at))))
      return [names[0] as string, part] as const
    if (at < 1) throw new PrescoreError('wrong_use', { found: `\`${part}\``, expected })
    return [part.slice(0, at), part.slice(at + 1)] as const
  })
  const given = pairs.filter(([name]) => Object.hasOwn(kinds, name) && !Object.hasOwn(entity, name))
  const inputs = Object.fromEntries(given.map(([name, text]) => [name, parseInput(kinds, name, text)] as const))
  return {
    key: keyOf(
      entity,
      pairs.filter(pair => !given.includes(pair)),
    ),
    inputs,
  }
}

function keyOf(columns: KeyColumns, pairs: readonly (readonly [string, string])[]): Key | undefined {
  if (Object.keys(columns).length > 0) return parseKey(columns, Object.fromEntries(pairs))
  const [other] = pairs
  if (other !== undefined) throw new PrescoreError('wrong_use', { found: `\`${other[0]}\``, expected: 'inputs of the prediction' })
  return undefined
}
