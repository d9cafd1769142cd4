import { basename, dirname } from 'node:path'
import type { Message } from 'esbuild'
import { lazily, PrescoreError } from '../base/index.ts'

/** A release is made once, and loaded often. */
const esbuild = lazily<typeof import('esbuild')>('esbuild')

/**
 * The project file with all that it imports of its own, as one module, for the archive. It names no place of this machine.
 * @throws PrescoreError `project_invalid` with the line that cannot be bundled
 */
export async function bundleProject(file: string): Promise<string> {
  try {
    const { outputFiles } = await esbuild().build({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'silent',
    })
    return outputFiles[0]?.text ?? ''
  } catch (error) {
    const [first] = (error as { readonly errors?: readonly Message[] }).errors ?? []
    throw new PrescoreError('project_invalid', {
      where: placeOf(first) ?? basename(file),
      found: first?.text ?? (error as Error).message,
      expected: 'a file that can be bundled',
      fix: 'Mend the line that the message names.',
      cause: error,
    })
  }
}

function placeOf(message: Message | undefined): string | undefined {
  const location = message?.location
  return location == null ? undefined : `${location.file}, line ${location.line}`
}
