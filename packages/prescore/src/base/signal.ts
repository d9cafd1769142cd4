import { PrescoreError } from './errors.ts'

/** Asked between steps that may take long. @throws PrescoreError `interrupted` once the signal has fired */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new PrescoreError('interrupted')
}
