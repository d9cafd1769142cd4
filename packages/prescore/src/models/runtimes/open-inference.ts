import { OpenInferenceClient } from '../remote/open-inference.ts'
import { remoteRuntime } from '../remote/runtime.ts'

/** Models on servers that speak the Open Inference Protocol V2. */
export const openInference = remoteRuntime('openInference', definition => new OpenInferenceClient(definition))
