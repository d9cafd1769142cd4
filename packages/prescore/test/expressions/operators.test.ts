import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ERRORS } from '../../src/base/index.ts'
import { compile, type ExpressionNode, type Kind, type ValueType } from '../../src/expressions/index.ts'
import { OPERATORS, type OperatorName } from '../../src/expressions/operators/index.ts'
import { CASES, REFUSED } from './operator-cases.ts'
import { chunkFrom, type Operand, type Plain, plainValues } from './rows.ts'

const ZONE = 'America/New_York'
const DAY_US = 86_400_000_000
const HOUR_US = 3_600_000_000

/** These say otherwise than: missing in gives missing out. */
const SEES_MISSING: readonly OperatorName[] = ['isMissing', 'orElse', 'and', 'or', 'choose']

const NAMES = Object.keys(OPERATORS) as OperatorName[]
const typeOf = ({ kind }: Operand): ValueType => (kind === 'timestamp' ? { kind, zone: ZONE } : { kind })
const constantOf = ({ kind, value }: Operand): ExpressionNode => ({
  constant: typeof value === 'bigint' ? String(value) : (value ?? Number.NaN),
  kind,
})

/** The operator on a row of its own. The operands are columns, but for the list of `isIn`. */
function call(name: OperatorName, args: readonly Operand[]): { readonly kind: Kind; readonly value: Plain } {
  const isList = OPERATORS[name] === OPERATORS.isIn
  const types = new Map(args.map((arg, i) => [`row.${i}`, typeOf(arg)]))
  const nodes = args.map((arg, i) => (isList && i > 0 ? constantOf(arg) : { ref: `row.${i}` }))
  const run = compile({ call: name, args: nodes }, types, name)
  const column = run(chunkFrom(types, [Object.fromEntries(args.map(({ value }, i) => [`row.${i}`, value]))]))
  return { kind: run.type.kind, value: plainValues(column, 1)[0] }
}

describe('operators', () => {
  it('all have cases, with a missing operand, and one that is refused', () => {
    assert.deepEqual(Object.keys(CASES).sort(), NAMES.toSorted())
    assert.deepEqual(Object.keys(REFUSED).sort(), NAMES.toSorted())
    for (const name of NAMES)
      assert.ok(
        CASES[name].some(({ args }) => args.some(({ value }) => value === undefined)),
        name,
      )
  })

  for (const name of NAMES) {
    it(`${name} gives`, () => {
      for (const { args, gives, kind } of CASES[name]) {
        const shown = `${name}(${args.map(arg => `${arg.kind} ${arg.value}`).join(', ')})`
        const result = call(name, args)
        assert.ok(Object.is(result.value, gives), `${shown} gives ${result.value}, not ${gives}`)
        assert.equal(result.kind, kind, shown)
      }
    })
  }

  it('give missing where an operand is missing, but for those that say otherwise', () => {
    for (const name of NAMES.filter(each => !SEES_MISSING.includes(each))) {
      for (const { args } of CASES[name]) {
        const operands = name === 'isIn' ? 1 : args.length
        for (let i = 0; i < operands; i++)
          assert.equal(call(name, args.with(i, { ...(args[i] as Operand), value: undefined })).value, undefined, `${name}, operand ${i}`)
      }
    }
  })

  it('refuse what they do not take', () => {
    for (const name of NAMES.filter(each => each !== 'isMissing')) {
      assert.throws(
        () => call(name, REFUSED[name]),
        { code: 'project_invalid', details: { where: name, problems: [wrongType(name)] } },
        name,
      )
    }
  })

  it('give the first moment of a day whose midnight is skipped, and the first of two midnights', () => {
    const startIn = (zone: string, at: string): string => {
      const types = new Map([['row.t', { kind: 'timestamp', zone } as const]])
      const run = compile({ call: 'startOfDay', args: [{ ref: 'row.t' }] }, types, 'startOfDay')
      assert.deepEqual(run.type, { kind: 'timestamp', zone })
      const [startUs] = plainValues(run(chunkFrom(types, [{ 'row.t': Date.parse(at) * 1000 }])), 1)
      return new Date((startUs as number) / 1000).toISOString()
    }
    assert.equal(startIn('America/Sao_Paulo', '2001-10-14T15:00Z'), '2001-10-14T03:00:00.000Z')
    assert.equal(startIn('America/Havana', '2001-10-28T15:00Z'), '2001-10-28T04:00:00.000Z')
    assert.equal(startIn('America/Havana', '2001-10-28T05:30Z'), '2001-10-28T04:00:00.000Z')
  })

  it('take calendar parts at the ends of time, and just before midnight', () => {
    const zone = 'UTC'
    const types = new Map([['row.t', { kind: 'timestamp', zone } as const]])
    const parts = (['dayOfMonth', 'monthOfYear', 'dayOfWeek', 'hourOfDay', 'minuteOfHour'] as const).map(name =>
      compile({ call: name, args: [{ ref: 'row.t' }] }, types, name),
    )
    for (const day of ['1685-01-01', '1899-12-31', '1900-02-28', '1999-12-31', '2000-02-29', '2100-03-01', '2254-12-31']) {
      const start = Date.parse(`${day}T00:00Z`) * 1000
      const at = (us: number) => parts.map(run => plainValues(run(chunkFrom(types, [{ 'row.t': us }])), 1)[0])
      const date = new Date(start / 1000)
      const calendar = [date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCDay() || 7]
      assert.deepEqual(at(start), [...calendar, 0, 0], day)
      assert.deepEqual(at(start + DAY_US - 1), [...calendar, 23, 59], day)
      assert.deepEqual(at(start + 13 * HOUR_US - 1), [...calendar, 12, 59], day)
    }
  })
})

function wrongType(name: OperatorName): unknown {
  return {
    code: 'wrong_type',
    severity: 'error',
    where: `${name}, .${name}(…)`,
    found: REFUSED[name].map(({ kind }) => kind).join(', '),
    expected: OPERATORS[name].takes,
    fix: ERRORS.wrong_type.fix,
  }
}
