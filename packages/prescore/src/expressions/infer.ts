/** The type of an expression in a scope, with every problem found on the way. */
import { type Problem, problem, suggestion } from '../base/index.ts'
import { impurities } from './function.ts'
import type { CallNode, ConstantNode, ConstantValue, ExpressionNode, FunctionNode, Scope } from './node.ts'
import { operator } from './operators/index.ts'
import type { ValueType } from './value-type.ts'
import { unknownZone, zoneRules } from './zones.ts'

export interface Inference {
  /** Undefined when the expression has a problem. */
  readonly type: ValueType | undefined
  readonly problems: readonly Problem[]
}

/** @param where names the place of the expression in the project, for the problems. */
export function inferType(node: ExpressionNode, scope: Scope, where: string): Inference {
  const inferring = new Inferring(scope)
  const type = inferring.infer(node, where)
  return { type: inferring.problems.length > 0 ? undefined : type, problems: inferring.problems }
}

class Inferring {
  readonly problems: Problem[] = []
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** @param exact the value goes to an operator that tells int64 values beyond ±2^53 apart. */
  infer(node: ExpressionNode, where: string, exact = false): ValueType | undefined {
    if ('ref' in node) return this.#reference(node.ref, where)
    if ('constant' in node) return this.#constant(node, where, exact)
    return 'fn' in node ? this.#declared(node, where) : this.#call(node, where)
  }

  #reference(ref: string, where: string): ValueType | undefined {
    const type = this.#scope.get(ref)
    if (type === undefined) this.problems.push(unknownReference(ref, this.#scope, where))
    return type
  }

  #constant({ constant, kind }: ConstantNode, where: string, exact: boolean): ValueType {
    if (kind === 'int64' && !isInt64(constant)) {
      this.problems.push(problem('invalid_value', where, String(constant), 'an integer of 64 bits'))
    } else if (kind === 'int64' && !exact && !Number.isSafeInteger(Number(constant))) {
      const expected = 'an integer within ±(2^53 − 1), except for .eq, .ne and .isIn'
      this.problems.push(problem('lossy_cast', where, String(constant), expected, 'Use the constant to compare for equality only.'))
    }
    return { kind }
  }

  #declared({ fn, args, returns }: FunctionNode, where: string): ValueType {
    for (const [name, arg] of Object.entries(args)) this.infer(arg, `${where}, argument ${name}`)
    const impure = impurities(fn)
    if (impure.length > 0) this.problems.push(problem('impure_function', where, impure.join(', '), 'a function of its arguments alone'))
    return { kind: returns }
  }

  #call({ call, args }: CallNode, where: string): ValueType | undefined {
    const before = this.problems.length
    const { result, takes, exact, list, local } = operator(call)
    const known = args.map(arg => this.infer(arg, where, exact === true)) as ValueType[]
    if (this.problems.length > before) return undefined
    const type = list && args.slice(1).some(arg => !('constant' in arg)) ? undefined : result(known)
    if (type === undefined) {
      const found = known.map(({ kind }) => kind).join(', ')
      this.problems.push(problem('wrong_type', `${where}, .${call}(…)`, found, takes))
    } else if (local) this.#zone(known[0]?.zone, `${where}, .${call}()`)
    return type
  }

  #zone(zone: string | undefined, where: string): void {
    if (zone === undefined) {
      this.problems.push(problem('zone_missing', where, 'a timestamp without a zone', 'a source or prediction with `zone`'))
    } else if (zoneRules(zone) === undefined) this.problems.push(unknownZone(zone, where))
  }
}

function isInt64(constant: ConstantValue): boolean {
  if (typeof constant === 'number') return Number.isSafeInteger(constant)
  return typeof constant === 'string' && /^-?\d{1,19}$/.test(constant) && BigInt.asIntN(64, BigInt(constant)) === BigInt(constant)
}

function unknownReference(ref: string, scope: Scope, where: string): Problem {
  const dot = ref.lastIndexOf('.')
  const [path, name] = [ref.slice(0, dot + 1), ref.slice(dot + 1)]
  const below = [...scope.keys()].filter(each => each.startsWith(path)).map(each => each.slice(path.length))
  const known = below.filter(each => !each.includes('.'))
  const code = path === 'row.' ? 'unknown_column' : 'unknown_name'
  return problem(code, where, `\`${name}\``, `a name in \`${path.slice(0, -1) || 'scope'}\``, suggestion(name, known))
}
