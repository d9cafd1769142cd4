/**
 * Rescoring an earlier run. The oracle is an undisturbed run of all keys over the same sources: of a rescored run, each row that was
 * asked for is that of the undisturbed run, and each other one that of the earlier run, features and all.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { chances } from '../chances.ts'
import { inShop, storedCount } from './harness.ts'
import { removeShop } from './shop.ts'
import { type Item, makeStock, type Row, rowsOf, type Stock, undisturbed, writeStock } from './stock.ts'

const folders: string[] = []
after(() => folders.forEach(removeShop))

/** Items with gaps between their numbers; about a fourth of them cannot be scored. */
function randomStock(chance: () => number): Stock {
  const one = <T>(some: readonly T[]) => some[Math.floor(chance() * some.length)] as T
  const numbers = Array.from({ length: 60 }, (_, i) => i * 3 - 60).filter(() => chance() < 0.8)
  const item = (number: number): Item => ({
    item: number,
    shelf: one([0, 1, 2, 9]),
    place: one([0, 1, 2, 3, 3, 9]),
    divisor: one([1, 2, 3, 0, 'Infinity', null, 0.1]),
  })
  return { items: numbers.map(item), shelves: [1, 2, 0.5] }
}

/** Some items gone, some come, and all that is left changed; shelves too, which items of all sorts share. */
function moved(stock: Stock, chance: () => number): Stock {
  const other = randomStock(chance)
  const kept = stock.items
    .filter(() => chance() < 0.9)
    .map(each => ({ ...each, place: (each.place + 1) % 4, divisor: each.divisor === 2 ? 0 : 2 }))
  const there = new Set(stock.items.map(({ item }) => item))
  const come = other.items.map(each => ({ ...each, item: each.item + 1 })).filter(({ item }) => !there.has(item))
  return { items: [...kept, ...come], shelves: [4, 5, 6] }
}

function merged(
  earlier: ReadonlyMap<number, Row>,
  all: ReadonlyMap<number, Row>,
  only: readonly ('failed' | 'missing')[],
): { rows: ReadonlyMap<number, Row>; failed: number[]; missing: number[] } {
  const failed = only.includes('failed') ? [...earlier].filter(([, row]) => row.rejected !== null).map(([item]) => item) : []
  const missing = only.includes('missing') ? [...all.keys()].filter(item => !earlier.has(item)) : []
  const rows = new Map([...earlier].filter(([item]) => !failed.includes(item)))
  for (const item of [...failed, ...missing]) {
    const row = all.get(item)
    if (row !== undefined) rows.set(item, row)
  }
  return { rows, failed, missing }
}

test('each row is that of the earlier run or that of an undisturbed one, whatever the shards', async t => {
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  for (const [round, only] of ([['failed', 'missing'], ['failed'], ['missing']] as const).entries()) {
    const stock = randomStock(chance)
    const folder = await makeStock(stock)
    folders.push(folder)
    const changed = moved(stock, chance)
    const digests = new Set<string>()
    for (const shards of [1, 3, 7]) {
      const state = join(folder, `state-${shards}`)
      await writeStock(folder, stock)
      const before = await inShop(folder, async shop => (await shop.run({ shards, publish: 'never' })).run, { state })
      await writeStock(folder, changed)
      const { rows: all } = await undisturbed(folder, `undisturbed-${shards}`)
      await inShop(
        folder,
        async shop => {
          const outcome = await shop.run({ rescore: { run: before, only }, shards })
          digests.add(outcome.report.digest)
          const earlier = await rowsOf(shop, before)
          const expected = merged(earlier, all, only)
          const found = await rowsOf(shop, outcome.run)
          const still = [...earlier.keys()].filter(item => expected.failed.includes(item) && !all.has(item))
          // A failed key that has left the population is computed all the same, with the inputs that it had.
          assert.deepEqual([...found.keys()].sort(), [...expected.rows.keys(), ...still].sort())
          for (const [item, row] of expected.rows) assert.deepEqual(found.get(item), row, `${only}, ${shards} shards, item ${item}`)
          const { rows, ok, rejected, rescored, missing } = outcome.report
          const [failed, come] = [expected.failed.length, expected.missing.length]
          assert.deepEqual(rescored, { run: before, only, rows: { failed, missing: come, taken: rows - failed - come } })
          assert.equal(ok + Object.values(rejected).reduce((a, b) => a + b, 0), rows)
          assert.equal(ok, [...found.values()].filter(row => row.rejected === null).length)
          assert.equal(storedCount(shop.app, outcome.run), ok)
          for (const name of ['place', 'divisor'])
            assert.equal(missing[name], [...found.values()].filter(row => row[`feature_${name}`] === null).length, name)
        },
        { state },
      )
    }
    assert.equal(digests.size, 1, `round ${round}`)
  }
})
