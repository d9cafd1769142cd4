export { type Initialised, type InitRequest, initProject } from './init.ts'
