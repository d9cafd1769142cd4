export { loadPostgres, transaction, urlOf, withClient } from './client.ts'
export { Connections } from './connections.ts'
export { isPassing } from './failures.ts'
