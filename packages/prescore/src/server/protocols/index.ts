/** Other servers' protocols, over one core: they translate what comes and goes, and answer nothing themselves. */
import type { FastifyInstance } from 'fastify'
import { PrescoreError } from '../../base/index.ts'
import type { Resolver } from '../../resolve/index.ts'
import type { HotRoute } from '../hot-route.ts'
import { LIMITS } from '../limits.ts'
import type { OnDefect } from '../problem.ts'
import { pathOf } from '../request.ts'
import { errorJson } from './exchange.ts'
import type { ModelOf } from './model-subject.ts'
import { registerOpenInference } from './open-inference/routes.ts'
import { Subjects } from './subjects.ts'
import { registerTfServing } from './tf-serving/routes.ts'

export type { ModelOf } from './model-subject.ts'

/** @returns what of them is answered before the router. */
export function registerProtocols(
  app: FastifyInstance,
  resolvers: Iterable<Resolver>,
  modelOf: ModelOf | undefined,
  onDefect: OnDefect,
): readonly HotRoute[] {
  const subjects = new Subjects(resolvers, modelOf, onDefect)
  return [registerOpenInference(app, subjects, onDefect), registerTfServing(app, subjects, onDefect)]
}

/** An error of a request that reached no route; undefined: its path is not of a protocol. */
export function protocolErrorText(url: string, error: PrescoreError): string | undefined {
  return /^\/v[12](?:\/|$)/.test(pathOf(url)) ? errorJson(error.code === 'invalid_key' ? nameTooLong() : error) : undefined
}

/** What is too long in a path is a key elsewhere; here it is a name. */
function nameTooLong(): PrescoreError {
  return new PrescoreError('invalid_request', {
    where: 'the path',
    found: 'a name that is too long',
    expected: `at most ${LIMITS.pathKeyChars} characters`,
  })
}
