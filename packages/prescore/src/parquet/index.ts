export { type CopyFormat, copyTo } from './copy.ts'
export { Database, identifier, literal } from './database.ts'
export { type ColumnKinds, readColumns, selectItem } from './read.ts'
export { type StoredColumns, type StoredKind, settle, type WriteOptions, writable, writeParquet } from './write.ts'
