/** What every prediction store must do. A driver's test calls this with a way to open an empty store. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { type RunHeader, STORE_FORMAT, type Store, type StoredEntry, type StoredRow } from '../../src/stores/index.ts'
import { loadsBlocks } from './stored-blocks.ts'

/** Gives an empty store, and takes it back. */
export interface StoreHarness {
  open(): Store
  end(store: Store): Promise<void>
}

export function headerOf(run: string, rows: number, more: Partial<RunHeader> = {}): RunHeader {
  return {
    format: STORE_FORMAT,
    run,
    prediction: 'late',
    release: '9f2c',
    asOfUs: 1_000_000,
    dataThroughUs: 900_000,
    rows,
    fingerprintBytes: 0,
    ...more,
  }
}

/** Rows for texts as keys, in the order that stores want. */
export function rowsOf(values: Readonly<Record<string, string>>): StoredRow[] {
  return Object.entries(values)
    .map(([key, valueText]) => ({ keyBytes: Buffer.from(key), valueText }))
    .sort((a, b) => Buffer.compare(a.keyBytes, b.keyBytes))
}

function assertEntry(entry: StoredEntry | undefined, row: StoredRow | undefined): void {
  assert.deepEqual([entry?.valueText, entry?.inputsText], [row?.valueText, row?.inputsText])
  assert.equal(
    entry?.fingerprint?.toString('hex'),
    row?.fingerprint === undefined ? undefined : Buffer.from(row.fingerprint).toString('hex'),
  )
}

const rejects = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code

const anyRows = (fingerprintBytes: 0 | 16) =>
  fc
    .uniqueArray(
      fc.record({
        keyBytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
        valueText: fc
          .oneof(
            fc.double({ noNaN: true, noDefaultInfinity: true }),
            fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })),
            fc.string(),
          )
          .map(value => JSON.stringify(value)),
        ...(fingerprintBytes === 0 ? {} : { fingerprint: fc.uint8Array({ minLength: 16, maxLength: 16 }), inputsText: fc.json() }),
      }),
      { selector: row => Buffer.from(row.keyBytes).toString('hex') },
    )
    .map(rows => rows.sort((a, b) => Buffer.compare(a.keyBytes, b.keyBytes)) as StoredRow[])

