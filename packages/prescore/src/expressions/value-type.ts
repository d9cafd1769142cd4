/** int64: a number while safe. timestamp, duration: integer microseconds. boolean: 1 or 0 once evaluated. */
export type Kind = 'int64' | 'float64' | 'boolean' | 'string' | 'timestamp' | 'duration'

/** The type of a value: its kind and, for timestamps, the zone in which it is read as a calendar time. */
export interface ValueType {
  readonly kind: Kind
  readonly zone?: string
}
