/**
 * Who may change what is served. With a token, whoever sends it. Without one, this machine only: a request that came through a
 * proxy, from a page of another site, or under a name that is not this machine's own is not taken for a local one.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { PrescoreError } from '../base/index.ts'

/** @throws PrescoreError `unauthorized`, `forbidden` */
export type AdminGuard = (request: FastifyRequest) => void

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'] as const

export function adminGuard(token: string | undefined): AdminGuard {
  if (token === undefined) return refuseOthers
  const expected = digest(token)
  return ({ headers: { authorization } }) => {
    if (authorization === undefined) throw new PrescoreError('unauthorized', { found: 'no token' })
    const [, sent] = /^Bearer +(\S+) *$/i.exec(authorization) ?? []
    // Digests, so that the time tells neither how much of it is right nor how long it is.
    if (sent === undefined || !timingSafeEqual(digest(sent), expected)) throw new PrescoreError('unauthorized', { found: 'another token' })
  }
}

function refuseOthers({ raw, headers, socket }: FastifyRequest): void {
  const found = foreign(headers, socket.remoteAddress ?? '') ?? elsewhere(raw)
  if (found !== undefined) throw new PrescoreError('forbidden', { found, expected: 'a request from this machine' })
}

function foreign(headers: FastifyRequest['headers'], address: string): string | undefined {
  const { host = '', origin } = headers
  if (!isLoopback(address)) return 'a request from another machine'
  const forwarded = FORWARDED.find(name => headers[name] !== undefined)
  if (forwarded !== undefined) return `a request that was passed on (${forwarded})`
  if (!isLoopback(nameOf(host))) return `a request for the host ${JSON.stringify(host.slice(0, 100))}`
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'a request from a page of another site'
  if (origin !== undefined && origin !== `http://${host}`) return 'a request from a page of another site'
  return undefined
}

/** A target that is a whole address counts for more than the host. */
function elsewhere({ url = '/' }: FastifyRequest['raw']): string | undefined {
  return url.startsWith('/') ? undefined : 'a request for a whole address'
}

/** Without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
