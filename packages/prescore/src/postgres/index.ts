export { loadPostgres, transaction, withClient } from './client.ts'
export { Connections } from './connections.ts'
export { isPassing } from './failures.ts'
export { connectionFix, urlOf } from './url.ts'
