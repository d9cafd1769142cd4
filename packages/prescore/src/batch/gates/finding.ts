export type GateResult = {
  readonly gate: string
  readonly passed: boolean
  /** `warn`: it does not stop the run. */
  readonly level: 'block' | 'warn'
  /** What was found and what is asked for, in words. */
  readonly found: string
  readonly expected: string
}

export type Finding = Omit<GateResult, 'level'>
