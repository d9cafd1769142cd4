import { PrescoreError } from './errors.ts'
import { shown } from './shown.ts'
import { suggestion } from './suggest.ts'

/** The settings that a definition takes, and which of them it needs: held to its type, so that none is forgotten here. */
export type Settings<T> = { readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? 'optional' : 'required' }

/**
 * A setting with a mistyped name would be passed over: a filter that filters nothing, a gate that is not there. The editor tells it,
 * and many a project file is written without one.
 * @param where the definition, as messages name it.
 * @throws PrescoreError `unknown_name` for a setting that there is not, `invalid_value` for one that is left out, or for no settings.
 */
export function checkSettings(options: object, settings: Readonly<Record<string, 'optional' | 'required'>>, where: string): void {
  const names = Object.keys(settings)
  if (options === null || typeof options !== 'object' || Array.isArray(options))
    throw new PrescoreError('invalid_value', { where, found: shown(options), expected: `settings: ${names.join(', ')}` })
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(settings, name))
      throw new PrescoreError('unknown_name', {
        where,
        found: `\`${name}\``,
        expected: 'one of its settings',
        fix: suggestion(name, names),
      })
  }
  for (const name of names) {
    if (settings[name] === 'required' && (options as Readonly<Record<string, unknown>>)[name] === undefined)
      throw new PrescoreError('invalid_value', { where, found: `no \`${name}\``, expected: `\`${name}\`, which it needs` })
  }
}

/**
 * Something that must come from a helper of this package, told by a member that only such a value has.
 * @throws PrescoreError `invalid_value`
 */
export function checkMade(value: unknown, member: string, where: string, expected: string): void {
  if (typeof value === 'object' && value !== null && member in value) return
  throw new PrescoreError('invalid_value', { where, found: shown(value), expected })
}
