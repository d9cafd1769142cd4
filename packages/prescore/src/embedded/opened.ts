/** An opened project: thin over the composition root, in the words of the native API. */
import { App } from '../app.ts'
import { asPrescoreError, PrescoreError } from '../base/index.ts'
import type { Answer, FailedAnswer } from '../client/index.ts'
import { answerObject, bodyRequest } from '../resolve/index.ts'
import type { Embedded, EmbeddedSource, OpenOptions } from './types.ts'

const THREADS = 2
/** Where what keeps answers from being noted is said to be. */
const UNLOGGED = 'monitor.audit'

/** @throws PrescoreError what {@link App.open} and its store throw */
export async function openProject({ live: wanted, onFailure = warn, threads = THREADS, ...options }: OpenOptions): Promise<Embedded> {
  const app = await App.open({ ...options, threads })
  try {
    const names = Object.keys(app.loaded.definition.predictions)
    const isLive = wanted ?? names.some(name => app.prediction(name).policy.mode !== 'batch')
    const live = isLive ? await app.startLive({ onFailure, onUnlogged: error => onFailure(UNLOGGED, error) }) : undefined
    for (const name of names) app.resolver(name)
    return new OpenedProject(app, names, live)
  } catch (error) {
    await app.close()
    throw error
  }
}

type LiveSide = Awaited<ReturnType<App['startLive']>>

class OpenedProject implements Embedded {
  readonly predictions: readonly string[]
  readonly ready: Promise<void>
  readonly #app: App
  readonly #live: LiveSide | undefined
  #closing: Promise<void> | undefined

  constructor(app: App, predictions: readonly string[], live: LiveSide | undefined) {
    this.#app = app
    this.#live = live
    this.predictions = predictions
    this.ready = live?.settled ?? Promise.resolve()
  }

  async answer(prediction: string, request: object): Promise<Answer> {
    const resolver = this.#opened().resolver(prediction)
    const { key, options } = bodyRequest(resolver, request)
    return answerObject(await resolver.answer(key, options))
  }

  async answers(prediction: string, requests: readonly object[]): Promise<(Answer | FailedAnswer)[]> {
    this.#opened().resolver(prediction)
    return Promise.all(requests.map(request => this.answer(prediction, request).catch(failedAnswer)))
  }

  events(source: string): EmbeddedSource<object> {
    const log = this.#opened().log(source)
    const taken = async <T>(done: Promise<T>): Promise<T> => {
      const result = await done
      await this.#live?.catchUp(source)
      return result
    }
    return {
      append: async events => {
        this.#opened()
        return taken(log.append(events))
      },
      heartbeat: async () => {
        this.#opened()
        return taken(log.heartbeat())
      },
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#app.close()
    return this.#closing
  }

  #opened(): App {
    if (this.#closing === undefined) return this.#app
    throw new PrescoreError('project_closed', { where: this.#app.loaded.file })
  }
}

function failedAnswer(thrown: unknown): FailedAnswer {
  const { code, message } = asPrescoreError(thrown)
  return { error: { code, message } }
}

function warn(where: string, error: PrescoreError): void {
  const what = where === UNLOGGED ? 'answers are not noted for audits' : `${where} is not answered live`
  process.emitWarning(`${what}: ${error.message}`, { code: error.code })
}
