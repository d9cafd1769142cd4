/** Gates: checks that a run must pass before it is published. Those of `warn` say what they found, and let it pass. */
import { asPrescoreError } from '../base/index.ts'
import type { GatesDefinition, JudgedRun } from '../project/index.ts'
import type { Finding, GateResult } from './gates/finding.ts'
import { judge, told } from './gates/judge.ts'
import { atLeast, atMost, percent } from './gates/percent.ts'
import { type Compared, checkShift } from './gates/shift.ts'
import type { ValueSummary } from './staging.ts'
import type { RunTotals } from './totals.ts'

/** What gates look at. */
export interface Judged extends Pick<RunTotals, 'rows' | 'ok' | 'missing' | 'rejected'> {
  /** Null for vectors, or without rows. */
  readonly values: ValueSummary | null
  /** The least and the greatest of all numbers; null without rows. */
  readonly extent: readonly [least: number, greatest: number] | null
  /** All values are the same, of two keys or more. */
  readonly isConstant: boolean
}

/** What must be read to be judged; asked only for gates that are declared. */
export interface Evidence {
  /** The values in the bins of the run that is served; a text: why they cannot be compared. */
  compared(): Promise<Compared | string>
  /** How many rows a statement returns, and the first as JSON. */
  rowsOf(statement: string): Promise<{ readonly rows: number; readonly first?: string }>
  /** What the run that is served came to; null where none is. */
  served(): JudgedRun['published']
}

export async function checkGates(gates: GatesDefinition, judged: Judged, evidence: Evidence): Promise<readonly GateResult[]> {
  const findings = [
    ...coverage(gates, judged),
    ...missing(gates, judged),
    ...rejected(gates, judged),
    ...range(gates, judged),
    ...constant(gates, judged),
  ]
  if (gates.shift !== undefined) findings.push(checkShift(gates.shift, await evidence.compared()))
  for (const [name, statement] of Object.entries(gates.sql ?? {})) findings.push(await checkStatement(name, statement, evidence))
  for (const [name, text] of Object.entries(gates.fn ?? {}))
    findings.push(judge(name, text, { ...told(judged), published: evidence.served() }))
  const warns = new Set([...(gates.warn ?? []), ...(gates.constant === undefined ? ['constant'] : [])])
  return findings.map(finding => ({ ...finding, level: warns.has(finding.gate) ? 'warn' : 'block' }))
}

/** Whether a run may be published. */
export function letsPass(results: readonly GateResult[]): boolean {
  return results.every(({ passed, level }) => passed || level === 'warn')
}

function coverage(gates: GatesDefinition, { rows, ok }: Judged): Finding[] {
  const share = rows === 0 ? 0 : ok / rows
  const found = `${atMost(share)} of ${rows} rows have a value`
  return [{ gate: 'coverage', passed: share >= gates.coverage, found, expected: `at least ${percent(gates.coverage)}` }]
}

function missing({ missing: limits }: GatesDefinition, { rows, missing: counts }: Judged): Finding[] {
  if (limits === undefined) return []
  if (typeof limits === 'number') {
    const cells = rows * Object.keys(counts).length
    const share = cells === 0 ? 0 : Object.values(counts).reduce((a, b) => a + b, 0) / cells
    return [
      {
        gate: 'missing',
        passed: share <= limits,
        found: `${atLeast(share)} of feature values are missing`,
        expected: `at most ${percent(limits)}`,
      },
    ]
  }
  return Object.entries(limits).map(([feature, limit]) => {
    const share = rows === 0 ? 0 : (counts[feature] ?? 0) / rows
    return {
      gate: `missing.${feature}`,
      passed: share <= limit,
      found: `${atLeast(share)} of its values are missing`,
      expected: `at most ${percent(limit)}`,
    }
  })
}

function rejected({ rejected: limits = {} }: GatesDefinition, { rows, rejected: counts }: Judged): Finding[] {
  return Object.entries(limits).map(([code, limit]) => {
    const share = rows === 0 ? 0 : (counts[code] ?? 0) / rows
    return {
      gate: `rejected.${code}`,
      passed: share <= limit,
      found: `${atLeast(share)} of ${rows} rows are rejected so`,
      expected: `at most ${percent(limit)}`,
    }
  })
}

function range({ range: limits }: GatesDefinition, { extent }: Judged): Finding[] {
  if (limits === undefined) return []
  const { least = Number.NEGATIVE_INFINITY, greatest = Number.POSITIVE_INFINITY } = limits
  const found = extent === null ? 'no values' : `values from ${extent[0]} to ${extent[1]}`
  const expected = [
    `${least === Number.NEGATIVE_INFINITY ? '' : `at least ${least}`}`,
    `${greatest === Number.POSITIVE_INFINITY ? '' : `at most ${greatest}`}`,
  ]
  const passed = extent === null || (extent[0] >= least && extent[1] <= greatest)
  return [{ gate: 'range', passed, found, expected: expected.filter(each => each !== '').join(', ') }]
}

function constant({ constant: isAllowed }: GatesDefinition, { isConstant, ok }: Judged): Finding[] {
  if (isAllowed === true || (isAllowed === undefined && !isConstant)) return []
  return [
    {
      gate: 'constant',
      passed: !isConstant,
      found: isConstant ? `one value for all ${ok} keys` : 'several values',
      expected: 'values that differ',
    },
  ]
}

async function checkStatement(name: string, statement: string, evidence: Evidence): Promise<Finding> {
  const expected = 'no rows'
  try {
    const { rows, first } = await evidence.rowsOf(statement)
    const found = first === undefined ? 'no rows' : `${rows} ${rows === 1 ? 'row' : 'rows'}, such as ${first}`
    return { gate: `sql.${name}`, passed: rows === 0, found, expected }
  } catch (error) {
    return {
      gate: `sql.${name}`,
      passed: false,
      found: `a statement that fails: ${asPrescoreError(error).details.found ?? (error as Error).message}`,
      expected,
    }
  }
}
