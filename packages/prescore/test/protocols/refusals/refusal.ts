/** A request that is refused, and how it and its answer stand in the golden file. */
import { type Asked, type AskOptions, ask } from '../asked.ts'
import type { ProtocolHouse } from '../house.ts'

export interface Refusal extends AskOptions {
  readonly title: string
  readonly path: string
  /** In the place of a body that says nothing to a reader. */
  readonly shown?: string
}

/** Headers of an answer that tell a client what to do. */
const TOLD = ['allow', 'retry-after'] as const
const SHOWN_MAX = 400

export async function refuse(house: ProtocolHouse, refusal: Refusal): Promise<{ readonly asked: Asked; readonly text: string }> {
  const asked = await ask(house, refusal.path, refusal)
  const told = TOLD.flatMap(name => (asked.headers[name] === undefined ? [] : [`${name}: ${asked.headers[name]}`]))
  const answer = [`${asked.status} ${asked.headers['content-type']}`, ...told, asked.text].join('\n    ')
  return { asked, text: `${requestText(refusal)}\n    ${answer}`.replaceAll(house.release, '‹release›') }
}

function requestText({ path, body, headers = {}, method, shown }: Refusal): string {
  const line = `${method ?? (body === undefined ? 'GET' : 'POST')} ${path.length > 200 ? `${path.slice(0, 60)}‹${path.length} characters›` : path}`
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const jsonBytes = Number(headers['inference-header-content-length'])
  return [line, ...lines, ...(body === undefined ? [] : [shown ?? bodyText(body, jsonBytes)])].join('\n')
}

function bodyText(body: unknown, jsonBytes: number): string {
  if (!Buffer.isBuffer(body)) return short(typeof body === 'string' ? body : JSON.stringify(body))
  const at = jsonBytes >= 0 && jsonBytes <= body.length ? jsonBytes : Math.max(0, body.lastIndexOf('}') + 1)
  return `${body.subarray(0, at)}‹${body.subarray(at).toString('hex')}›`
}

function short(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, 120)}‹${text.length} characters›`
}
