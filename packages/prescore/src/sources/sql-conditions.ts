/**
 * Expressions over the rows of a source as conditions in SQL. They hold for the same rows as the expressions do, but for
 * those rows of which they say themselves that SQL might see them otherwise.
 */
import { type ExpressionNode, type ZoneRules, zoneRules } from '../expressions/index.ts'
import { identifier, literal } from '../parquet/index.ts'
import type { ColumnKind, SourceDefinition } from '../project/index.ts'
import { isLocalTime } from './columns.ts'
import type { DataTypes } from './formats/index.ts'

/** Times up to here, and what is added to them, are exact in a double and far from what SQL has no times for: the years 1827 to 2112. */
const SURE_US = 2 ** 52
/** No zone's offset is larger. */
export const ZONE_SLACK_US = 86_400_000_000
const UNITS_US: Readonly<Record<string, number>> = { seconds: 1e6, minutes: 60e6, hours: 3_600e6, days: 86_400e6 }
const ORDERED: Readonly<Record<string, readonly [sql: string, turned: string]>> = {
  gt: ['>', '<'],
  ge: ['>=', '<='],
  lt: ['<', '>'],
  le: ['<=', '>='],
}
const EQUAL: Readonly<Record<string, string>> = { eq: '=', ne: '<>' }

/** A value of each row: a constant, a time of a column and so much later, or SQL that is NULL where it is missing. */
type Term =
  | { readonly is: 'time'; readonly column: string; readonly laterUs: number }
  | { readonly is: 'us'; readonly constant: number }
  | { readonly is: 'int64' | 'float64' | 'string' | 'boolean'; readonly sql: string }

export class SqlConditions {
  readonly #definition: SourceDefinition
  readonly #types: DataTypes
  readonly #asOfUs: number
  /** Of times without a zone in the data; undefined: they are UTC. */
  readonly #zone: ZoneRules | undefined
  /** By the SQL of the condition for the doubt; with the contrary, and the column that both are about. */
  readonly #doubts = new Map<string, { readonly contrary: string; readonly column: string }>()
  /** Columns without which a time does not compare. */
  readonly #present = new Set<string>()

  /** @param asOfUs what `asOf` is. */
  constructor(definition: SourceDefinition, types: DataTypes, asOfUs: number) {
    const zone = definition.zone === undefined ? undefined : zoneRules(definition.zone)
    this.#definition = definition
    this.#types = types
    this.#asOfUs = asOfUs
    this.#zone = zone?.spreadUs === 0 && zone.toUtcUs(0) === 0 ? undefined : zone
  }

  /** The condition of the rows that the others may not judge. Missing values leave no doubt. */
  get unsure(): string {
    return this.#doubts.size === 0 ? 'false' : [...this.#doubts.keys()].join(' OR ')
  }

