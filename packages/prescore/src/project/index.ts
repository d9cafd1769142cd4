export { type AttributeKinds, type Attributes, attributeKinds, checkAttributes } from './attributes.ts'
export { checkProject } from './check/index.ts'
export { type Cron, parseCron } from './cron.ts'
export { defineProject, type Project } from './define.ts'
export { entity } from './entity.ts'
export type { Judged, JudgedRun } from './gates.ts'
export {
  checkInputs,
  defaultInputs,
  FINGERPRINT_BYTES,
  type InputKinds,
  type Inputs,
  type InputValue,
  inputFingerprint,
  inputsJson,
  parseInput,
  readInputs,
  textFingerprint,
} from './inputs.ts'
export { checkKey, decodeKey, encodeKey, KEY_BYTES_MAX, type Key, type KeyValue, keyJson, keyValueJson, parseKey, writeKey } from './key.ts'
export { type LoadedProject, loadProject, PROJECT_FILES } from './load.ts'
export { func, onnx, openInference, tfServing } from './model.ts'
export { env, file, postgresTable } from './output.ts'
export { populationInputs } from './population-inputs.ts'
export { postgres } from './postgres.ts'
export type { PerRequestDefinition, PostgresRowsDefinition } from './postgres-rows.ts'
export { every, prediction } from './prediction.ts'
export { featureTypes, filterScope, labelScope, requestScope, rowScope, vectorScope } from './scopes.ts'
export { events, table } from './source.ts'
export { oneStatement } from './statement.ts'
export type {
  AggregateName,
  AggregationDefinition,
  AuditDefinition,
  ColumnKind,
  FeatureGroupDefinition,
  FileDefinition,
  GatesDefinition,
  JoinDefinition,
  KeyColumns,
  KeyKind,
  LabelWindowDefinition,
  Mode,
  ModelDefinition,
  OutputDefinition,
  PeriodName,
  PolicyDefinition,
  PopulationDefinition,
  PostgresTableDefinition,
  PredictionDefinition,
  PredictionValue,
  ProjectDefinition,
  RemoteModelDefinition,
  SourceDefinition,
  TrainingDefinition,
} from './types.ts'
