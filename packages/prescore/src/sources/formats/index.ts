/** The formats that sources may have, by the ending of their files' names. */
import { csv } from './csv.ts'
import type { Format } from './format.ts'
import { json } from './json.ts'
import { parquet } from './parquet.ts'

export { folderOf, folderText, INSTANT, LOCAL_TIME, selectValues, TEXT_TYPES, valueOf } from './cells.ts'
export { type DataTypes, FILE_COLUMN, type Format, nameIn, type SourceFile, type TextFormat } from './format.ts'

const FORMATS: readonly Format[] = [parquet, csv, json]

/** For messages: the endings by format. */
export const KNOWN_FORMATS = FORMATS.map(
  ({ name, endings }) => `${name} (${plain(endings).join(' ')}${endings.some(each => each.endsWith('.gz')) ? ', also .gz and .zst' : ''})`,
).join(', ')

function plain(endings: readonly string[]): string[] {
  return endings.filter(each => !/\.(gz|zst)$/.test(each))
}

export function formatOf(path: string): Format | undefined {
  const name = path.toLowerCase()
  return FORMATS.find(({ endings }) => endings.some(ending => name.endsWith(ending)))
}
