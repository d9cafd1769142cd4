/** Requests to the furnished house without a socket, and what a problem must look like. */
import assert from 'node:assert/strict'
import { ERRORS, type ErrorCode } from '../../src/base/index.ts'
import { furnished } from './house.ts'

export const house = await furnished()
const { app } = house.server

type Method = 'GET' | 'POST' | 'HEAD' | 'PUT' | 'DELETE'

export async function ask(url: string, method: Method = 'GET', payload?: string | Buffer, type = 'application/json') {
  const response = await app.inject({ method, url, ...(payload === undefined ? {} : { payload, headers: { 'content-type': type } }) })
  return { status: response.statusCode, headers: response.headers, text: response.body, json: () => JSON.parse(response.body) as never }
}
export const post = (url: string, body: unknown) =>
  ask(url, 'POST', typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))

/** A problem document: the code's status and title, what to do, and nothing of ours. */
export function assertProblem({ status, headers, text }: Awaited<ReturnType<typeof ask>>, code: ErrorCode): Record<string, unknown> {
  const problem = JSON.parse(text) as Record<string, unknown>
  assert.equal(problem.code, code, text)
  assert.equal(status, ERRORS[code].status)
  assert.equal(problem.status, status)
  assert.equal(problem.title, ERRORS[code].title)
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8')
  assert.ok(typeof problem.message === 'string' && typeof problem.fix === 'string')
  assert.doesNotMatch(text, /\\n +at |file:\/\/|node_modules|\.[jt]s:\d/)
  return problem
}
