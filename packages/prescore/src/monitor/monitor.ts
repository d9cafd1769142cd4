/** The meters of a server, and the Prometheus text that is made of them when it is asked for. Nothing is done before. */
import type { Metric, Registry } from 'prom-client'
import { lazily } from '../base/index.ts'
import type { AppendResult } from '../sources/index.ts'
import { AnswerMeter } from './answer-meter.ts'
import { EventMeter } from './event-meter.ts'
import type { MetricDefinition, Monitored, Sample } from './metric.ts'
import { METRICS } from './metrics.ts'

const promClient = lazily<typeof import('prom-client')>('prom-client')

export class Monitor {
  readonly #monitored: Monitored
  #registry: Registry | undefined

  /** Listens to the resolvers from now on. */
  constructor(watched: Omit<Monitored, 'answers' | 'events'>) {
    const answers = new Map(watched.resolvers.map(resolver => [resolver.prediction.name, new AnswerMeter()]))
    for (const resolver of watched.resolvers) resolver.listen(answers.get(resolver.prediction.name) as AnswerMeter)
    this.#monitored = { ...watched, answers, events: new Map() }
  }

  /** By prediction. */
  get answers(): ReadonlyMap<string, AnswerMeter> {
    return this.#monitored.answers
  }

  appended(source: string, result: AppendResult): void {
    const { events } = this.#monitored
    const meter = events.get(source) ?? new EventMeter()
    events.set(source, meter)
    meter.appended(result)
  }

  /** The text of all metrics, and its content type. */
  async text(): Promise<{ readonly type: string; readonly text: string }> {
    this.#registry ??= registryOf(this.#monitored)
    return { type: this.#registry.contentType, text: await this.#registry.metrics() }
  }
}

function registryOf(monitored: Monitored): Registry {
  const { collectDefaultMetrics, Registry } = promClient()
  const registry = new Registry()
  for (const definition of METRICS) registry.registerMetric(metricOf(definition, monitored))
  collectDefaultMetrics({ register: registry })
  return registry
}

/** A metric in the eyes of a registry: something that gives its values when it is asked. */
function metricOf({ name, type, help, read }: MetricDefinition, monitored: Monitored): Metric {
  const get = async () => ({ name, help, type, aggregator: 'sum', values: [...read(monitored)].flatMap(sample => lines(name, sample)) })
  return { name, help, type, get } as unknown as Metric
}

function lines(name: string, [labels, value]: Sample): object[] {
  if (typeof value === 'number') return [{ labels, value }]
  const { bounds, counts, sum, count } = value
  let below = 0
  const buckets = Array.from(counts, (each, i) => {
    below += each
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[i] ?? '+Inf' }, value: below }
  })
  return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: count }]
}

/** Name, type and help of what Node's own metrics say, as on this machine. */
export function processMetrics(): readonly { readonly name: string; readonly type: string; readonly help: string }[] {
  const { collectDefaultMetrics, Registry } = promClient()
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry.getMetricsAsArray().map(({ name, type, help }) => ({ name, type: String(type), help }))
}
