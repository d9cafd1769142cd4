import { extname, resolve } from 'node:path'
import { PrescoreError } from '../../base/index.ts'
import { type ExportRequest, exportRun } from '../../batch/index.ts'
import { type Invocation, text } from '../command.ts'
import { bytesText, count, shortHash } from '../terminal.ts'

const FORMATS: Readonly<Record<string, ExportRequest['format']>> = { '.parquet': 'parquet', '.csv': 'csv', '.ndjson': 'ndjson' }

export async function exportCommand({ open, terminal, options }: Invocation, [id]: readonly string[]): Promise<void> {
  const out = text(options.out)
  const format = FORMATS[extname(out ?? '')]
  if (out === undefined || format === undefined) {
    throw new PrescoreError('wrong_use', {
      where: '--out',
      found: out ?? 'nothing',
      expected: `a file to write: ${Object.keys(FORMATS).join(', ')}`,
    })
  }
  const app = await open()
  const exported = await exportRun(await app.place(), {
    run: id as string,
    file: resolve(out),
    format,
    withFeatures: options.features === true,
  })
  const { run, rows, bytes, columns } = exported
  terminal.print(exported, `${count(rows)} rows × ${columns.length} columns of run ${shortHash(run)} in ${out}, ${bytesText(bytes)}`)
}
