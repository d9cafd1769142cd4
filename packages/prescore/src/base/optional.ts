import { PrescoreError } from './errors.ts'

/** What installs such a package: none of them needs its install script. */
export function installLine(name: string): string {
  return `npm install --ignore-scripts ${name}`
}

/**
 * A package that only some projects need, loaded when it is needed.
 * @param load the import, written out, so that bundlers and the type checker see it
 * @param note what else to know before it is installed
 * @throws PrescoreError `package_missing`
 */
export async function optionalPackage<T>(name: string, what: string, load: () => Promise<T>, note?: string): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new PrescoreError('package_missing', {
      where: what,
      found: `no package \`${name}\``,
      expected: 'it to be installed beside prescore',
      fix: `Run \`${installLine(name)}\`.${note === undefined ? '' : ` ${note}`}`,
      cause: error,
    })
  }
}
