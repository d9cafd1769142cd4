/** A request of tensors answered: from the body as it came to the body as it goes. */
import type { Caller } from '../../../resolve/index.ts'
import { after } from '../after.ts'
import type { Outgoing } from '../exchange.ts'
import type { Subject } from '../subject.ts'
import { refused } from '../tensors.ts'
import { JSON_LENGTH_HEADER } from './binary.ts'
import { readRequest } from './request.ts'
import { responseOf } from './response.ts'

/** @param jsonBytes what {@link JSON_LENGTH_HEADER} says; undefined: nothing. @throws PrescoreError, also as a rejection */
export function infer(subject: Subject, body: Buffer, jsonBytes: string | undefined, caller: Caller): Outgoing | Promise<Outgoing> {
  const asked = readRequest(subject, body, lengthOf(jsonBytes, body.length))
  const tensors = subject.infer({ ...asked.call, caller })
  return after(tensors, each => responseOf(subject, asked, each))
}

/** @throws PrescoreError `invalid_request` for a header that is no length within the body */
function lengthOf(text: string | undefined, bodyBytes: number): number | undefined {
  if (text === undefined) return undefined
  const length = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (length <= bodyBytes) return length
  throw refused(JSON_LENGTH_HEADER, JSON.stringify(text).slice(0, 60), `a number from 0 to the body's ${bodyBytes} bytes`)
}
