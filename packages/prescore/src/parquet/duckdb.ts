/** DuckDB, which takes longest of all to load. */
import { lazily } from '../base/index.ts'

export const duckdb = lazily<typeof import('@duckdb/node-api')>('@duckdb/node-api')
