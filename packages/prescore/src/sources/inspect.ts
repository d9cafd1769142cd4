/** What the files of a source hold, and how they are read: the columns that they have, and those that their folders give. */
import { resolve } from 'node:path'
import { PrescoreError } from '../base/index.ts'
import { type Database, identifier } from '../parquet/index.ts'
import type { ColumnKind } from '../project/index.ts'
import { commonTypes } from './columns.ts'
import { typesByFooters } from './described.ts'
import {
  type DataTypes,
  FILE_COLUMN,
  type Format,
  folderOf,
  folderText,
  formatOf,
  nameIn,
  type SourceFile,
  selectValues,
} from './formats/index.ts'
import { pathOf, type SourceAt } from './source-at.ts'
import { surveyFolders, surveyTexts } from './survey.ts'

export interface Inspected {
  /** In the order of the paths. */
  readonly files: readonly SourceFile[]
  readonly types: DataTypes
}

/** @param paths of one format. @throws PrescoreError `source_unreadable`, `duplicate_name`, `project_invalid` with each `wrong_cell` */
export async function inspectFiles(database: Database, source: SourceAt, paths: readonly string[]): Promise<Inspected> {
  const format = formatOf(paths[0] as string) as Format
  const files: SourceFile[] = []
  for (const path of paths) files.push(await laidOut(source, format, path))
  const absolute = files.map(file => ({ ...file, path: resolve(source.folder, file.path) }))
  const types =
    format.text === undefined ? await describe(database, source, format, absolute) : await surveyTexts(database, source, format, absolute)
  const names = folderColumns(source, types, paths)
  if (names.length === 0) return { files, types }
  const withFolders = files.map(file => ({
    ...file,
    folders: Object.fromEntries(names.map(name => [name, folderOf(file.path, name) as string])),
  }))
  const fromFolders = await surveyFolders(database, source, names, name => withFolders.map(({ folders }) => folders[name] as string))
  return { files: withFolders, types: new Map([...types, ...fromFolders]) }
}

/**
 * The FROM item that reads the files: its columns are the declared ones, of the types that were found.
 * @param types of the declared columns, at least.
 */
export function fromFiles(source: SourceAt, files: readonly SourceFile[], types: DataTypes): string {
  const { definition } = source
  const format = formatOf(files[0]?.path ?? '') as Format
  const absolute = files.map(file => ({ ...file, path: pathOf(source, file) }))
  const given = Object.keys(files[0]?.folders ?? {})
  const own = Object.keys(definition.columns).filter(name => !given.includes(name) && (format.text !== undefined || types.has(name)))
  const kindOf = (name: string) => definition.columns[name] as ColumnKind
  const fromFolders = given.map(name => [name, kindOf(name), folderText(FILE_COLUMN, name)] as const)
  const { text } = format
  if (text === undefined) {
    const more = fromFolders.length === 0 ? '' : `, ${selectValues(fromFolders, types)}`
    return `(SELECT *${more} FROM (${format.read(absolute, own)}))`
  }
  const cells = own.map(name => [name, kindOf(name), text.textOf(kindOf(name), identifier(name))] as const)
  return `(SELECT ${selectValues([...cells, ...fromFolders], types)} FROM (${format.read(absolute, own)}))`
}

async function laidOut({ name, definition, folder }: SourceAt, { text }: Format, path: string): Promise<SourceFile> {
  const file: SourceFile = definition.names === undefined ? { path } : { path, names: definition.names }
  if (text === undefined) return file
  try {
    const columns = Object.keys(definition.columns).map(column => nameIn(file, column))
    return { ...file, layout: await text.layoutOf(resolve(folder, path), columns) }
  } catch (error) {
    if (!(error instanceof PrescoreError)) throw error
    throw new PrescoreError(error.code, { ...error.details, where: `sources.${name}, ${path}` })
  }
}

async function describe(database: Database, { name }: SourceAt, format: Format, files: readonly SourceFile[]): Promise<DataTypes> {
  const types = new Map(commonTypes((await typesByFooters(files)) ?? (await typesByDuckdb(database, name, format, files))))
  types.delete(FILE_COLUMN)
  for (const [name, called] of Object.entries(files[0]?.names ?? {})) {
    const type = types.get(called)
    types.delete(called)
    if (type !== undefined) types.set(name, type)
  }
  return types
}

async function typesByDuckdb(database: Database, name: string, format: Format, files: readonly SourceFile[]): Promise<DataTypes[]> {
  const each: DataTypes[] = []
  for (const file of files) {
    const rows = await database.query(`DESCRIBE ${format.read([file], [])}`, `sources.${name}`)
    each.push(new Map(rows.map(row => [String(row.column_name), String(row.column_type)])))
  }
  return each
}

/** Declared columns that no file has and every path gives. */
function folderColumns({ definition }: SourceAt, types: DataTypes, paths: readonly string[]): string[] {
  const absent = Object.keys(definition.columns).filter(name => !types.has(name))
  return absent.filter(name => paths.every(path => folderOf(path, name) !== undefined))
}
