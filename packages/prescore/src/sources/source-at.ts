/** A source with the places where it lies, as everything that reads it needs it. */
import { resolve } from 'node:path'
import type { ProjectDefinition, SourceDefinition } from '../project/index.ts'
import type { SourceFile } from './formats/index.ts'

/** Where a project's sources lie. */
export interface SourcesPlace {
  /** Of the project: files are relative to it. */
  readonly folder: string
  /** Of the event logs; absent: there are none. */
  readonly logs?: string
  /** Of what was read from databases; absent: none can be read. */
  readonly snapshots?: string
}

export interface SourceAt extends SourcesPlace {
  readonly name: string
  readonly definition: SourceDefinition
}

export function sourceAt(place: SourcesPlace, { sources }: ProjectDefinition, name: string): SourceAt {
  return { name, definition: sources[name] as SourceDefinition, ...sourcesPlace(place) }
}

/** The place alone, of something that has more. */
export function sourcesPlace({ folder, logs, snapshots }: SourcesPlace): SourcesPlace {
  return { folder, ...(logs === undefined ? {} : { logs }), ...(snapshots === undefined ? {} : { snapshots }) }
}

/** Where a file is, absolute. */
export function pathOf({ folder, snapshots }: SourcesPlace, { path, readAtUs }: SourceFile): string {
  return resolve(readAtUs === undefined ? folder : (snapshots ?? folder), path)
}
