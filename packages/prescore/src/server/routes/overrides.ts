/** Human values: set, listed and taken back by key. */
import type { FastifyInstance } from 'fastify'
import { formatInstant, PrescoreError, parseInstantUs, shown } from '../../base/index.ts'
import { checkKey, decodeKey, encodeKey, type KeyColumns, keyJson } from '../../project/index.ts'
import type { Resolver } from '../../resolve/index.ts'
import { bodyObject } from '../../resolve/index.ts'
import type { OverrideRecord, Overrides } from '../../stores/index.ts'
import type { AdminGuard } from '../admin.ts'
import { type Resolvers, resolverOf } from './answers.ts'
import { registerPath, sendJson } from './path.ts'

/** Longest author and reason. */
const NOTE_CHARS_MAX = 1_000
const MEMBERS = ['key', 'value', 'author', 'reason', 'expiresAt']

export function registerOverrides(app: FastifyInstance, resolvers: Resolvers, overrides: Overrides, guard: AdminGuard): void {
  const handlers: Parameters<typeof registerPath>[2] = {
    GET: ({ params }, reply) => {
      const { prediction, keyColumns } = resolverOf(resolvers, params.name as string)
      const listed = overrides.list(prediction.name).map(record => overrideJson(record, keyColumns))
      sendJson(reply, `{"overrides":[${listed.join(',')}]}`)
    },
    PUT: ({ params, body }, reply) => {
      const resolver = resolverOf(resolvers, params.name as string)
      sendJson(reply, overrideJson(overrides.set(overrideOf(resolver, bodyObject(body))), resolver.keyColumns))
    },
    DELETE: ({ params, body }, reply) => {
      const resolver = resolverOf(resolvers, params.name as string)
      const { key, ...others } = bodyObject(body)
      refuseOthers(others, ['key'])
      overrides.remove(resolver.prediction.name, keyOf(resolver, key).toString('hex'))
      sendJson(reply, '{"removed":true}')
    },
  }
  registerPath(app, '/api/predictions/:name/overrides', handlers, guard)
}

function overrideOf(resolver: Resolver, body: Readonly<Record<string, unknown>>): Omit<OverrideRecord, 'setAtUs'> {
  const { key, value, author, reason, expiresAt, ...others } = body
  refuseOthers(others, MEMBERS)
  return {
    prediction: resolver.prediction.name,
    key: keyOf(resolver, key).toString('hex'),
    valueText: valueOf(value),
    author: noteOf('author', author),
    reason: noteOf('reason', reason),
    expiresAtUs: expiresAt === undefined || expiresAt === null ? null : momentOf(expiresAt),
  }
}

function overrideJson({ key, valueText, author, reason, setAtUs, expiresAtUs }: OverrideRecord, columns: KeyColumns): string {
  const note = { author, reason, setAt: formatInstant(setAtUs), expiresAt: expiresAtUs === null ? null : formatInstant(expiresAtUs) }
  return `{"key":${keyJson(columns, decodeKey(columns, Buffer.from(key, 'hex')))},"value":${valueText},${JSON.stringify(note).slice(1)}`
}

function keyOf({ prediction: { entity, name } }: Resolver, key: unknown): Buffer {
  if (entity === undefined)
    throw new PrescoreError('invalid_request', { where: name, found: 'a prediction without an entity', expected: 'one with keys' })
  return encodeKey(entity, checkKey(entity, key === undefined ? {} : key))
}

function valueOf(value: unknown): string {
  const isValue = value === null || (Array.isArray(value) ? value.every(Number.isFinite) : Number.isFinite(value))
  if (isValue) return JSON.stringify(value)
  throw new PrescoreError('invalid_request', {
    where: '`value`',
    found: shown(value),
    expected: 'a number, several of them, or null',
  })
}

function noteOf(name: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= NOTE_CHARS_MAX) return value
  const expected = `a text of at most ${NOTE_CHARS_MAX} characters`
  throw new PrescoreError('invalid_request', { where: `\`${name}\``, found: value === undefined ? 'nothing' : 'something else', expected })
}

function momentOf(value: unknown): number {
  const us = typeof value === 'string' ? parseInstantUs(value) : undefined
  if (us !== undefined) return us
  throw new PrescoreError('invalid_request', {
    where: '`expiresAt`',
    found: shown(value),
    expected: 'a time with a zone, or null',
  })
}

function refuseOthers(others: object, allowed: readonly string[]): void {
  const [first] = Object.keys(others)
  if (first !== undefined) throw new PrescoreError('invalid_request', { found: `\`${first}\``, expected: `some of ${allowed.join(', ')}` })
}
