export { reading, written } from './errors.ts'
export { BINARY, openFolder, realFolder } from './folder.ts'
