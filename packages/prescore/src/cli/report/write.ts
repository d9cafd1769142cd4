import { PrescoreError, writeWhole } from '../../base/index.ts'
import { type BatchPlace, pageData } from '../../batch/index.ts'
import { runPage } from './page.ts'

/** Writes the page of a run: whole or not at all. @throws PrescoreError `run_not_found`, `run_corrupt`, `file_unwritable` */
export async function writePage(place: BatchPlace, run: string, file: string): Promise<void> {
  const page = runPage(await pageData(place, run))
  try {
    await writeWhole(file, page)
  } catch (error) {
    throw new PrescoreError('file_unwritable', { where: file, found: (error as Error).message, cause: error })
  }
}
