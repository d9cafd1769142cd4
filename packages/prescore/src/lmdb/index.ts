export { reading } from './errors.ts'
export { BINARY, LmdbFolder } from './folder.ts'
export { realFolder } from './real-folder.ts'
