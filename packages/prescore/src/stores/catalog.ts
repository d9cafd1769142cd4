/** The catalog: the small records of releases, runs and pointers, the same over every driver. */
import { type Clock, PrescoreError } from '../base/index.ts'
import type {
  OutputRecord,
  PinnedAs,
  Pointer,
  PublishNote,
  ReleaseRecord,
  RunChange,
  RunRecord,
  RunResult,
  ServingChange,
} from './records.ts'
import type { RecordKind, RecordStore, RecordWriter } from './types.ts'

/** Earlier runs of a prediction that rollback can return to, at most. */
export const POINTER_HISTORY_MAX = 8
/** Changes that a run remembers. */
const SERVING_CHANGES_MAX = 50

export class Catalog {
  readonly #records: RecordStore
  readonly #clock: Clock

  constructor(records: RecordStore, clock: Clock) {
    this.#records = records
    this.#clock = clock
  }

  /** Writes a release, or writes it anew. */
  putRelease(release: ReleaseRecord): void {
    this.#records.transaction(records => put(records, 'release', release))
  }

  /** Records a release unless it is there. */
  addRelease(release: Pick<ReleaseRecord, 'id' | 'prediction' | 'manifest'>): ReleaseRecord {
    return this.#records.transaction(records => {
      const there = records.get('release', release.id)
      return there === undefined
        ? put(records, 'release', { ...release, createdAtUs: this.#clock.nowUs() })
        : (JSON.parse(there) as ReleaseRecord)
    })
  }

  /** A release by its id, or by a beginning that no other has. @throws PrescoreError `release_not_found`, `invalid_value` */
  getRelease(idOrPrefix: string): ReleaseRecord {
    return this.#find<ReleaseRecord>('release', idOrPrefix)
  }

  /** Releases of one prediction or of all, newest first. */
  listReleases(prediction?: string): readonly ReleaseRecord[] {
    return this.#list<ReleaseRecord>('release', prediction)
  }

  /** Writes a run, or writes it anew. */
  putRun(run: RunRecord): void {
    this.#records.transaction(records => put(records, 'run', run))
  }

