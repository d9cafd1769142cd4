/** TensorFlow Serving's REST API, which is KServe's V1 too. One route: what its paths mean is the protocol's own to say. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PrescoreError } from '../../../base/index.ts'
import type { Caller } from '../../../resolve/index.ts'
import { pathOf } from '../../request.ts'
import { bodyOf, JSON_TYPE, protocolScope, sendBody } from '../exchange.ts'
import type { Call, Parameters, Subject } from '../subject.ts'
import { type Subjects, shown } from '../subjects.ts'
import { type NamedTensor, textOf } from '../tensors.ts'
import { Decimal, documentOf, isObject, type Members, servingError } from './document.ts'
import { type ExampleMethod, readExamples, refuseFailedRows, resultOutput, resultsJson } from './examples.ts'
import { failureOf, metadataJson, signatureOutputs, statusJson } from './metadata.ts'
import { readPredict } from './predict.ts'
import { predictJson } from './response.ts'

const JSON_HEADERS = ['content-type', JSON_TYPE]
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

export function registerTfServing(app: FastifyInstance, subjects: Subjects, onDefect: (error: PrescoreError) => void): void {
  protocolScope(app, '/v1', { notFound: malformed, onDefect }, scope => {
    scope.all('/*', async (request, reply) => {
      await answer(subjects, request, reply)
      return reply
    })
  })
}

async function answer(subjects: Subjects, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const path = pathOf(request.url)
  const send = (text: string) => sendBody(request, reply, text, JSON_HEADERS)
  if (request.method === 'GET') {
    if (LIST.test(path)) return send(JSON.stringify({ models: subjects.names() }))
    const asked = STATUS.exec(path)?.groups
    if (asked !== undefined) return send(await stateJson(subjects, decoded(asked), asked.metadata !== undefined))
  }
  const asked = request.method === 'POST' ? ANSWER.exec(path)?.groups : undefined
  if (asked === undefined) throw malformed(request)
  const document = documentOf(await bodyOf(request))
  const { signature_name: signature = '' } = document
  if (typeof signature !== 'string')
    throw servingError('invalid_request', "JSON Value not formatted correctly. 'signature_name' key must be a string value.")
  const subject = await find(subjects, decoded(asked))
  const method = (asked.method as string).toLowerCase()
  return send(
    await (method === 'predict'
      ? predict(subject, document, signature, reply.raw)
      : results(subject, document, method as ExampleMethod, reply.raw)),
  )
}

async function predict(subject: Subject, document: Members, signature: string, caller: Caller): Promise<string> {
  const wanted = signatureOutputs(subject, signature)
  if (wanted === undefined)
    throw servingError('invalid_request', `Serving signature name: ${JSON.stringify(signature.slice(0, 100))} not found in signature def`)
  const { form, inputs } = readPredict(subject, document)
  return predictJson(form, await infer(subject, inputs, wanted, document, caller))
}

async function results(subject: Subject, document: Members, method: ExampleMethod, caller: Caller): Promise<string> {
  const output = resultOutput(subject, method)
  const [tensor] = await infer(subject, readExamples(subject, document), [output], document, caller)
  return resultsJson(method, tensor as NamedTensor)
}

/** The outputs that are wanted. Where the reason of a row is not among them, a row without a value fails the request. */
async function infer(
  subject: Subject,
  inputs: Call['inputs'],
  wanted: readonly string[],
  document: Members,
  caller: Caller,
): Promise<readonly NamedTensor[]> {
  const parameters = parametersOf(document.parameters)
  const told = TOLD.filter(name => !wanted.includes(name) && subject.outputs.some(output => output.name === name))
  const tensors = await subject.infer({ inputs, outputs: [...wanted, ...told], parameters, caller })
  if (told.length > 0) refuseFailedRows(tensors)
  return tensors.slice(0, wanted.length)
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
async function find(subjects: Subjects, { name, version, label }: Asked): Promise<Subject> {
  try {
    return await subjects.find(name, version ?? (label === LABEL ? undefined : label))
  } catch (error) {
    if (!(error instanceof PrescoreError) || error.code !== 'unknown_model') throw error
    if (label !== undefined && isKnown(subjects, name))
      throw servingError(
        'invalid_request',
        `Unrecognized servable version label: ${shown(label)}; expected ${LABEL}, or first digits of the release`,
      )
    const request = version === undefined ? `Latest(${shown(name)})` : `Specific(${shown(name)}, ${version})`
    throw servingError('unknown_model', `Servable not found for request: ${request}`)
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