export function predictionStoreSuite(name: string, harness: StoreHarness): void {
  const withStore = (what: string, body: (store: Store) => Promise<void>) =>
    test(what, async () => {
      const store = harness.open()
      try {
        await body(store)
      } finally {
        await harness.end(store)
      }
    })

  describe(`${name}: prediction store`, () => {
    withStore('reads back what was loaded, and nothing else', async ({ predictions }) => {
      let count = 0
      const fingerprints = fc.constantFrom(0 as const, 16 as const)
      await fc.assert(
        fc.asyncProperty(
          fingerprints.chain(width => fc.tuple(fc.constant(width), anyRows(width), fc.uint8Array({ maxLength: 40 }))),
          async ([width, rows, other]) => {
            const run = `run${count++}`
            await predictions.load(headerOf(run, rows.length, { fingerprintBytes: width }), rows)
            const opened = predictions.open(run)
            assert.ok(opened)
            assert.equal(opened.count(), rows.length)
            const texts = new Map(rows.map(row => [Buffer.from(row.keyBytes).toString('hex'), row.valueText]))
            const end = (row: StoredRow) => (row.inputsText === undefined ? [] : [Buffer.of(0), Buffer.from(row.inputsText)])
            const oracle = new Map(
              rows.map(row => [
                Buffer.from(row.keyBytes).toString('hex'),
                Buffer.concat([row.fingerprint ?? Buffer.alloc(0), Buffer.from(row.valueText), ...end(row)]).toString('hex'),
              ]),
            )
            const entries = new Map(rows.map(row => [Buffer.from(row.keyBytes).toString('hex'), row]))
            for (const { keyBytes } of [...rows, { keyBytes: other }]) {
              assert.equal(opened.get(keyBytes)?.toString('hex'), oracle.get(Buffer.from(keyBytes).toString('hex')))
              assert.equal(opened.text(keyBytes), texts.get(Buffer.from(keyBytes).toString('hex')))
              assertEntry(opened.entry(keyBytes), entries.get(Buffer.from(keyBytes).toString('hex')))
            }
            opened.close()
          },
        ),
        { numRuns: 25 },
      )
      assert.equal(predictions.list().length, count)
    })

    withStore('takes rows as they come, more than fit into one transaction', async ({ predictions }) => {
      const rows = 25_001
      async function* arriving() {
        for (let i = 0; i < rows; i += 4_999) {
          await new Promise(resolve => setImmediate(resolve))
          yield Array.from({ length: Math.min(4_999, rows - i) }, (_, at) => ({
            keyBytes: Buffer.from(String(i + at).padStart(6, '0')),
            valueText: String(i + at),
          }))
        }
      }
      await predictions.load(headerOf('many', rows), arriving())
      const run = predictions.open('many')
      assert.equal(run?.count(), rows)
      for (const i of [0, 9_999, 10_000, 10_001, 20_000, rows - 1])
        assert.equal(run?.get(Buffer.from(String(i).padStart(6, '0')))?.toString(), String(i))
      run?.close()
    })

    loadsBlocks(withStore)

    withStore('opens a run without keys', async ({ predictions }) => {
      await predictions.load(headerOf('empty', 0), [])
      assert.equal(predictions.open('empty')?.count(), 0)
      assert.equal(predictions.open('empty')?.get(Buffer.from('a')), undefined)
      assert.equal(predictions.open('empty')?.get(Buffer.alloc(0)), undefined)
    })

    withStore('keeps long texts, and texts beyond ASCII', async ({ predictions }) => {
      const values = {
        a: JSON.stringify('Zoë 🚀 \u2028'),
        b: `[${'0.125,'.repeat(50_000)}1]`,
        c: '""',
        d: JSON.stringify('ß'.repeat(40_000)),
      }
      await predictions.load(headerOf('long', 4), rowsOf(values))
      const run = predictions.open('long')
      for (const name of ['a', 'b', 'c', 'd', 'b', 'a'] as const) {
        assert.equal(run?.text(Buffer.from(name)), values[name])
        assert.equal(run?.get(Buffer.from(name))?.toString(), values[name])
      }
    })

    withStore('keeps the header as it was given', async ({ predictions }) => {
      const header = headerOf('a', 1, { asOfUs: 992_588_400_000_001, fingerprintBytes: 16 })
      await predictions.load(header, [{ keyBytes: Buffer.of(1), valueText: 'null', fingerprint: Buffer.alloc(16, 7), inputsText: '{}' }])
      assert.deepEqual(predictions.open('a')?.header, header)
      assert.deepEqual(predictions.list(), [header])
    })

    withStore('does nothing, and reads no row, when the run is complete', async ({ predictions }) => {
      await predictions.load(headerOf('a', 2), rowsOf({ x: '1', y: '2' }))
      const untouched = {
        [Symbol.iterator]: (): Iterator<StoredRow> => assert.fail('a row was read'),
      }
      await predictions.load(headerOf('a', 2), untouched)
      assert.equal(predictions.open('a')?.get(Buffer.from('y'))?.toString(), '2')
    })

    withStore('shows nothing of a load that was cut short, and repeats it', async ({ predictions }) => {
      const rows = Array.from({ length: 15_000 }, (_, i) => ({ keyBytes: Buffer.from(String(i).padStart(6, '0')), valueText: String(i) }))
      for (const cutAt of [0, 12_000, 10_000, 14_999]) {
        function* cut(): Generator<StoredRow> {
          yield* rows.slice(0, cutAt)
          throw new Error('cut short')
        }
        await assert.rejects(predictions.load(headerOf('a', rows.length), cut()), /cut short/)
        assert.equal(predictions.open('a'), undefined)
        assert.deepEqual(predictions.list(), [])
      }
      await predictions.load(headerOf('a', rows.length), rows)
      const run = predictions.open('a')
      assert.equal(run?.count(), rows.length)
      for (const { keyBytes, valueText } of rows) assert.equal(run?.get(keyBytes)?.toString(), valueText)
    })

    withStore('lets two load the same run at once', async ({ predictions }) => {
      async function* slowly(rows: StoredRow[]) {
        for (const row of rows) {
          yield [row]
          await new Promise(resolve => setImmediate(resolve))
        }
      }
      const rows = rowsOf(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, String(i)])))
      await Promise.all([
        predictions.load(headerOf('a', rows.length), slowly(rows)),
        predictions.load(headerOf('a', rows.length), slowly(rows)),
      ])
      const run = predictions.open('a')
      assert.equal(run?.count(), rows.length)
      for (const { keyBytes, valueText } of rows) assert.equal(run?.get(keyBytes)?.toString(), valueText)
    })

    withStore('counts the rows where the header leaves open how many there are', async ({ predictions }) => {
      const { rows: _, ...header } = headerOf('a', 0)
      await predictions.load(header, rowsOf({ x: '1', y: '2' }))
      assert.equal(predictions.open('a')?.header.rows, 2)
      await predictions.load(header, rowsOf({ z: '3' }))
      assert.equal(predictions.open('a')?.count(), 2)
    })

    withStore('loads the right rows after wrong ones were refused', async ({ predictions }) => {
      await assert.rejects(predictions.load(headerOf('a', 1), rowsOf({ stray: '1', strays: '2' })), rejects('rows_not_reconciled'))
      await predictions.load(headerOf('a', 1), rowsOf({ x: '1' }))
      assert.equal(predictions.open('a')?.get(Buffer.from('stray')), undefined)
    })

    for (const [what, rows, code] of [
      ['fewer rows than the header says', rowsOf({ x: '1' }), 'rows_not_reconciled'],
      ['more rows than the header says', rowsOf({ x: '1', y: '2', z: '3' }), 'rows_not_reconciled'],
      ['a key twice', [...rowsOf({ x: '1' }), ...rowsOf({ x: '2' })], 'duplicate_keys'],
      ['keys out of order', [...rowsOf({ y: '1' }), ...rowsOf({ x: '2' })], 'internal'],
      ['an empty key', [{ keyBytes: Buffer.alloc(0), valueText: '1' }, ...rowsOf({ x: '2' })], 'internal'],
      [
        'a fingerprint that the header does not announce',
        rowsOf({ x: '1', y: '2' }).map(row => ({ ...row, fingerprint: Buffer.alloc(16) })),
        'internal',
      ],
      ['inputs without a fingerprint', rowsOf({ x: '1', y: '2' }).map(row => ({ ...row, inputsText: '{}' })), 'internal'],
    ] as const) {
      withStore(`refuses ${what}, and shows no run`, async ({ predictions }) => {
        await assert.rejects(predictions.load(headerOf('a', 2), rows), rejects(code))
        assert.equal(predictions.open('a'), undefined)
      })
    }

    withStore('refuses other content under the id of a run', async ({ predictions }) => {
      await predictions.load(headerOf('a', 1), rowsOf({ x: '1' }))
      await assert.rejects(predictions.load(headerOf('a', 1, { asOfUs: 5 }), rowsOf({ x: '2' })), rejects('invalid_value'))
      assert.equal(predictions.open('a')?.get(Buffer.from('x'))?.toString(), '1')
    })

    withStore('drops a run, complete or not, and loads it again', async ({ predictions }) => {
      await predictions.load(headerOf('a', 1), rowsOf({ x: '1' }))
      await predictions.load(headerOf('b', 1), rowsOf({ x: '2' }))
      await assert.rejects(predictions.load(headerOf('c', 5), rowsOf({ x: '3' })))
      const held = predictions.open('a')
      predictions.drop('a')
      predictions.drop('c')
      predictions.drop('never there')
      assert.equal(predictions.open('a'), undefined)
      assert.deepEqual(
        predictions.list().map(({ run }) => run),
        ['b'],
      )
      assert.throws(() => held?.get(Buffer.from('x')), rejects('run_not_found'))
      assert.throws(() => held?.count(), rejects('run_not_found'))
      held?.close()
      await predictions.load(headerOf('a', 1), rowsOf({ x: '4' }))
      assert.equal(predictions.open('a')?.get(Buffer.from('x'))?.toString(), '4')
      assert.equal(predictions.open('b')?.get(Buffer.from('x'))?.toString(), '2')
    })

    withStore('keeps a run open for one holder when another closes', async ({ predictions }) => {
      await predictions.load(headerOf('a', 1), rowsOf({ x: '1' }))
      const [one, other] = [predictions.open('a'), predictions.open('a')]
      one?.close()
      one?.close()
      assert.throws(() => one?.get(Buffer.from('x')), rejects('run_not_found'))
      assert.equal(other?.get(Buffer.from('x'))?.toString(), '1')
    })

    withStore('never mixes runs, however they are loaded, opened, closed and dropped', async ({ predictions }) => {
      const opened = new Map<string, ReturnType<typeof predictions.open>>()
      for (let i = 0; i < 60; i++) {
        const run = `run${i}`
        await predictions.load(headerOf(run, 2), rowsOf({ x: JSON.stringify(run), y: String(i) }))
        opened.set(run, predictions.open(run))
        if (i % 3 === 0) opened.get(run)?.close()
        if (i % 3 === 1 && i > 10) predictions.drop(`run${i - 9}`)
        for (const [name, each] of opened) {
          const read = (() => {
            try {
              return each?.get(Buffer.from('x'))?.toString()
            } catch (error) {
              assert.ok(rejects('run_not_found')(error))
              return JSON.stringify(name)
            }
          })()
          assert.equal(read, JSON.stringify(name))
        }
      }
    })
  })
}
