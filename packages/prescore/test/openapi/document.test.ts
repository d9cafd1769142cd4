/** The document tells what the server does: valid, complete, and with examples that are true. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { operationsOf } from '../../src/server/openapi/document.ts'
import { Contract } from './contract.ts'
import { documentedHouse } from './house.ts'

test('it is valid OpenAPI 3.1, every route is in it, and its examples fit their schemas', async t => {
  const { server, app } = await documentedHouse(t)
  const contract = await Contract.of(server)
  const { valid, errors } = await new Validator().validate(structuredClone(contract.document) as Record<string, unknown>)
  assert.ok(valid, JSON.stringify(errors ?? '').slice(0, 1_000))

  const resolvers = ['spend', 'mixed', 'free'].map(name => app.resolver(name))
  const documented = operationsOf({ resolvers, hasOverrides: true, hasRuns: true, sources: app.loaded.definition.sources })
  const routes = new Set(documented.map(({ method, route }) => `${route.endsWith('*') ? 'ALL' : method.toUpperCase()} ${route}`))
  assert.deepEqual([...routes].sort(), [...server.routes].sort())
  const ids = documented.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)

  for (const { operationId, requestBody, responses } of contract.operations) {
    const media = [
      ...Object.values(requestBody?.content ?? {}),
      ...Object.values(responses).flatMap(({ content }) => Object.values(content)),
    ]
    for (const { schema, example, examples = {} } of media)
      for (const each of [...(example === undefined ? [] : [example]), ...Object.values(examples).map(({ value }) => value)])
        contract.assertFits(schema, each, `an example of ${operationId}`)
  }
})

test('every operation answers its example as documented', async t => {
  const { server } = await documentedHouse(t)
  const contract = await Contract.of(server)
  const expected: Record<string, number> = {}
  for (const operation of contract.operations) {
    const { path, parameters = [], requestBody, operationId } = operation
    const url = parameters
      .filter(({ required }) => required)
      .reduce((text, { name, in: place, schema }) => {
        const value = name === 'name' ? 'spend' : name === 'version' ? '1' : schema.type === 'integer' ? '7' : 'c0'
        if (place === 'path') return text.replace(`{${name}}`, value)
        return `${text}${text.includes('?') ? '&' : '?'}${name}=${value}`
      }, path)
    const [[type = '', { example } = { example: undefined }] = []] = Object.entries(requestBody?.content ?? {})
    const { status } = await contract.ask(operation, url, type === '' ? undefined : { type, text: JSON.stringify(example) })
    expected[operationId] = status
  }
  const others = Object.entries(expected).filter(([id, status]) => status !== 200 && !isOfOtherTensors(id))
  assert.deepEqual(Object.fromEntries(others), {
    orders_events: 202,
    // A query has no inputs; the examples' clock, runs and prediction are of another server, and one run was published.
    free_answer: 400,
    move_clock: 400,
    publish_run: 404,
    rollback: 409,
    run: 404,
    start_run: 404,
  })
})

/** The examples of the protocols have tensors and a label of another server. */
function isOfOtherTensors(id: string): boolean {
  return /^v[12]_post_.*(infer|predict|classify|regress)$|^v1_get_.*_label_/.test(id)
}

test('the page lists every operation, and loads nothing from outside', async t => {
  const { server } = await documentedHouse(t)
  const contract = await Contract.of(server)
  const { body, headers } = await server.app.inject('/docs')
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  for (const { method, path } of contract.operations) assert.ok(body.includes(`<b>${method}</b> <code>${path}</code>`), `${method} ${path}`)
  assert.doesNotMatch(body, /<script|src=|https?:\/\//)
})