  /** Records a run as planned unless it is there, and gives what is there; it is then the one that {@link lastPinned} gives. One that was pruned is planned anew. */
  addRun(run: Pick<RunRecord, 'id' | 'prediction' | 'release' | 'asOfUs' | 'rescored'>): RunRecord {
    const last = this.lastPinned(run)
    const order = last === undefined || last.id === run.id ? {} : { pinOrder: (last.pinOrder ?? 0) + 1 }
    return this.#records.transaction(records => {
      const text = records.get('run', run.id)
      const there = text === undefined ? undefined : (JSON.parse(text) as RunRecord)
      if (there !== undefined && there.prunedAtUs === undefined)
        return order.pinOrder === undefined ? there : put(records, 'run', { ...there, ...order })
      const nowUs = this.#clock.nowUs()
      const kept = there?.pinOrder === undefined ? order : { pinOrder: there.pinOrder, ...order }
      const times = { createdAtUs: nowUs, updatedAtUs: nowUs }
      return put(records, 'run', { ...run, ...kept, ...times, dataThroughUs: null, state: 'planned', report: null })
    })
  }

  /**
   * Of the runs of a prediction, release and as-of (and of a rescore, of the same one), the one that has taken its sources last: the
   * clock may have been set back since.
   */
  lastPinned({ prediction, release, asOfUs, rescored }: PinnedAs): RunRecord | undefined {
    return this.listRuns(prediction)
      .filter(run => run.release === release && run.asOfUs === asOfUs)
      .filter(run => run.rescored?.run === rescored?.run && run.rescored?.only.join() === rescored?.only.join())
      .toSorted((a, b) => (b.pinOrder ?? 0) - (a.pinOrder ?? 0))[0]
  }

  /** Records what came of a run, once: of several processes that finish the same run, the first. Gives what is there. @throws PrescoreError `run_not_found` */
  finishRun(id: string, result: RunResult): RunRecord {
    return this.#records.transaction(records => {
      const run = need<RunRecord>(records, 'run', id)
      const nowUs = this.#clock.nowUs()
      return run.report === null ? put(records, 'run', { ...run, ...result, updatedAtUs: nowUs, finishedAtUs: nowUs }) : run
    })
  }

  /** Records what came of an output of a run. @throws PrescoreError `run_not_found` */
  recordOutput(id: string, output: string, record: Omit<OutputRecord, 'atUs'>): OutputRecord {
    return this.#records.transaction(records => {
      const run = need<RunRecord>(records, 'run', id)
      const dated = { ...record, atUs: this.#clock.nowUs() }
      put(records, 'run', { ...run, outputs: { ...run.outputs, [output]: dated } })
      return dated
    })
  }

  /**
   * Marks a run as pruned: from then on it cannot be published, so that whoever marked it may remove its files and answers.
   * @returns false, with nothing changed, when it is served or ready for rollback
   * @throws PrescoreError `run_not_found`
   */
  pruneRun(id: string): boolean {
    return this.#records.transaction(records => {
      const run = need<RunRecord>(records, 'run', id)
      const pointer = parsePointer(records.get('pointer', run.prediction))
      if (pointer?.run === id || pointer?.history.includes(id) === true) return false
      put(records, 'run', { ...run, prunedAtUs: run.prunedAtUs ?? this.#clock.nowUs() })
      return true
    })
  }

  /**
   * Changes some members of a run, and its `updatedAtUs`.
   * @throws PrescoreError `run_not_found`; `invalid_value` for a state that only publish and rollback give or take
   */
  updateRun(id: string, change: RunChange): RunRecord {
    return this.#records.transaction(records => {
      const run = need<RunRecord>(records, 'run', id)
      checkStateChange(run, change)
      return put(records, 'run', { ...run, ...change, updatedAtUs: this.#clock.nowUs() })
    })
  }

  /** A run by its id, or by a beginning that no other has. @throws PrescoreError `run_not_found`, `invalid_value` */
  getRun(idOrPrefix: string): RunRecord {
    return this.#find<RunRecord>('run', idOrPrefix)
  }

  /** Runs of one prediction or of all, newest first. */
  listRuns(prediction?: string): readonly RunRecord[] {
    return this.#list<RunRecord>('run', prediction)
  }

  /** Which run is served; undefined before the first publish. */
  pointer(prediction: string): Pointer | undefined {
    return parsePointer(this.pointerText(prediction))
  }

  /** While this stays the same, so does every record. Next to free: whoever serves asks it at each request. */
  snapshot(): number {
    return this.#records.snapshot()
  }

  /** What is read from now on sees what other processes committed meanwhile, also in the same turn of the event loop. */
  renew(): void {
    this.#records.renew()
  }

  /** The pointer's JSON. Whoever serves compares it when the snapshot changed, and parses it only when the text did. */
  pointerText(prediction: string): string | undefined {
    return this.#records.get('pointer', prediction)
  }

  /** Runs that some pointer names, or can return to: their answers must be kept. */
  referencedRuns(): ReadonlySet<string> {
    const pointers = this.#records.entries('pointer', '').map(([, text]) => parsePointer(text) as Pointer)
    return new Set(pointers.flatMap(({ run, history }) => [run, ...history]))
  }

  /**
   * Makes a run the one that is served: one compare-and-swap, all or nothing. Publishing the run that is served changes nothing.
   * @param expected the run that the caller found to be served; null: none
   * @param note who publishes, and why: kept with the pointer and with both runs
   * @throws PrescoreError `publish_conflict`, `run_not_found`, `invalid_value` (another prediction's run, or one that is only planned)
   */
  publish(prediction: string, run: string, expected: string | null, note: PublishNote = {}): Pointer {
    return this.#records.transaction(records => {
      const record = need<RunRecord>(records, 'run', run)
      checkPublishable(record, prediction)
      const current = parsePointer(records.get('pointer', prediction))
      if (current?.run === run) return current
      if ((current?.run ?? null) !== expected) {
        throw new PrescoreError('publish_conflict', {
          where: prediction,
          found: `run ${current?.run ?? 'none'}`,
          expected: `run ${expected ?? 'none'}`,
        })
      }
      const earlier = current === undefined ? [] : [current.run, ...current.history]
      const history = earlier.filter(id => id !== run)
      return this.#swap(records, { prediction, current, run, history, by: 'publish', note })
    })
  }

  /** Publishes the run that was served before; again and again, it walks further back. @throws PrescoreError `nothing_to_roll_back` */
  rollback(prediction: string, note: PublishNote = {}): Pointer {
    return this.#records.transaction(records => {
      const current = parsePointer(records.get('pointer', prediction))
      const [run, ...history] = current?.history ?? []
      if (run === undefined) throw new PrescoreError('nothing_to_roll_back', { where: prediction })
      return this.#swap(records, { prediction, current, run, history, by: 'rollback', note })
    })
  }

  #swap(records: RecordWriter, { prediction, current, run, history, by, note }: Swap): Pointer {
    const nowUs = this.#clock.nowUs()
    if (current !== undefined)
      put(records, 'run', served(need<RunRecord>(records, 'run', current.run), { atUs: nowUs, state: 'retired', by, ...note }))
    put(records, 'run', served(need<RunRecord>(records, 'run', run), { atUs: nowUs, state: 'published', by, ...note }))
    const pointer: Pointer = {
      prediction,
      run,
      history: history.slice(0, POINTER_HISTORY_MAX),
      publishedAtUs: nowUs,
      sequence: (current?.sequence ?? 0) + 1,
      ...note,
    }
    records.put('pointer', prediction, JSON.stringify(pointer))
    return pointer
  }

  #find<T extends ReleaseRecord | RunRecord>(kind: 'release' | 'run', idOrPrefix: string): T {
    const exact = this.#records.get(kind, idOrPrefix)
    if (exact !== undefined) return JSON.parse(exact) as T
    const found = idOrPrefix === '' ? [] : this.#records.entries(kind, idOrPrefix)
    const [only, another] = found
    if (only === undefined) throw notFound(kind, idOrPrefix)
    if (another === undefined) return JSON.parse(only[1]) as T
    throw new PrescoreError('invalid_value', {
      where: `${kind} ${idOrPrefix}`,
      found: `${found.length} ${kind}s that begin so: ${found
        .slice(0, 5)
        .map(([id]) => id)
        .join(', ')}${found.length > 5 ? ', …' : ''}`,
      expected: 'an id, or a beginning that only one has',
    })
  }

  #list<T extends ReleaseRecord | RunRecord>(kind: 'release' | 'run', prediction: string | undefined): readonly T[] {
    return this.#records
      .entries(kind, '')
      .map(([, text]) => JSON.parse(text) as T)
      .filter(record => prediction === undefined || record.prediction === prediction)
      .sort((a, b) => b.createdAtUs - a.createdAtUs || (a.id < b.id ? -1 : 1))
  }
}

