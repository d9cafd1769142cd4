/** Bodies that are large, deep, or full of names of prototypes. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertAnswered } from './answered.ts'
import { ask } from './asked.ts'
import { protocolHouse } from './house.ts'

const house = await protocolHouse()
after(async () => {
  assert.deepEqual(house.defects, [])
  await house.close()
})

test('each is answered, and changes nothing', async () => {
  const deep = (open: string, close: string, times: number) => `${open.repeat(times)}1${close.repeat(times)}`
  const bodies = [
    `{"inputs":${deep('[', ']', 200_000)}}`,
    `{"instances":${deep('[', ']', 200_000)}}`,
    `{"inputs":[{"name":"features","datatype":"FP32","shape":[1,1,1,1,1,1,1,1],"data":${deep('[', ']', 100_000)}}]}`,
    deep('{"inputs":', '}', 50_000),
    deep('{"a":', '}', 50_000),
    `{"inputs":[{"name":"features","datatype":"FP32","shape":[4294967296,4294967296],"data":[]}]}`,
    `{"inputs":[{"name":"features","datatype":"FP32","shape":[0,9007199254740991],"data":[]}]}`,
    `{"__proto__":{"inputs":[]},"constructor":{"prototype":{"x":1}},"inputs":[],"instances":[]}`,
    `{"inputs":[${'{"name":"features"},'.repeat(50_000)}1]}`,
    `{"instances":[${'[1,2,3,4,5],'.repeat(50_000)}[1,2,3,4,5]]}`,
    `{"id":"${'x'.repeat(3_000_000)}","inputs":[]}`,
    `{"instances":["${'\\"'.repeat(500_000)}"]}`,
    `{"instances":[${'9'.repeat(200_000)}]}`,
    `{"inputs":{"features":[[${'1,'.repeat(100_000)}1]]},"parameters":{"__proto__":1}}`,
    `${' '.repeat(2_000_000)}{`,
  ]
  for (const body of bodies)
    for (const url of [
      '/v2/models/quote.model/infer',
      '/v1/models/quote.model:predict',
      '/v1/models/quote:regress',
      '/v2/models/score/infer',
    ])
      await assertAnswered(house, { url, body })
  assert.equal((await ask(house, '/v2/models/score/infer', { body: Buffer.alloc(33 * 1024 * 1024, 0x20) })).status, 413)
  assert.equal(({} as Record<string, unknown>).x, undefined)
})
