/** The public face: what a project file imports, and `open` for programs that ask it. */
export { type Clock, PrescoreError } from './base/index.ts'
export { type Embedded, type EmbeddedRequest, type EmbeddedSource, type OpenOptions, open } from './embedded/index.ts'
export { days, fn, hours, minutes, seconds } from './expressions/index.ts'
export {
  defineProject,
  entity,
  env,
  events,
  every,
  file,
  func,
  onnx,
  openInference,
  type Project,
  postgres,
  postgresTable,
  prediction,
  table,
  tfServing,
} from './project/index.ts'