/** Another run in the place of the one that is served. */
interface Swap {
  readonly prediction: string
  readonly current: Pointer | undefined
  readonly run: string
  readonly history: readonly string[]
  readonly by: ServingChange['by']
  readonly note: PublishNote
}

function served(run: RunRecord, change: ServingChange): RunRecord {
  const serving = [...(run.serving ?? []), change].slice(-SERVING_CHANGES_MAX)
  return { ...run, state: change.state, updatedAtUs: change.atUs, serving }
}

function put<T extends ReleaseRecord | RunRecord>(records: RecordWriter, kind: 'release' | 'run', record: T): T {
  records.put(kind, record.id, JSON.stringify(record))
  return record
}

function need<T>(records: RecordWriter, kind: RecordKind, id: string): T {
  const text = records.get(kind, id)
  if (text === undefined) throw notFound(kind, id)
  return JSON.parse(text) as T
}

function notFound(kind: RecordKind, id: string): PrescoreError {
  return new PrescoreError(kind === 'release' ? 'release_not_found' : 'run_not_found', { where: id === '' ? 'no id' : id })
}

function parsePointer(text: string | undefined): Pointer | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Pointer)
}

function checkStateChange(run: RunRecord, { state }: RunChange): void {
  if (state === undefined || state === run.state || (run.state !== 'published' && run.state !== 'retired')) return
  throw new PrescoreError('invalid_value', { where: `run ${run.id}`, found: `${run.state} to ${state}`, expected: 'publish or rollback' })
}

function checkPublishable(run: RunRecord, prediction: string): void {
  const where = `run ${run.id}`
  if (run.prediction !== prediction)
    throw new PrescoreError('invalid_value', { where, found: `a run of ${run.prediction}`, expected: `one of ${prediction}` })
  if (run.prunedAtUs !== undefined) {
    const fix = 'Run it again as of its moment: then it can be published.'
    throw new PrescoreError('invalid_value', { where, found: 'pruned: its answers are gone', expected: 'a run that is kept', fix })
  }
  if (run.state === 'planned') {
    const fix = 'Run it again: finished shards are kept.'
    throw new PrescoreError('invalid_value', { where, found: 'planned', expected: 'a run that is finished', fix })
  }
}
