/** Everything that is served, by the name that clients ask for: each prediction, and its model as `<prediction>.model`. */
import { PrescoreError, suggestion } from '../../base/index.ts'
import type { Resolver } from '../../resolve/index.ts'
import { type ModelOf, ModelSubject, type OpenModel } from './model-subject.ts'
import { PredictionSubject } from './prediction-subject.ts'
import { meansRelease, type Subject } from './subject.ts'

/** Names of predictions have no dot, so that none is taken for a model. */
const MODEL_SUFFIX = '.model'

export class Subjects {
  readonly #predictions: ReadonlyMap<string, PredictionSubject>
  readonly #modelOf: ModelOf | undefined
  /** Predictions whose model takes tensors. */
  readonly #withTensors: readonly string[]
  readonly #models = new WeakMap<OpenModel, ModelSubject>()

  /** @param modelOf absent: models are not served by themselves. */
  constructor(resolvers: Iterable<Resolver>, modelOf: ModelOf | undefined, onDefect: (error: PrescoreError) => void) {
    const all = [...resolvers]
    this.#predictions = new Map(all.map(resolver => [resolver.prediction.name, new PredictionSubject(resolver, onDefect)]))
    this.#modelOf = modelOf
    const onnx = all.filter(({ prediction }) => prediction.model.runtime === 'onnx')
    this.#withTensors = modelOf === undefined ? [] : onnx.map(({ prediction }) => prediction.name)
  }

  names(): readonly string[] {
    return [...this.#predictions.keys(), ...this.#withTensors.map(name => `${name}${MODEL_SUFFIX}`)]
  }

  predictions(): Iterable<Subject> {
    return this.#predictions.values()
  }

  /** @throws PrescoreError `unknown_model`, or why a model cannot be opened; also as a rejection */
  find(name: string, version?: string): Subject | Promise<Subject> {
    const found = this.#find(name)
    if (version === undefined) return found
    return found instanceof Promise ? found.then(subject => ofVersion(subject, version)) : ofVersion(found, version)
  }

  #find(name: string): Subject | Promise<Subject> {
    const prediction = this.#predictions.get(name)
    if (prediction !== undefined) return prediction
    const base = name.endsWith(MODEL_SUFFIX) ? name.slice(0, -MODEL_SUFFIX.length) : undefined
    if (base === undefined || this.#modelOf === undefined || !this.#predictions.has(base))
      throw new PrescoreError('unknown_model', { where: shown(name), fix: suggestion(name, this.names()) })
    const open = this.#modelOf(base)
    return open instanceof Promise ? open.then(each => this.#model(name, each)) : this.#model(name, open)
  }

  #model(name: string, open: OpenModel): ModelSubject {
    const subject = this.#models.get(open) ?? new ModelSubject(name, open)
    this.#models.set(open, subject)
    return subject
  }
}

function ofVersion(subject: Subject, version: string): Subject {
  const release = subject.release()
  if (release !== undefined && meansRelease(version, release)) return subject
  const expected = release === undefined ? 'none: nothing is served yet' : `\`1\`, or first digits of ${release}`
  throw new PrescoreError('unknown_model', { where: `${shown(subject.name)}, version ${shown(version)}`, expected })
}

/** A name of a request, short. */
export function shown(name: string): string {
  return name.length <= 100 ? name : `${name.slice(0, 100)}…`
}
