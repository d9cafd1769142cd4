export { loadPostgres, transaction, urlOf, withClient } from './client.ts'
export { isPassing } from './failures.ts'
