/** Where else a published run is written: each output whole or not at all, retried, and recorded with the run. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PrescoreError } from '../../base/index.ts'
import type { OutputDefinition } from '../../project/index.ts'
import type { OutputRecord, Pointer } from '../../stores/index.ts'
import type { BatchPlace } from '../place.ts'
import { openRun, type StoredRunFiles } from '../stored-run.ts'
import { fileOutput } from './file.ts'
import type { OutputWriter } from './output.ts'
import { isSuperseded, postgresOutput } from './postgres.ts'

/** Tries of one output, with a doubling pause between them. */
const ATTEMPTS = { most: 5, firstPauseMs: 250 }

export type OutputResults = Readonly<Record<string, OutputRecord>>

/** Refuses, before anything is computed, outputs that cannot work. @throws PrescoreError `output_failed`, `package_missing` */
export async function prepareOutputs(place: BatchPlace, prediction: string): Promise<void> {
  for (const writer of writersOf(place, prediction).values()) await writer.prepare()
}

/**
 * Writes the run that is served to every output of its prediction, unless this publish has been written to that place before. A failure is
 * recorded, and stops neither the others nor the run from being served: calling this again goes on.
 * @throws PrescoreError `interrupted`, and what opening the run may throw
 */
export async function writeOutputs(place: BatchPlace, prediction: string, signal?: AbortSignal): Promise<OutputResults> {
  const { catalog } = place.store
  const pointer = catalog.pointer(prediction)
  const writers = writersOf(place, prediction)
  if (pointer === undefined || writers.size === 0) return {}
  const results: Record<string, OutputRecord> = {}
  let run: StoredRunFiles | undefined
  for (const [name, writer] of writers) {
    const record = catalog.getRun(pointer.run)
    const before = record.outputs?.[name]
    if (before?.state === 'written' && before.sequence === pointer.sequence && before.target === writer.targetOf(record)) {
      results[name] = before
      continue
    }
    run ??= await openRun(place, pointer.run)
    results[name] = catalog.recordOutput(pointer.run, name, await written(place, pointer, run, writer, signal))
  }
  return results
}

function writersOf({ loaded }: BatchPlace, prediction: string): ReadonlyMap<string, OutputWriter> {
  const outputs = Object.entries(loaded.definition.predictions[prediction]?.outputs ?? {})
  return new Map(outputs.map(([name, output]) => [name, writerOf(output, loaded.folder, `predictions.${prediction}.outputs.${name}`)]))
}

function writerOf(output: OutputDefinition, folder: string, where: string): OutputWriter {
  return output.type === 'file' ? fileOutput(output, folder) : postgresOutput(output, where)
}

async function written(
  { store: { catalog } }: BatchPlace,
  { prediction, sequence }: Pointer,
  run: StoredRunFiles,
  writer: OutputWriter,
  signal: AbortSignal | undefined,
): Promise<Omit<OutputRecord, 'atUs'>> {
  const ok = run.shards.reduce((sum, shard) => sum + shard.ok, 0)
  const isServed = () => catalog.pointer(prediction)?.sequence === sequence
  const told = { sequence, target: writer.targetOf(run.record), rows: ok }
  for (let attempt = 1; ; attempt++) {
    try {
      const isWritten = await writer.write({ run, ok, isServed, signal })
      return { ...told, state: isWritten ? 'written' : 'superseded', attempts: attempt }
    } catch (error) {
      if (isSuperseded(error)) return { ...told, state: 'superseded', attempts: attempt }
      if (error instanceof PrescoreError && error.code === 'interrupted') throw error
      const retryable = writer.isPassing(error)
      if (attempt >= ATTEMPTS.most || !retryable)
        return { ...told, state: 'failed', attempts: attempt, retryable, ...saidOf(writer, error) }
      await sleep(ATTEMPTS.firstPauseMs * 2 ** (attempt - 1))
    }
  }
}

function saidOf(writer: OutputWriter, error: unknown): Pick<OutputRecord, 'message' | 'fix'> {
  const fix = writer.fixOf(error)
  return { message: messageOf(error), ...(fix === undefined ? {} : { fix }) }
}

/** What it says, and which of PostgreSQL's or the system's codes it has. */
function messageOf(error: unknown): string {
  const { message, code } = error as { readonly message?: string; readonly code?: string }
  const said = message === undefined || message === '' ? String(error) : message
  return error instanceof PrescoreError ? `${error.code}: ${said}` : code === undefined ? said : `${said} (${code})`
}
