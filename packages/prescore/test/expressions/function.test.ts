import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { canonicalText } from '../../src/base/index.ts'
import { functionIdentity, impurities, makeFunction } from '../../src/expressions/function.ts'

const ALLOWED: readonly string[] = [
  '({ a, b }) => a + b',
  '({ a: x = 1, ...rest }) => x + rest.b',
  'function ({ a }) { return a * 2 }',
  'function twice({ a }) { return a * 2 }',
  'run({ a }) { return a * 2 }',
  '({ a }) => Math.sqrt(a) + Math.max(a, Math.PI)',
  '({ a }) => { let sum = 0; for (let i = 0; i < 3; i++) sum += a; return sum }',
  '({ a }) => { const half = x => x / 2; function twice(x) { return x * 2 } return half(twice(a)) }',
  '({ a }) => { for (const [i, c] of Array.from(a).entries()) { if (i === 0) return c } }',
  '({ a }) => { outer: for (const x of [1, 2]) { for (const y of [1]) { if (x === y) continue outer; break outer } } return a }',
  '({ a }) => { switch (a) { case 1: { const one = 1; return one } default: let two = 2; return two } }',
  '({ a }) => { try { return a.b.c } catch (error) { return error.message } }',
  '({ a }) => { if (a) { var late = 1 } return late }',
  '({ a }) => { const box = {}; box.value = a; box.value++; return box.value }',
  '({ a }) => ({ Date: a, process: a }).Date',
  '({ a }) => a?.length ?? NaN',
  `({ a }) => \`\${a}:\${String(a)}\`.replace(/\\d+/g, d => Number(d) + 1)`,
  '({ a }) => a // a comment at the end',
]

const REFUSED: readonly (readonly [source: string, impurity: RegExp])[] = [
  ['() => Date.now()', /^`Date` from outside$/],
  ['() => Math.random()', /^Math\.random/],
  ['({ a }) => Math.exp(a)', /^Math\.exp .*last bit/],
  ['({ a }) => Math["exp"](a)', /^Math as a value$/],
  ['() => { const { random } = Math; return random() }', /^Math as a value$/],
  ['({ a }) => a ** 2', /^\*\* /],
  ['({ a }) => { a **= 2; return a }', /^\*\* /],
  ['() => process.env.HOME', /^`process` from outside$/],
  ['() => globalThis.x', /^`globalThis` from outside$/],
  ['({ a }) => a > threshold', /^`threshold` from outside$/],
  ['({ a }) => { { const Date = a } return Date.now() }', /^`Date` from outside$/],
  ['({ a }) => { const f = performance => performance; return f(a) + performance.now() }', /^`performance` from outside$/],
  ['({ a }) => { for (const crypto of [a]) {} return crypto }', /^`crypto` from outside$/],
  ['({ a }) => { const f = () => { var Date = a; return Date }; return f() + Date.now() }', /^`Date` from outside$/],
  ['({ a, b = Date.now() }) => b', /^`Date` from outside$/],
  ['({ a }) => { return { Date } }', /^`Date` from outside$/],
  ['function f({ a }) { f.calls = (f.calls ?? 0) + 1; return f.calls }', /a change of `f`/],
  ['({ a }) => { Number.seen = a; return a }', /^a change of `Number`$/],
  ['({ a }) => Number.seen++', /^a change of `Number`$/],
  ['({ a }) => { Array.prototype.x = a; return a }', /^a change of `Array`, \.prototype$/],
  ['({ a }) => a.constructor.constructor("return Date.now()")()', /^\.constructor$/],
  ['({ a }) => a["constructor"]', /^\.constructor$/],
  ['({ a }) => { const { constructor: make } = a; return make }', /^\.constructor$/],
  ['({ a, b }) => a.localeCompare(b)', /^\.localeCompare$/],
  ['({ a }) => a.toLocaleUpperCase()', /^\.toLocaleUpperCase$/],
  ['({ a }) => { total += a; return total }', /^`total` from outside$/],
  ['() => this', /^`this`$/],
  ['function () { return arguments[0] }', /^`arguments` from outside$/],
  ['() => eval("1")', /^`eval` from outside$/],
  ['() => import("node:fs")', /^import\(\)$/],
  ['function () { return new.target }', /^import\.meta or new\.target$/],
  ['({ a }) => { for (const name in a) return name }', /^for … in$/],
  ['() => new (class { x = 1 })().x', /^a class$/],
  ['async () => 1', /^it is async or a generator$/],
  ['function* () { yield 1 }', /^it is async or a generator$/],
  ['async run() { return 1 }', /^it cannot be parsed/],
  ['Math.max', /^it is not a function expression$/],
  ['function max() { [native code] }', /^it cannot be parsed/],
  ['({ a }) => a, 1', /^it is not a function expression$/],
  ['x => x) && (() => Date.now()', /^it is not a function expression$/],
  ['x => x); (y => y', /^it cannot be parsed/],
  ['', /^it cannot be parsed/],
]

