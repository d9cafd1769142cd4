import { RUNTIMES } from '../../src/models/runtimes/index.ts'
import { testRuntime } from '../conformance/runtime.ts'
import { fixture, recordedCases } from './fixtures.ts'

testRuntime('onnx', {
  runtime: RUNTIMES.onnx,
  cases: recordedCases(),
  broken: [fixture('expected.json'), fixture('no-such.onnx'), fixture('weights_outside.onnx'), fixture('.'), import.meta.filename],
})
