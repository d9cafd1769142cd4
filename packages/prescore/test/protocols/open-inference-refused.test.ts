/** Requests of the Open Inference Protocol that are wrong: each is told where. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { LIMITS } from '../../src/server/index.ts'
import { ask, tensor } from './asked.ts'
import { protocolHouse } from './house.ts'

const house = await protocolHouse()
after(async () => {
  assert.deepEqual(house.defects, [])
  await house.close()
})

const JFK_LAX = [tensor('origin', 'BYTES', ['JFK']), tensor('destination', 'BYTES', ['LAX']), tensor('hour', 'INT64', [18])]
const LATE = '/v2/models/late/infer'

test('wrong requests say where they are wrong', async () => {
  const cases: readonly (readonly [body: unknown, status: number, error: RegExp, headers?: Record<string, string>])[] = [
    ['', 400, /not valid JSON/],
    ['[]', 400, /the body; found a list.*expected an object/],
    ['{"inputs":1}', 400, /`inputs`; found 1; expected a list of tensors/],
    ['{"inputs":[],"id":5}', 400, /`id`; found 5; expected a text/],
    ['{"inputs":[null]}', 400, /input 0; found null/],
    ['{"inputs":[{"name":"nope"}]}', 400, /input 0, name; found "nope"; expected one of origin, destination, hour/],
    ['{"inputs":[{"name":"__proto__"}]}', 400, /input 0, name/],
    [{ inputs: JFK_LAX.slice(1) }, 400, /no `origin`; expected all of/],
    [{ inputs: [...JFK_LAX, JFK_LAX[0]] }, 400, /input `origin`; found it twice/],
    [{ inputs: [{ ...JFK_LAX[0], shape: [2] }] }, 400, /input `origin`, data at axis 0; found 1 elements; expected 2 elements/],
    [{ inputs: [{ ...JFK_LAX[0], shape: [-1] }] }, 400, /input `origin`, shape; found a list \[-1\]/],
    [{ inputs: [{ ...JFK_LAX[0], shape: [1e9, 1e9] }] }, 400, /input `origin`, shape/],
    [{ inputs: [{ ...JFK_LAX[0], shape: undefined }] }, 400, /input `origin`, shape; found nothing/],
    [{ inputs: [{ ...JFK_LAX[0], datatype: 'FP16' }] }, 400, /input `origin`, datatype; found "FP16"; expected BYTES/],
    [{ inputs: [tensor('origin', 'BYTES', [5])] }, 400, /input `origin`, element 0; found 5; expected a text/],
    ['{"inputs":[{"name":"origin","datatype":"BYTES","shape":[1],"data":["\\ud800"]}]}', 400, /element 0.*valid Unicode/],
    [
      { inputs: [JFK_LAX[0], JFK_LAX[1], tensor('hour', 'UINT8', [300])] },
      400,
      /input `hour`, element 0; found 300; expected a whole number from 0 to 255/,
    ],
    [{ inputs: [JFK_LAX[0], JFK_LAX[1], tensor('hour', 'INT64', [1.5])] }, 400, /input `hour`, element 0; found 1.5/],
    [{ inputs: [JFK_LAX[0], JFK_LAX[1], tensor('hour', 'INT64', [null])] }, 400, /input `hour`, element 0; found null/],
    [{ inputs: [JFK_LAX[0], JFK_LAX[1], tensor('hour', 'BOOL', [1])] }, 400, /element 0; found 1; expected true or false/],
    [{ inputs: [JFK_LAX[0], JFK_LAX[1], tensor('hour', 'FP64', [1])] }, 400, /input `hour`, datatype; found FP64; expected INT64/],
    [{ inputs: [JFK_LAX[0], JFK_LAX[1], tensor('hour', 'INT64', [1, 2])] }, 400, /input `hour`; found 2 rows; expected 1/],
    [
      { inputs: [JFK_LAX[0], JFK_LAX[1], tensor('hour', 'INT64', [1], [1, 1, 1])] },
      400,
      /input `hour`, shape; found \[1,1,1\]; expected \[-1\]/,
    ],
    [
      { inputs: [tensor('origin', 'BYTES', [], [0]), tensor('destination', 'BYTES', [], [0]), tensor('hour', 'INT64', [], [0])] },
      200,
      /"shape":\[0\],"data":\[\]/,
    ],
    [{ inputs: JFK_LAX, outputs: [{ name: 'x' }] }, 400, /output 0, name; found "x"/],
    [{ inputs: JFK_LAX, outputs: [{ name: 'value' }, { name: 'value' }] }, 400, /output `value`; found it twice/],
    [{ inputs: JFK_LAX, outputs: [{ name: 'value', parameters: { classification: 2 } }] }, 400, /the parameter `classification`/],
    [{ inputs: JFK_LAX, outputs: [{ name: 'value', parameters: { binary_data: 'yes' } }] }, 400, /binary_data; found "yes"/],
    [{ inputs: JFK_LAX, parameters: [] }, 400, /`parameters`; found a list/],
    [{ inputs: JFK_LAX, parameters: { prefer: {} } }, 400, /`parameters`, `prefer`/],
    [{ inputs: JFK_LAX, parameters: { prefer: 'cache' } }, 400, /parameter `prefer`; found "cache"; expected store or live/],
    [{ inputs: JFK_LAX, parameters: { max_age_second: 1 } }, 400, /found the parameter `max_age_second`/],
    [{ inputs: JFK_LAX, parameters: { as_of: 'noon' } }, 400, /parameter `as_of`/],
    [{ inputs: JFK_LAX, parameters: { deadline_ms: 0 } }, 400, /parameter `deadline_ms`; found 0/],
    [{ inputs: JFK_LAX, parameters: { binary_data_output: 1 } }, 400, /binary_data_output/],
    [{ inputs: JFK_LAX, parameters: { sequence_id: 7 } }, 400, /sequence_id/],
    [{ inputs: JFK_LAX }, 415, /content-encoding br/, { 'content-encoding': 'br' }],
    [{ inputs: JFK_LAX }, 400, /not whole gzip/, { 'content-encoding': 'gzip' }],
    [
      {
        inputs: [
          tensor('origin', 'BYTES', Array(LIMITS.rowsPerInfer + 1).fill('a')),
          tensor('destination', 'BYTES', Array(LIMITS.rowsPerInfer + 1).fill('a')),
          tensor('hour', 'INT64', Array(LIMITS.rowsPerInfer + 1).fill(1)),
        ],
      },
      400,
      /4097 rows; expected at most 4096/,
    ],
  ]
  for (const [body, status, error, headers = {}] of cases) {
    const asked = await ask(house, LATE, { body, headers })
    assert.equal(asked.status, status, asked.text.slice(0, 300))
    assert.match(asked.text.replaceAll('\\"', '"'), error)
  }
})
