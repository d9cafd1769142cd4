/** What the page of a run shows: what is recorded of it, and how it lies beside the run that was served before. */
import { PrescoreError } from '../../base/index.ts'
import type { RunRecord } from '../../stores/index.ts'
import { inspectRun, type RunDetails } from '../inspect.ts'
import type { BatchPlace } from '../place.ts'
import { openRun, runChunks, type StoredRunFiles } from '../stored-run.ts'
import { canonicalRows } from '../values.ts'
import { type Comparisons, compareRuns } from './distributions.ts'

/** Keys that are named for each reason of rejection. */
const EXAMPLES = 5

export interface PageData extends RunDetails {
  /** The run that it is held against: the one that is served, else the one that was served before. Undefined: there is none. */
  readonly against: RunRecord | undefined
  /** A text says why there are none. */
  readonly comparisons: Comparisons | string
  /** Keys as JSON, by code. */
  readonly rejectedKeys: Readonly<Record<string, readonly string[]>>
}

/** @throws PrescoreError `run_not_found`, `invalid_value` (several begin so), `run_corrupt` */
export async function pageData(place: BatchPlace, idOrPrefix: string): Promise<PageData> {
  const details = await inspectRun(place, idOrPrefix)
  const run = await opened(place, details.record.id)
  if (typeof run === 'string') return { ...details, against: undefined, comparisons: run, rejectedKeys: {} }
  const against = servedBeside(place, details.record)
  const other = against === undefined ? undefined : await opened(place, against.id)
  const isOther = other !== undefined && typeof other !== 'string'
  const comparisons = await compareRuns(run, isOther ? other : undefined)
  const rejectedKeys = details.report?.ok === details.report?.rows ? {} : await rejected(run)
  return { ...details, against: isOther ? against : undefined, comparisons, rejectedKeys }
}

/** A text where its files are not there, or not yet. */
async function opened(place: BatchPlace, id: string): Promise<StoredRunFiles | string> {
  try {
    return await openRun(place, id)
  } catch (error) {
    if (error instanceof PrescoreError && ['run_not_found', 'invalid_value', 'release_not_found'].includes(error.code))
      return error.code === 'invalid_value' ? 'the run is not finished' : 'the files of the run are gone'
    throw error
  }
}

function servedBeside({ store: { catalog } }: BatchPlace, { id, prediction }: RunRecord): RunRecord | undefined {
  const pointer = catalog.pointer(prediction)
  const other = pointer === undefined ? undefined : [pointer.run, ...pointer.history].find(run => run !== id)
  return other === undefined ? undefined : catalog.getRun(other)
}

async function rejected(run: StoredRunFiles): Promise<Record<string, readonly string[]>> {
  const keys: Record<string, string[]> = {}
  for await (const chunk of runChunks(run, false)) {
    for (const { keyText, line, valueText } of canonicalRows(chunk, run.context.prediction, run.shape)) {
      if (valueText !== undefined) continue
      const code = line.slice(line.lastIndexOf('!') + 1).trim()
      const named = keys[code] ?? []
      if (named.length < EXAMPLES) keys[code] = [...named, keyText]
    }
  }
  return keys
}
