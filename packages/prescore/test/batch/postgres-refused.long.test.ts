/** A PostgreSQL table that is not as it was left, or must not be written: what is mended by itself, and what is said. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type RunOutcome, rollbackRun } from '../../src/batch/index.ts'
import { prescore } from '../cli/process.ts'
import { PostgresServer, postgresMissing } from '../postgres-server.ts'
import { inShop, type OpenShop } from './harness.ts'
import { OUTPUT_URL, TABLE, withOutput } from './postgres-shop.ts'
import { AS_OF, AS_OF_US, expectedAnswers, makeShop, removeShop } from './shop.ts'

const HOUR_US = 3_600_000_000
const missing = postgresMissing()

describe('PostgreSQL as an output, changed by others', { skip: missing ?? false }, () => {
  let server: PostgresServer
  let folder: string

  before(async () => {
    server = await PostgresServer.start()
    process.env[OUTPUT_URL] = server.url
    folder = await makeShop({ config: withOutput(TABLE) })
  })
  after(async () => {
    await server?.remove()
    if (folder !== undefined) removeShop(folder)
  })

  let states = 0
  const inNewState = async (use: (shop: OpenShop) => Promise<void>) => {
    await server.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    await inShop(folder, use, { state: join(folder, `state-${states++}`) })
  }
  const current = async () => {
    const rows = await server.query('SELECT customer, value FROM scores_current')
    return new Map(rows.map(row => [row.customer as string, row.value as number]))
  }
  const expected = new Map([...expectedAnswers()])

  test('a view that somebody dropped is made again; rows of another prediction are not mixed in; what roles are set to does not end a copy', () =>
    inNewState(async ({ app, run }) => {
      await server.query("ALTER ROLE postgres SET statement_timeout = '1ms'")
      try {
        const { outputs } = await run({ asOfUs: AS_OF_US - HOUR_US })
        assert.equal(outputs.warehouse?.state, 'written', outputs.warehouse?.message)
      } finally {
        await server.query('SET statement_timeout = 0; ALTER ROLE postgres RESET statement_timeout')
      }
      await server.query('DROP VIEW scores_current, scores_history')
      await run()
      assert.deepEqual(new Map([...(await current())].sort()), new Map([...expected].sort()))
      await server.query("UPDATE scores_runs SET prediction = 'other' WHERE NOT is_current")
      const { outputs } = await rollbackRun(await app.place(), 'spend')
      assert.match(
        String(outputs.warehouse?.message),
        /^output_mismatch: .*found runs of the prediction `other`; expected runs of `spend` alone/,
      )
      assert.deepEqual(new Map([...(await current())].sort()), new Map([...expected].sort()))
    }))

  test('what keeps a database from being written is said with what to do', () =>
    inNewState(async ({ run }) => {
      const failed = async (publish: () => Promise<{ outputs: RunOutcome['outputs'] }>) => {
        const { state, message, fix, attempts, retryable } = (await publish()).outputs.warehouse ?? {}
        assert.deepEqual([state, attempts, retryable], ['failed', 1, false])
        return `${message} → ${fix}`
      }
      await server.query('DROP SCHEMA public')
      assert.match(await failed(run), /no schema.*3F000.*→ Create the schema of scores/)
      await server.query(
        "CREATE SCHEMA public; DROP ROLE IF EXISTS writer; CREATE ROLE writer LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA public TO writer",
      )
      process.env[OUTPUT_URL] = `postgres://writer:secret@127.0.0.1:${server.port}/postgres`
      try {
        assert.match(await failed(run), /permission denied.*→ Let the user of PRESCORE_TEST_DATABASE own scores/)
        process.env[OUTPUT_URL] = `postgres://writer:secret@127.0.0.1:${server.port}/nowhere`
        assert.match(await failed(run), /3D000.*→ Correct the database in the URL that PRESCORE_TEST_DATABASE holds/)
      } finally {
        process.env[OUTPUT_URL] = server.url
      }
      assert.equal((await run()).outputs.warehouse?.state, 'written')
    }))

  test('the exit code says whether trying again may help, and no message has the password', async () => {
    await server.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP ROLE IF EXISTS clerk')
    await server.query("CREATE ROLE clerk LOGIN PASSWORD 'right'; GRANT ALL ON SCHEMA public TO clerk")
    await server.demandPasswords()
    const state = join(folder, `state-${states++}`)
    const run = async (password: string) => {
      const env = { [OUTPUT_URL]: `postgres://clerk:${password}@127.0.0.1:${server.port}/postgres` }
      const ended = await prescore(['run', 'spend', '--as-of', AS_OF, '--project', folder, '--state', state], { env })
      assert.ok(!`${ended.stdout}${ended.stderr}`.includes(password), ended.stdout + ended.stderr)
      return [ended.code, /output +warehouse: (.*)/.exec(ended.stdout)?.[1]] as const
    }
    const [refusedCode, refusedText] = await run('wr0ng-secret')
    assert.equal(refusedCode, 1)
    assert.match(refusedText ?? '', /^failed to PostgreSQL table scores: password authentication failed/)
    await server.down()
    try {
      const [code, text] = await run('right')
      assert.equal(code, 75)
      assert.match(text ?? '', /^failed to PostgreSQL table scores after 5 attempts: .*ECONNREFUSED/)
    } finally {
      await server.up()
    }
    assert.deepEqual(await run('right'), [0, 'written 31 rows to PostgreSQL table scores'])
  })
})
