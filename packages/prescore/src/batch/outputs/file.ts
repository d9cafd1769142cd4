/** A run as a file that each publish replaces. */
import { dirname, extname, resolve } from 'node:path'
import { formatInstant, makeFolder, PrescoreError, unwritable } from '../../base/index.ts'
import type { CopyFormat } from '../../parquet/index.ts'
import type { FileDefinition } from '../../project/index.ts'
import type { RunRecord } from '../../stores/index.ts'
import { writeExport } from '../export.ts'
import type { OutputWriter } from './output.ts'

export function fileOutput({ path, features }: FileDefinition, folder: string): OutputWriter {
  const pathOf = ({ id, asOfUs }: RunRecord) => path.replaceAll('{run}', id).replaceAll('{asOf}', formatInstant(asOfUs).replaceAll(':', ''))
  return {
    targetOf: pathOf,
    prepare: async () => {},
    write: async ({ run, isServed }) => {
      if (!isServed()) return false
      const file = resolve(folder, pathOf(run.record))
      await makeFolder(dirname(file)).catch(error => {
        throw unwritable(dirname(file), error)
      })
      await writeExport(run, { file, format: extname(path).slice(1) as CopyFormat, withFeatures: features })
      return true
    },
    isPassing: () => false,
    fixOf: error => (error instanceof PrescoreError ? error.fix : undefined),
  }
}
