import { FINGERPRINT_BYTES } from '../project/index.ts'
import type { HeaderToLoad } from '../stores/index.ts'
import type { RunContext } from './context.ts'
import { dataThroughUs, type Manifests } from './totals.ts'

/** What all stored answers of a run share. @param ok undefined: rows are still to be scored */
export function headerOf({ plan, prediction }: RunContext, manifests: Pick<Manifests, 'features'>, ok: number | undefined): HeaderToLoad {
  return {
    format: 1,
    run: plan.run,
    prediction: plan.prediction,
    release: plan.release,
    asOfUs: plan.asOfUs,
    dataThroughUs: dataThroughUs(plan, manifests.features),
    ...(ok === undefined ? {} : { rows: ok }),
    fingerprintBytes: Object.keys(prediction.inputs).length === 0 ? 0 : FINGERPRINT_BYTES,
  }
}
