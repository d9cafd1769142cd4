/** A connection that is lost: what is told of it, and whether it may pass. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isPassing, withClient } from '../../src/postgres/index.ts'
import { PostgresServer, postgresMissing } from '../postgres-server.ts'

const of = (code: string, syscall?: string) => Object.assign(new Error(code), { code, ...(syscall === undefined ? {} : { syscall }) })

test('what may pass by itself, and what has to be mended', () => {
  const passing = ['57P01', '57014', '53300', '08006', '40001', 'ECONNREFUSED', 'EHOSTUNREACH', 'EAI_AGAIN']
  const lasting = ['28P01', '3D000', '42501', '53100', '57P04', 'ERR_TLS_CERT_ALTNAME_INVALID', 'SELF_SIGNED_CERT_IN_CHAIN']
  assert.deepEqual(
    [...passing, ...lasting].filter(code => isPassing(of(code))),
    passing,
  )
  // Of a server on this machine, the socket; of a certificate, the file.
  assert.deepEqual(
    [isPassing(of('ENOENT', 'connect')), isPassing(of('ENOENT', 'open')), isPassing(of('EACCES', 'open'))],
    [true, false, false],
  )
})

describe('a server', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server?.remove())

  test('that ends a connection between two statements: the next one tells that', async () => {
    const lost = withClient(server.url, 'a test', async client => {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
      await Promise.all([
        new Promise<void>(resolve => client.once('end', () => resolve())),
        server.query(`SELECT pg_terminate_backend(${rows[0].pid})`),
      ])
      await client.query('SELECT 1')
    })
    await assert.rejects(lost, error => isPassing(error) && /terminating connection due to administrator command/.test(String(error)))
  })
})
