/** Attributes that a request sets: joined features by join and name, in the place of what the sources say. */
import { PrescoreError, suggestion } from '../base/index.ts'
import type { Kind } from '../expressions/index.ts'
import { checkValue, type InputValue } from './inputs.ts'
import { featureTypes, rowScope } from './scopes.ts'
import type { PredictionDefinition, ProjectDefinition } from './types.ts'

/** Values by join and feature. */
export type Attributes = Readonly<Record<string, Readonly<Record<string, InputValue>>>>
export type AttributeKinds = Readonly<Record<string, Readonly<Record<string, Kind>>>>

/** What a request to the prediction may set. */
export function attributeKinds({ sources }: ProjectDefinition, { joins }: PredictionDefinition): AttributeKinds {
  const kinds = Object.entries(joins).map(([name, join]) => {
    const source = sources[join.source]
    const types = source === undefined ? [] : [...featureTypes(join, rowScope(source))]
    return [name, Object.fromEntries(types.map(([feature, { kind }]) => [feature, kind] as const))] as const
  })
  return Object.fromEntries(kinds)
}

/** Attributes as JSON gives them. @throws PrescoreError `invalid_attribute` */
export function checkAttributes(kinds: AttributeKinds, value: unknown): Attributes {
  const joins = members(value, '`attributes`', kinds)
  return Object.fromEntries(
    joins.map(([join, set]) => {
      const features = kinds[join] as Readonly<Record<string, Kind>>
      const values = members(set, `\`attributes.${join}\``, features)
      return [
        join,
        Object.fromEntries(values.map(([name, each]) => [name, checked(features[name] as Kind, each, `${join}.${name}`)] as const)),
      ]
    }),
  )
}

function checked(kind: Kind, value: unknown, name: string): InputValue {
  try {
    return checkValue(kind, value, `\`attributes.${name}\``)
  } catch (error) {
    throw error instanceof PrescoreError ? new PrescoreError('invalid_attribute', error.details) : error
  }
}

/** The members of an object whose names are all known. */
function members(value: unknown, where: string, known: object): [string, unknown][] {
  const names = Object.keys(known)
  const expected = names.length === 0 ? 'none: the prediction joins nothing' : `an object with some of ${names.join(', ')}`
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new PrescoreError('invalid_attribute', {
      where,
      found: value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`,
      expected,
    })
  const unknown = Object.keys(value).find(name => !Object.hasOwn(known, name))
  if (unknown === undefined) return Object.entries(value)
  throw new PrescoreError('invalid_attribute', { where, found: `\`${unknown}\``, expected, fix: suggestion(unknown, names) })
}
