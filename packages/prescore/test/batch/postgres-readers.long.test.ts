/** A table that is read while its next run comes: PostgreSQL plans a statement before it looks up what the statement sees. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostgresServer, postgresMissing } from '../postgres-server.ts'
import { inShop } from './harness.ts'
import { OUTPUT_URL, TABLE, withOutput } from './postgres-shop.ts'
import { AS_OF_US, makeShop, removeShop } from './shop.ts'

const missing = postgresMissing()
let server: PostgresServer
let folder: string

before(async () => {
  if (missing !== undefined) return
  server = await PostgresServer.start()
  process.env[OUTPUT_URL] = server.url
  folder = await makeShop({ config: withOutput(TABLE) })
})
after(async () => {
  await server?.remove()
  if (folder !== undefined) removeShop(folder)
})

/** Waits for a row. */
async function found(statement: string): Promise<void> {
  while ((await server.query(statement)).length === 0) await sleep(5)
}

test('a statement that is planned before a run comes, and looks afterwards, sees the run before', { skip: missing ?? false }, () =>
  inShop(folder, async ({ run }) => {
    const first = await run({ asOfUs: AS_OF_US - 3_600_000_000 })
    // Its planning waits for the partition: by then it has looked up which ones there are.
    const held = await server.holding('LOCK TABLE scores__r1 IN ACCESS EXCLUSIVE MODE')
    const reading = server.query('SELECT run, count(*)::int AS rows FROM scores_current GROUP BY run')
    await found("SELECT 1 FROM pg_locks WHERE relation = 'scores__r1'::regclass AND NOT granted")
    const running = run()
    await found("SELECT 1 FROM pg_inherits WHERE inhparent = 'scores'::regclass OFFSET 1")
    // Its rows are there. It waits for the reader before it says so: else it would have said it by now.
    await sleep(300)
    await held.release()
    assert.deepEqual(await reading, [{ run: first.run, rows: 31 }])
    const second = await running
    assert.equal(second.outputs.warehouse?.state, 'written')
    assert.deepEqual(await server.query('SELECT DISTINCT run FROM scores_current'), [{ run: second.run }])
  }),
)
