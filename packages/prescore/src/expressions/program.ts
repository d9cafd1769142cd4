/**
 * An expression as JavaScript text that the engine compiles into one loop over the rows. So a value goes from operator to
 * operator in a register; operators called through a tree would put each number into an object on the heap.
 * The text says only how values flow. What they mean stays with the operators, which it calls as `p0`, `p1` ….
 */
import { type Chunk, columnOf, numberColumn, numberValues, textColumn } from './column.ts'
import { declaredCall, givenBoolean, givenValue } from './declared.ts'
import type { CallNode, ConstantNode, ExpressionNode, FunctionNode, Scope } from './node.ts'
import { isMissing, operator, type Value } from './operators/index.ts'
import type { ValueType } from './value-type.ts'
import { zoneRules } from './zones.ts'

/** The text of one node: its value in row `i`. */
interface Piece {
  readonly type: ValueType
  readonly text: string
  /** The value, where it is the same in every row. */
  readonly constant?: { readonly value: Value }
}

/**
 * Puts the value of each row into `out`: a text as the code that `code` gives for it, a number as it is. But NaN has one form
 * of bits: which one an operation gives depends on the processor and on what the engine has compiled.
 */
export type Loop = (chunk: Chunk, out: Float64Array | Int32Array, code: (text: unknown) => number) => void

/** How a column is read: the line that fetches it from the chunk, and its value in row `i`. */
const READS = {
  numbers: { fetch: (n: number, ref: string) => `const v${n} = numbers(chunk, ${ref})`, value: (n: number) => `v${n}[i]` },
  int64: {
    fetch: (n: number, ref: string) => `const { values: v${n}, exact: x${n} } = int64(chunk, ${ref})`,
    value: (n: number) => `(x${n} === undefined ? v${n}[i] : exactly(v${n}[i], x${n}[i]))`,
  },
  texts: {
    fetch: (n: number, ref: string) => `const { codes: c${n}, dictionary: d${n} } = texts(chunk, ${ref})`,
    value: (n: number) => `(c${n}[i] < 0 ? undefined : d${n}[c${n}[i]])`,
  },
}

/** The text of an expression while it is put together. */
export class Program {
  readonly #scope: Scope
  readonly #where: string
  /** What the text calls: operators, zone rules, declared functions, sets. */
  readonly #parts: unknown[] = []
  /** The lines that fetch columns, by what they are for. */
  readonly #fetches = new Map<string, { readonly n: number; readonly line: string }>()

  constructor(scope: Scope, where: string) {
    this.#scope = scope
    this.#where = where
  }

  /** The loop of a node that fits the scope. */
  loop(node: ExpressionNode): { readonly type: ValueType; readonly loop: Loop } {
    const { type, text } = this.#piece(node, false)
    const body = `'use strict'
      const { numbers, int64, texts, exactly } = columns
      const [${this.#parts.map((_, i) => `p${i}`)}] = parts
      return (chunk, out, code) => {
        ${[...this.#fetches.values()].map(({ line }) => line).join('\n')}
        for (let i = 0; i < chunk.rows; i++) {
          const value = ${text}
          out[i] = ${type.kind === 'string' ? 'code(value)' : 'value === value ? value : NaN'}
        }
      }`
    return { type, loop: new Function('columns', 'parts', body)(columnsOf(this.#where), this.#parts) as Loop }
  }

  /** @param exact the value goes to an operator that tells int64 values beyond ±2^53 apart. */
  #piece(node: ExpressionNode, exact: boolean): Piece {
    if ('ref' in node) return this.#reference(node.ref, exact)
    if ('constant' in node) return constantPiece({ kind: node.kind }, valueOf(node))
    return 'fn' in node ? this.#declared(node) : this.#call(node)
  }

  #reference(ref: string, exact: boolean): Piece {
    const type = this.#scope.get(ref) as ValueType
    const how = type.kind === 'string' ? 'texts' : exact && type.kind === 'int64' ? 'int64' : 'numbers'
    const { fetch, value } = READS[how]
    const known = this.#fetches.get(`${how} ${ref}`)
    const n = known?.n ?? this.#fetches.size
    if (known === undefined) this.#fetches.set(`${how} ${ref}`, { n, line: fetch(n, JSON.stringify(ref)) })
    return { type, text: value(n) }
  }

  #call({ call, args }: CallNode): Piece {
    const { evaluate, result, exact, list, local } = operator(call)
    const pieces = args.map(arg => this.#piece(arg, exact === true))
    const type = result(pieces.map(piece => piece.type)) as ValueType
    const taken = local ? [this.#local(pieces[0] as Piece)] : list ? [pieces[0] as Piece, this.#set(pieces.slice(1))] : pieces
    if (taken.every(({ constant }) => constant !== undefined)) {
      const values = taken.map(({ constant }) => constant?.value)
      return constantPiece(type, (evaluate as (...values: Value[]) => Value)(...values))
    }
    const text = `${this.#part(evaluate)}(${taken.map(({ text }) => text)})`
    return { type, text: local && type.kind === 'timestamp' ? this.#instant(type, text) : text }
  }

  #local({ type, text }: Piece): Piece {
    return { type, text: `${this.#part(zoneRules(type.zone as string)?.toLocalUs)}(${text})` }
  }

  /** The moment at which a clock of the zone shows the local time. */
  #instant({ zone }: ValueType, text: string): string {
    return `${this.#part(zoneRules(zone as string)?.toUtcUs)}(${text})`
  }

  #set(constants: readonly Piece[]): Piece {
    const values = constants.map(({ constant }) => constant?.value)
    return { type: { kind: 'boolean' }, text: this.#part(new Set(values.filter(value => !isMissing(value)))) }
  }

  #declared({ fn, args, returns }: FunctionNode): Piece {
    const given = Object.entries(args).map(([name, arg]) => {
      const { type, text } = this.#piece(arg, false)
      return `[${JSON.stringify(name)}]: ${this.#part(type.kind === 'boolean' ? givenBoolean : givenValue)}(${text})`
    })
    return { type: { kind: returns }, text: `${this.#part(declaredCall(fn, returns, this.#where))}({ ${given.join(', ')} })` }
  }

  #part(part: unknown): string {
    return `p${this.#parts.push(part) - 1}`
  }
}

function constantPiece(type: ValueType, value: Value): Piece {
  return { type, text: literal(value), constant: { value } }
}

function literal(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  return Object.is(value, -0) ? '-0' : String(value)
}

function valueOf({ constant, kind }: ConstantNode): Value {
  if (kind === 'int64') return int64Value(BigInt(constant))
  return typeof constant === 'boolean' ? Number(constant) : constant
}

/** As a number where a double holds it, so that equal values are `===`. */
function int64Value(value: bigint): number | bigint {
  const rounded = Number(value)
  return BigInt(rounded) === value ? rounded : value
}

/** How the text gets at the columns of a chunk. */
function columnsOf(where: string) {
  return {
    numbers: (chunk: Chunk, ref: string) => numberValues(columnOf(chunk, ref, where), where, chunk.rows),
    int64: (chunk: Chunk, ref: string) => numberColumn(columnOf(chunk, ref, where), where),
    texts: (chunk: Chunk, ref: string) => textColumn(columnOf(chunk, ref, where), where),
    exactly: (rounded: number, exact: bigint) => (Number.isNaN(rounded) ? rounded : int64Value(exact)),
  }
}
