/** A run as a file that each publish replaces. */
import { extname, resolve } from 'node:path'
import { formatInstant } from '../../base/index.ts'
import type { CopyFormat } from '../../parquet/index.ts'
import type { FileDefinition } from '../../project/index.ts'
import { writeExport } from '../export.ts'
import type { OutputWriter } from './output.ts'

export function fileOutput({ path, features }: FileDefinition, folder: string): OutputWriter {
  return {
    target: path,
    prepare: async () => {},
    write: async ({ run, isServed }) => {
      if (!isServed()) return false
      const { id, asOfUs } = run.record
      const named = path.replaceAll('{run}', id).replaceAll('{asOf}', formatInstant(asOfUs).replaceAll(':', ''))
      await writeExport(run, { file: resolve(folder, named), format: extname(path).slice(1) as CopyFormat, withFeatures: features })
      return true
    },
    isPassing: () => false,
  }
}
