import { remoteRuntime } from '../remote/runtime.ts'
import { TfServingClient } from '../remote/tf-serving.ts'

/** Models of TensorFlow Serving. */
export const tfServing = remoteRuntime('tfServing', definition => new TfServingClient(definition))