describe('a declared function', () => {
  for (const source of ALLOWED) it(`is pure: ${source}`, () => assert.deepEqual(impurities(source), []))

  for (const [source, impurity] of REFUSED) {
    it(`is refused: ${source}`, () => {
      assert.match(impurities(source).join(', '), impurity)
      assert.throws(() => makeFunction(source), { code: 'impure_function' })
    })
  }

  it('has every impurity listed', () => {
    assert.deepEqual(
      impurities('({ a }) => a ** 2 + Date.now() + Math.random() + Date.now() + offset').map(each => each.split(' ')[0]),
      ['**', '`Date`', 'Math.random', '`offset`'],
    )
  })

  it('runs when made again from its text', () => {
    assert.equal(makeFunction('({ a, b }) => a + b')({ a: 1, b: 2 }), 3)
    assert.equal(makeFunction('run({ a }) { return a * 2 }')({ a: 2 }), 4)
    assert.equal(makeFunction('function ({ a }) { const f = n => (n === 0 ? 1 : n * f(n - 1)); return f(a) } // at the end')({ a: 4 }), 24)
    for (const source of ALLOWED) assert.equal(typeof makeFunction(source), 'function')
  })

  it('runs in strict mode, so that it cannot make variables outside', () => {
    assert.throws(() => makeFunction('({ a }) => { a.x = 1; return a }')({ a: 'text' }), TypeError)
  })
})

describe('functionIdentity', () => {
  const same = (a: string, b: string) => canonicalText(functionIdentity(a)) === canonicalText(functionIdentity(b))

  it('does not see white space, comments, parentheses and ways to write a literal', () => {
    const source = `({ a, b }) => { const c = a + 16; return c > b ? "x" : \`y\${c}\` }`
    assert.ok(same(source, `( {a,b} )=>{const c=a+16;return c>b?"x":\`y\${c}\`}`))
    assert.ok(same(source, `({ a, /* first */ b, }) => {\n  // the sum\n  const c = (a + 0x10)\n  return (c > b) ? 'x' : \`y\${c}\`;\n}`))
    assert.ok(same('run({ a }) { return a }', 'other({ a }) { return a }'))
    assert.ok(same('run({ a }) { return a }', 'function ({ a }) { return a }'))
  })

  it('sees everything that may change the result', () => {
    const sources = [
      '({ a }) => a + 1',
      '({ a }) => a - 1',
      '({ a }) => a + 2',
      '({ a }) => 1 + a',
      '({ b }) => b + 1',
      '({ a }) => a + 1n',
      '({ a }) => a + "1"',
      '({ a }) => (a + 1) * 2',
      '({ a }) => a + 1 * 2',
      '({ a }) => /1/.test(a)',
      '({ a }) => /1/i.test(a)',
      '({ a }) => a?.x',
      '({ a }) => a.x',
      '({ a }) => a[x => x]',
      '({ a }) => String.raw`\\x41`',
      '({ a }) => String.raw`A`',
      '({ a }) => { return a + 1 }',
      '({ a = 1 }) => a + 1',
    ]
    assert.equal(new Set(sources.map(source => canonicalText(functionIdentity(source)))).size, sources.length)
  })
})

it('the page says what a function may use: all of Math that it names, and nothing of it besides', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/project.md'), 'utf8')
  const [, names = '', maths = ''] = /nothing from outside itself but (.*?) and the exact parts of `Math` \((.*?)\)/.exec(page) ?? []
  const quoted = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name as string)
  for (const name of quoted(names)) assert.deepEqual(impurities(`() => ${name}`), [], name)
  const allowed = Object.getOwnPropertyNames(Math).filter(name => impurities(`() => Math.${name}`).length === 0)
  assert.deepEqual(quoted(maths).sort(), allowed.sort())
})
