/** TensorFlow Serving's REST API, which is KServe's V1 too. One route: what its paths mean is the protocol's own to say. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PrescoreError } from '../../../base/index.ts'
import type { Caller } from '../../../resolve/index.ts'
import type { HotRoute } from '../../hot-route.ts'
import { pathOf } from '../../request.ts'
import { after } from '../after.ts'
import { bodyOf, jsonOutgoing, protocolScope, sendJson } from '../exchange.ts'
import { HotProtocol } from '../hot-protocol.ts'
import type { Call, Parameters, Subject } from '../subject.ts'
import { type Subjects, shown } from '../subjects.ts'
import { type NamedTensor, textOf } from '../tensors.ts'
import { Decimal, documentOf, isObject, type Members, servingError } from './document.ts'
import { type ExampleMethod, readExamples, refuseFailedRows, resultOutput, resultsJson } from './examples.ts'
import { failureOf, metadataJson, signatureOutputs, statusJson } from './metadata.ts'
import { readPredict } from './predict.ts'
import { predictJson } from './response.ts'

const WHICH = '(?:/versions/(?<version>\\d{1,20})|/labels/(?<label>[^/:]+))?'
const ANSWER = new RegExp(`^/v1/models/(?<name>[^/:]+)${WHICH}:(?<method>predict|classify|regress)$`, 'i')
const STATUS = new RegExp(`^/v1/models/(?<name>[^/:]+)${WHICH}(?<metadata>/metadata)?$`, 'i')
const LIST = /^\/v1\/models\/?$/i
/** The label of what is served; the first digits of its release are one too. */
const LABEL = 'current'
/** What a row needs beside a value, to be told from one that could not be answered. */
const TOLD = ['source', 'reason', 'message']

interface Asked {
  readonly name: string
  readonly version?: string | undefined
  readonly label?: string | undefined
}

/** @returns what of it is answered before the router. */
export function registerTfServing(app: FastifyInstance, subjects: Subjects, onDefect: (error: PrescoreError) => void): HotRoute {
  protocolScope(app, '/v1', { notFound: malformed, onDefect }, scope => {
    scope.all('/*', async (request, reply) => {
      await answer(subjects, request, reply)
      return reply
    })
  })
  return new HotProtocol('/v1/models/:name:predict', subjects, (name, body, _jsonBytes, caller) =>
    after(answerText(subjects, { name }, 'predict', body, caller), jsonOutgoing),
  )
}

async function answer(subjects: Subjects, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const path = pathOf(request.url)
  const send = (text: string) => sendJson(request, reply, text)
  if (request.method === 'GET') {
    if (LIST.test(path)) return send(JSON.stringify({ models: subjects.names() }))
    const asked = STATUS.exec(path)?.groups
    if (asked !== undefined) return send(await stateJson(subjects, decoded(asked), asked.metadata !== undefined))
  }
  const asked = request.method === 'POST' ? ANSWER.exec(path)?.groups : undefined
  if (asked === undefined) throw malformed(request)
  return send(await answerText(subjects, decoded(asked), (asked.method as string).toLowerCase(), await bodyOf(request), reply.raw))
}

/** The answer to a body by one of the methods. @throws PrescoreError, also as a rejection */
function answerText(subjects: Subjects, asked: Asked, method: string, body: Buffer, caller: Caller): string | Promise<string> {
  const document = documentOf(body)
  const { signature_name: signature = '' } = document
  if (typeof signature !== 'string')
    throw servingError('invalid_request', "JSON Value not formatted correctly. 'signature_name' key must be a string value.")
  return after(find(subjects, asked), subject =>
    method === 'predict' ? predict(subject, document, signature, caller) : results(subject, document, method as ExampleMethod, caller),
  )
}

