/** The store in this process's memory: for tests, and for answers that need not outlive it. */
import { PrescoreError } from '../../base/index.ts'
import { entryOf, valueTextOf } from '../entry.ts'
import { checkCount, checkOrder, isLoaded, keyAt, partsOf, wholeHeader } from '../rows.ts'
import type {
  FingerprintBytes,
  HeaderToLoad,
  PredictionStore,
  RecordKind,
  RecordStore,
  RecordWriter,
  RunHeader,
  StoreDriver,
  StoredRows,
  StoredRun,
} from '../types.ts'

interface MemoryRun {
  readonly header: RunHeader
  /** By the key's bytes as a latin1 string. */
  readonly answers: ReadonlyMap<string, Buffer>
}

export function memoryDriver(): StoreDriver {
  return { predictions: new MemoryPredictions(), records: new MemoryRecords(), close: async () => {} }
}

class MemoryPredictions implements PredictionStore {
  readonly capabilities = Object.freeze({ durable: false, shared: false })
  readonly #runs = new Map<string, MemoryRun>()

  async load(header: HeaderToLoad, rows: StoredRows): Promise<void> {
    if (isLoaded(this.#runs.get(header.run)?.header, header)) return
    const answers = new Map<string, Buffer>()
    let before: Uint8Array | undefined
    let count = 0
    for await (const { block, from, to } of partsOf(header, rows)) {
      for (let row = from; row < to; row++) {
        const key = keyAt(block, row).slice()
        checkOrder(before, key)
        before = key
        answers.set(textOf(key), Buffer.from(block.entries.slice(block.entryStarts[row], block.entryEnds[row])))
      }
      count += to - from
    }
    const whole = wholeHeader(header, count)
    checkCount(whole, answers.size)
    this.#runs.set(header.run, { header: Object.freeze(whole), answers })
  }

  open(run: string): StoredRun | undefined {
    const opened = this.#runs.get(run)
    if (opened === undefined) return undefined
    const { header, answers } = opened
    const { fingerprintBytes } = header
    let closed = false
    const readable = () => {
      if (closed || this.#runs.get(run) !== opened) throw new PrescoreError('run_not_found', { where: run, found: 'closed or dropped' })
      return answers
    }
    const get = (keyBytes: Uint8Array) => readable().get(textOf(keyBytes))
    const read = <T>(keyBytes: Uint8Array, as: (stored: Buffer, width: FingerprintBytes) => T): T | undefined => {
      const stored = get(keyBytes)
      return stored === undefined ? undefined : as(stored, fingerprintBytes)
    }
    return {
      header,
      get,
      text: keyBytes => read(keyBytes, valueTextOf),
      entry: keyBytes => read(keyBytes, entryOf),
      count: () => readable().size,
      close: () => {
        closed = true
      },
    }
  }

  list(): readonly RunHeader[] {
    return [...this.#runs.values()].map(({ header }) => header).sort((a, b) => (a.run < b.run ? -1 : 1))
  }

  drop(run: string): void {
    this.#runs.delete(run)
  }
}

class MemoryRecords implements RecordStore {
  #texts = new Map<string, string>()
  #commits = 0

  snapshot(): number {
    return this.#commits
  }

  renew(): void {}

  get(kind: RecordKind, id: string): string | undefined {
    return this.#texts.get(`${kind} ${id}`)
  }

  entries(kind: RecordKind, prefix: string): readonly (readonly [string, string])[] {
    const start = `${kind} ${prefix}`
    return [...this.#texts]
      .filter(([name]) => name.startsWith(start))
      .map(([name, text]) => [name.slice(kind.length + 1), text] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
  }

  transaction<T>(change: (records: RecordWriter) => T): T {
    const texts = new Map(this.#texts)
    const result = change({
      get: (kind, id) => texts.get(`${kind} ${id}`),
      put: (kind, id, text) => void texts.set(`${kind} ${id}`, text),
      remove: (kind, id) => void texts.delete(`${kind} ${id}`),
    })
    this.#texts = texts
    this.#commits++
    return result
  }
}

function textOf(keyBytes: Uint8Array): string {
  return Buffer.from(keyBytes.buffer, keyBytes.byteOffset, keyBytes.byteLength).toString('latin1')
}
