/** The clients that users have, unmodified, from their own packages. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { blocksOf } from '../docs/blocks.ts'
import { missing, runClient, runProgram } from './clients/python.ts'
import { type ProtocolHouse, protocolHouse } from './house.ts'

describe('clients of other servers', { skip: missing }, () => {
  let house: ProtocolHouse
  let url: string
  before(async () => {
    house = await protocolHouse()
    ;({ url } = await house.server.start())
  })
  after(() => house.close())

  test('the programs of docs/protocols.md', async () => {
    const file = resolve(import.meta.dirname, '../../../../docs/protocols.md')
    const programs = blocksOf(file, readFileSync(file, 'utf8')).filter(({ language }) => language === 'python')
    assert.ok(programs.length >= 2)
    for (const { text, line } of programs) {
      assert.ok(text.includes('127.0.0.1:8080'), `line ${line} asks another server`)
      assert.equal(await runProgram(text.replaceAll('127.0.0.1:8080', url.slice('http://'.length))), '0.31 store\n', `line ${line}`)
    }
  })

  test("Triton's client", async () => {
    assert.equal(await runClient('triton_client.py', [url.slice('http://'.length)]), 'done\n')
    assert.deepEqual(house.defects, [])
  })

  test('the KServe SDK', async () => {
    assert.equal(await runClient('kserve_sdk.py', [url, 'v2', 'v1']), 'done\n')
    assert.deepEqual(house.defects, [])
  })
})