function predict(subject: Subject, document: Members, signature: string, caller: Caller): string | Promise<string> {
  const wanted = signatureOutputs(subject, signature)
  if (wanted === undefined)
    throw servingError('invalid_request', `Serving signature name: ${JSON.stringify(signature.slice(0, 100))} not found in signature def`)
  const { form, inputs } = readPredict(subject, document)
  return after(infer(subject, inputs, wanted, document, caller), tensors => predictJson(form, tensors))
}

function results(subject: Subject, document: Members, method: ExampleMethod, caller: Caller): string | Promise<string> {
  const output = resultOutput(subject, method)
  const tensors = infer(subject, readExamples(subject, document), [output], document, caller)
  return after(tensors, ([tensor]) => resultsJson(method, tensor as NamedTensor))
}

/** The outputs that are wanted. Where the reason of a row is not among them, a row without a value fails the request. */
function infer(
  subject: Subject,
  inputs: Call['inputs'],
  wanted: readonly string[],
  document: Members,
  caller: Caller,
): readonly NamedTensor[] | Promise<readonly NamedTensor[]> {
  const parameters = parametersOf(document.parameters)
  const told = TOLD.filter(name => !wanted.includes(name) && subject.outputs.some(output => output.name === name))
  return after(subject.infer({ inputs, outputs: [...wanted, ...told], parameters, caller }), tensors => {
    if (told.length > 0) refuseFailedRows(tensors)
    return tensors.slice(0, wanted.length)
  })
}

/** Options of an answer, as in `/v2`; TensorFlow Serving has no such member. */
function parametersOf(value: unknown): Parameters {
  if (value === undefined) return {}
  if (!isObject(value)) throw servingError('invalid_request', `'parameters' must be an object, found ${textOf(value)}`)
  const plain = Object.entries(value).map(([name, each]) => [name, each instanceof Decimal ? each.value : each] as const)
  const wrong = plain.find(([, each]) => !['string', 'number', 'boolean', 'bigint'].includes(typeof each))
  if (wrong !== undefined)
    throw servingError('invalid_request', `'parameters': ${wrong[0].slice(0, 100)} must be a text, a number or a truth`)
  return Object.fromEntries(plain) as Parameters
}

async function stateJson(subjects: Subjects, asked: Asked, isMetadata: boolean): Promise<string> {
  try {
    const subject = await find(subjects, asked)
    return isMetadata ? metadataJson(subject) : statusJson(subject, failureOf(subject))
  } catch (error) {
    // What is known and cannot be opened has a status; only its metadata are not to be had.
    if (isMetadata || !(error instanceof PrescoreError) || error.status !== 503) throw error
    return statusJson(asked, error)
  }
}

/** An unknown name or version is 404, an unknown label 400. */
function find(subjects: Subjects, { name, version, label }: Asked): Subject | Promise<Subject> {
  const failed = (error: unknown): never => {
    if (!(error instanceof PrescoreError) || error.code !== 'unknown_model') throw error
    if (label !== undefined && isKnown(subjects, name))
      throw servingError(
        'invalid_request',
        `Unrecognized servable version label: ${shown(label)}; expected ${LABEL}, or first digits of the release`,
      )
    const request = version === undefined ? `Latest(${shown(name)})` : `Specific(${shown(name)}, ${version})`
    throw servingError('unknown_model', `Servable not found for request: ${request}`)
  }
  try {
    const found = subjects.find(name, version ?? (label === LABEL ? undefined : label))
    return found instanceof Promise ? found.catch(failed) : found
  } catch (error) {
    return failed(error)
  }
}

function isKnown(subjects: Subjects, name: string): boolean {
  return subjects.names().includes(name)
}

/** Broken percent-encoding was refused before there was a route. */
function decoded({ name, version, label }: Readonly<Record<string, string | undefined>>): Asked {
  return { name: decodeURIComponent(name as string), version, label: label === undefined ? undefined : decodeURIComponent(label) }
}

function malformed({ method, url }: FastifyRequest): PrescoreError {
  return servingError('invalid_request', `Malformed request: ${method} ${url.slice(0, 200)}`)
}