  /** The conditions of the rows that the others may judge, beside the comparisons of {@link timed}. */
  get sure(): readonly string[] {
    // Files have the bounds of their values: what needs no IS NULL may not have to be read.
    return [...this.#doubts].map(([unsure, { contrary, column }]) => (this.#present.has(column) ? contrary : `(${unsure}) IS NOT TRUE`))
  }

  /** Doubts rows with times out of the ordinary: somebody may have to refuse them. */
  doubtTimes(columns: Iterable<string>): void {
    for (const name of columns) {
      const [from, to] = [-SURE_US, SURE_US].map(us => this.#instant(name, us))
      if (this.#definition.columns[name] === 'timestamp') this.#doubtBeyond(name, from, to)
    }
  }

  #doubtBeyond(column: string, from: unknown, to: unknown): void {
    const [between, beyond] = ['BETWEEN', 'NOT BETWEEN'].map(where => `${identifier(column)} ${where} ${from} AND ${to}`)
    this.#doubts.set(beyond as string, { contrary: between as string, column })
  }

  /** Whether the times of a column come in the order in which SQL has them. */
  isOrdered(column: string): boolean {
    return this.#zone === undefined || !isLocalTime(this.#types, column)
  }

  /** The condition that a boolean expression is true; undefined: SQL cannot say so. */
  holds(node: ExpressionNode): string | undefined {
    const derived = this.#derived(node)
    if (derived !== undefined) return this.holds(derived)
    if (!('call' in node)) return this.#sqlOf(this.#term(node), 'boolean')
    const { call, args } = node
    if (call === 'not') return around('NOT ', this.holds(args[0] as ExpressionNode))
    if (call === 'and' || call === 'or')
      return joined(
        args.map(arg => this.holds(arg)),
        call,
      )
    const terms = args.map(arg => this.#term(arg))
    const [first, second, ...others] = terms
    const ordered = ORDERED[call]
    if (ordered !== undefined) return this.#ordered(first, second, ordered)
    const equal = EQUAL[call]
    if (equal !== undefined && others.length === 0) return this.#compared(first, second, equal)
    if (call === 'isIn')
      return joined(
        terms.slice(1).map(term => this.#compared(first, term, '=')),
        'or',
      )
    if (call === 'isMissing')
      return first?.is === 'time' ? `${identifier(first.column)} IS NULL` : around('', this.#sqlOf(first), ' IS NULL')
    return undefined
  }

  /** The condition, which must hold, that a time compares so with a moment; undefined: SQL cannot say so. */
  timed(node: ExpressionNode, comparison: '<' | '<=' | '>=', us: number): string | undefined {
    const term = this.#term(node)
    if (term?.is === 'time') this.#present.add(term.column)
    return this.#timedOrElse(node, comparison, us)
  }

  #timedOrElse(node: ExpressionNode, comparison: string, us: number): string | undefined {
    const derived = this.#derived(node)
    if (derived !== undefined) return this.#timedOrElse(derived, comparison, us)
    if ('call' in node && node.call === 'orElse') {
      // Nothing compares with a missing time: then the other one does.
      const [first, second] = node.args.map(arg => this.#timedOrElse(arg, comparison, us))
      return first === undefined || second === undefined ? undefined : `coalesce(${first}, ${second})`
    }
    const term = this.#term(node)
    return term?.is === 'time' ? this.#timed(term, us, comparison) : undefined
  }

  #ordered(a: Term | undefined, b: Term | undefined, [sql, turned]: readonly [string, string]): string | undefined {
    if (a?.is === 'time' && b?.is === 'us') return this.#timed(a, b.constant, sql)
    if (a?.is === 'us' && b?.is === 'time') return this.#timed(b, a.constant, turned)
    return this.#compared(a, b, sql)
  }

  /** Where a zone's rules are needed, SQL knows no more than on which side of a day a local time is. */
  #timed({ column, laterUs }: Extract<Term, { is: 'time' }>, us: number, comparison: string): string | undefined {
    const atUs = us - laterUs
    if (!(Math.abs(atUs) <= SURE_US)) return undefined
    const sql = identifier(column)
    if (!this.isOrdered(column)) {
      const [from, to] = [atUs - ZONE_SLACK_US, atUs + ZONE_SLACK_US].map(each => this.#instant(column, each))
      this.#doubts.set(`${sql} BETWEEN ${from} AND ${to}`, { contrary: `${sql} NOT BETWEEN ${from} AND ${to}`, column })
    }
    return `${sql} ${comparison} ${this.#instant(column, atUs)}`
  }

  #instant(column: string, us: number): string {
    return `${isLocalTime(this.#types, column) ? 'make_timestamp' : 'make_timestamptz'}(${us})`
  }

  /** Whole numbers among themselves as such; all others as doubles, and each whole number of a row is one. */
  #compared(a: Term | undefined, b: Term | undefined, comparison: string): string | undefined {
    if (a === undefined || b === undefined || isTime(a) || isTime(b)) return undefined
    if (a.is === b.is) return `${a.sql} ${comparison} ${b.sql}`
    if (!isNumber(a) || !isNumber(b)) return undefined
    return `CAST(${a.sql} AS DOUBLE) ${comparison} CAST(${b.sql} AS DOUBLE)`
  }

  #sqlOf(term: Term | undefined, kind?: Term['is']): string | undefined {
    return term === undefined || isTime(term) || (kind !== undefined && term.is !== kind) ? undefined : term.sql
  }

  #term(node: ExpressionNode): Term | undefined {
    const derived = this.#derived(node)
    if (derived !== undefined) return this.#term(derived)
    if ('ref' in node) return node.ref === 'asOf' ? { is: 'us', constant: this.#asOfUs } : this.#column(node.ref.slice('row.'.length))
    if ('constant' in node) return constantTerm(node.kind, node.constant)
    if (!('call' in node)) return undefined
    const { call, args } = node
    const [a, b] = args.map(arg => this.#term(arg))
    const unitUs = UNITS_US[call]
    if (unitUs !== undefined) {
      const [amount] = args
      return amount !== undefined && 'constant' in amount && typeof amount.constant === 'number'
        ? { is: 'us', constant: Math.round(amount.constant * unitUs) }
        : undefined
    }
    if ((call !== 'plus' && call !== 'minus') || b?.is !== 'us') return undefined
    const laterUs = call === 'plus' ? b.constant : -b.constant
    if (a?.is === 'us') return { is: 'us', constant: a.constant + laterUs }
    // Every sum on the way is exact.
    return a?.is === 'time' && Math.abs(a.laterUs + laterUs) <= SURE_US ? { ...a, laterUs: a.laterUs + laterUs } : undefined
  }

  #derived(node: ExpressionNode): ExpressionNode | undefined {
    const { derive } = this.#definition
    const name = 'ref' in node ? node.ref.slice('row.'.length) : ''
    return Object.hasOwn(derive, name) ? derive[name] : undefined
  }

  #column(name: string): Term {
    const [kind, sql] = [this.#definition.columns[name] as ColumnKind, identifier(name)]
    if (kind === 'timestamp') return { is: 'time', column: name, laterUs: 0 }
    if (kind === 'int64') {
      this.#doubtBeyond(name, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
      return { is: kind, sql: `CAST(${sql} AS BIGINT)` }
    }
    if (kind === 'float64') return { is: kind, sql: `nullif(CAST(${sql} AS DOUBLE), 'NaN'::DOUBLE)` }
    return kind === 'string' ? { is: kind, sql: `CAST(${sql} AS VARCHAR)` } : { is: kind, sql: `CAST(${sql} AS BOOLEAN)` }
  }
}

function constantTerm(kind: string, constant: number | boolean | string): Term | undefined {
  if (kind === 'string' && typeof constant === 'string')
    return constant.isWellFormed() && !constant.includes('\0') ? { is: 'string', sql: literal(constant) } : undefined
  if (kind === 'boolean') return { is: 'boolean', sql: String(constant) }
  if (kind === 'timestamp' || kind === 'duration') return { is: 'us', constant: Number(constant) }
  if (typeof constant !== 'number' || !Number.isFinite(constant)) return undefined
  if (kind === 'int64') return { is: 'int64', sql: `CAST(${constant} AS BIGINT)` }
  return kind === 'float64' ? { is: 'float64', sql: `CAST('${constant}' AS DOUBLE)` } : undefined
}

function isTime(term: Term): term is Extract<Term, { is: 'time' | 'us' }> {
  return term.is === 'time' || term.is === 'us'
}

function isNumber({ is }: Term): boolean {
  return is === 'int64' || is === 'float64'
}

function joined(parts: readonly (string | undefined)[], operator: 'and' | 'or'): string | undefined {
  if (parts.includes(undefined)) return undefined
  return `(${parts.join(` ${operator.toUpperCase()} `)})`
}

function around(before: string, sql: string | undefined, after = ''): string | undefined {
  return sql === undefined ? undefined : `${before}(${sql})${after}`
}
