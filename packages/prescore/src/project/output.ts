import { checkSettings, type DurationText, PrescoreError, type Settings } from '../base/index.ts'
import type { FileDefinition, PostgresTableDefinition } from './types.ts'
import { durationUs } from './window.ts'

/** How long earlier runs stay in a table when nothing else is said. */
const KEEP: DurationText = '7d'

/** A value from the environment, read when it is needed: secrets never stand in the project file. */
export function env(name: string): { readonly env: string } {
  return Object.freeze({ env: name })
}

/** A text would stand in releases, archives and messages; it is not repeated here either. */
export function refuseText(url: unknown, where: string): void {
  if (typeof url === 'object') return
  throw new PrescoreError('invalid_value', {
    where,
    found: 'the URL itself',
    expected: "env('NAME')",
    fix: 'Put it into the environment and name the variable: secrets never stand in the project file.',
  })
}

interface PostgresTableOptions {
  /**
   * `env('DATABASE_URL')`: never the text itself.
   * @error invalid_value
   */
  readonly url: { readonly env: string }
  /**
   * `name` or `schema.name`. The schema must exist.
   * @error invalid_value, output_mismatch
   */
  readonly table: string
  /**
   * How long runs stay once another one is current.
   * @default '7d'
   * @error invalid_window
   */
  readonly keep?: DurationText
}

const POSTGRES_TABLE: Settings<PostgresTableOptions> = { url: 'required', table: 'required', keep: 'optional' }

/** A table that each published run is written to, beside a view `<table>_current` of the one that is served. */
export function postgresTable(options: PostgresTableOptions): PostgresTableDefinition {
  checkSettings(options, POSTGRES_TABLE, 'postgresTable')
  const { url, table, keep = KEEP } = options
  refuseText(url, 'postgresTable, url')
  return Object.freeze({ type: 'postgresTable', url, table, keepUs: durationUs(keep, 'keep') })
}

interface FileOptions {
  /**
   * Relative to the project file; its extension says the format. `{run}` and `{asOf}` stand for the run.
   * @error invalid_value
   */
  readonly path: string
  /**
   * With the values of the features beside the prediction.
   * @default false
   */
  readonly features?: boolean
}

const FILE: Settings<FileOptions> = { path: 'required', features: 'optional' }

/** A file that each published run is written to: `.parquet`, `.csv` or `.ndjson`, whole or not at all. */
export function file(options: FileOptions): FileDefinition {
  checkSettings(options, FILE, 'file')
  return Object.freeze({ type: 'file', path: options.path, features: options.features === true })
}
