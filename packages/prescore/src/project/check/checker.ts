/** Collects the problems of one project; nothing throws, so that all of them are found at once. */
import { type ErrorCode, type Problem, problem, suggestion } from '../../base/index.ts'
import { type ExpressionNode, inferType, type Kind, type Scope, type ValueType } from '../../expressions/index.ts'

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/

export class Checker {
  readonly problems: Problem[] = []

  add(code: ErrorCode, where: string, found: string, expected: string, fix?: string): void {
    this.problems.push(problem(code, where, found, expected, fix))
  }

  warn(code: ErrorCode, where: string, found: string, expected: string, fix?: string): void {
    this.problems.push(problem(code, where, found, expected, fix, 'warning'))
  }

  /**
   * Names become columns, paths and metric labels, some of which do not tell upper from lower case;
   * integer-like ones would also be reordered in objects.
   */
  names(record: object, where: string): void {
    const seen = new Map<string, string>()
    for (const name of Object.keys(record)) {
      if (!NAME.test(name))
        this.add('invalid_name', where, JSON.stringify(name), 'letters, digits and underscores, beginning with a letter')
      const same = seen.get(name.toLowerCase())
      if (same !== undefined) this.add('duplicate_name', where, `\`${same}\` and \`${name}\``, 'names that differ by more than case')
      seen.set(name.toLowerCase(), name)
    }
  }

  /** A name that must not be one of these, in upper or lower case. */
  unlike(name: string, taken: Iterable<string>, where: string): void {
    for (const other of taken) {
      if (name.toLowerCase() === other.toLowerCase())
        this.add('duplicate_name', where, `\`${name}\``, `another name: \`${other}\` is a column of its own in files`)
    }
  }

  /** The type of an expression that must be of one of these kinds. */
  expression(
    node: ExpressionNode,
    scope: Scope,
    where: string,
    kinds: readonly Kind[],
    code: ErrorCode = 'wrong_type',
  ): ValueType | undefined {
    const { type, problems } = inferType(node, scope, where)
    this.problems.push(...problems)
    if (type !== undefined && !kinds.includes(type.kind)) this.add(code, where, type.kind, kinds.join(' or '))
    return type
  }

  /** The type of a named column, which must be of one of these kinds. */
  column(name: string, scope: Scope, where: string, kinds: readonly Kind[]): void {
    const type = scope.get(`row.${name}`)
    if (type === undefined) {
      const known = [...scope.keys()].map(ref => ref.slice('row.'.length))
      this.add('unknown_column', where, `\`${name}\``, 'a column of the source', suggestion(name, known))
    } else if (!kinds.includes(type.kind)) {
      this.add(
        'wrong_type',
        where,
        `\`${name}\`, ${type.kind}`,
        kinds.join(' or '),
        `Declare \`${name}\` as ${kinds.join(' or ')} if the data has that, or name another column.`,
      )
    }
  }

  oneOf(value: unknown, allowed: readonly string[], where: string): void {
    if (typeof value !== 'string' || !allowed.includes(value))
      this.add('invalid_value', where, JSON.stringify(value) ?? 'nothing', allowed.join(', '), suggestion(String(value), allowed))
  }

  share(value: number | undefined, where: string): void {
    if (value !== undefined && !(value >= 0 && value <= 1))
      this.add('invalid_value', where, String(value), 'a share from 0 to 1', 'Write shares, not percent: 0.99 for 99 %.')
  }
}
