/** The composition root: a project file in, its opened parts out. The command line and tests stand on it. */
import { join, resolve } from 'node:path'
import { AnswerLog, type AuditPlace, type AuditView, type LastAudit, type LoggedCounts, LoggedScorer, lastAudit } from './audit/index.ts'
import { asPrescoreError, type Clock, PrescoreError, type Problem, suggestion, systemClock } from './base/index.ts'
import type { BatchPlace } from './batch/index.ts'
import { type Frozen, type Ground, HistoryReader, LazyScorer, Live, type LiveScorer, RequestTables, scorerOf } from './live/index.ts'
import type { BootstrapProgress } from './online/index.ts'
import { Database } from './parquet/index.ts'
import { attributeKinds, type JoinDefinition, type LoadedProject, loadProject, type PredictionDefinition } from './project/index.ts'
import { PublishedReleases, type Release, type ReleasedModel, ReleasedModels, releaseForLive } from './release/index.ts'
import { type LiveSeat, Resolver } from './resolve/index.ts'
import { Ledger, ScheduleView } from './schedule/index.ts'
import { type EventLog, openEventLog, sourceAt } from './sources/index.ts'
import { openStore, type Store } from './stores/index.ts'

export interface AppOptions {
  /** A project file, or the folder that holds `prescore.config.ts`. */
  readonly project: string
  /** Where releases, runs and stored answers lie; `.prescore` beside the project file by default. */
  readonly state?: string
  readonly clock?: Clock
  /** Threads of the embedded database and of runs. */
  readonly threads: number
}

export interface LiveOptions {
  /** Where history ends for sources that do not say so: for a clock that stands in the past of the files. */
  readonly untilUs?: number
  /** From the start on, how long readiness waits for live features that are being filled. Absent: 300,000. */
  readonly readyWithinMs?: number
  readonly onProgress?: (source: string, progress: BootstrapProgress) => void
  /** Told of what keeps a prediction, or a source's feed, from live answers, and a published release from giving them. */
  readonly onFailure?: (where: string, error: PrescoreError) => void
  /** Told when a table that could not be read with requests can be read again. */
  readonly onBack?: (where: string) => void
  /** Told of what slows live answers down, or could. */
  readonly onWarning?: (problem: Problem) => void
  /** Told when a prediction is answered live with another release than before. */
  readonly onSwitched?: (prediction: string, release: string) => void
  /** Told when live answers cannot be noted down for an audit. */
  readonly onUnlogged?: (error: PrescoreError) => void
}

/** A project with everything it needs to work. Parts are opened when they are first asked for; `close` closes what is open. */
export class App implements AuditView {
  readonly loaded: LoadedProject
  readonly clock: Clock
  readonly threads: number
  readonly releases: string
  readonly runs: string
  /** Of noted answers, and of what audits came to. */
  readonly audits: string
  /** What was done of the schedules. */
  readonly ledger: Ledger
  readonly schedules: ScheduleView
  readonly #answers: string
  readonly #online: string
  #live: Live | undefined
  #answerLog: AnswerLog | undefined
  #models: ReleasedModels | undefined
  readonly #scorers: LiveScorer[] = []
  /** Of resolvers that scan. */
  #tables: RequestTables | undefined
  #database: Database | undefined
  #store: Store | undefined
  readonly #resolvers = new Map<string, Resolver>()
  readonly #logs = new Map<string, EventLog>()

  private constructor(loaded: LoadedProject, { state, clock = systemClock, threads }: AppOptions) {
    const folder = state === undefined ? join(loaded.folder, '.prescore') : resolve(state)
    this.loaded = { ...loaded, logs: join(folder, 'log'), snapshots: join(folder, 'snapshots') }
    this.clock = clock
    this.threads = threads
    this.releases = join(folder, 'releases')
    this.runs = join(folder, 'runs')
    this.audits = join(folder, 'audit')
    this.ledger = new Ledger(join(folder, 'schedule'))
    this.schedules = new ScheduleView(Object.values(loaded.definition.predictions), this.ledger)
    this.#answers = join(folder, 'store')
    this.#online = join(folder, 'online')
  }

  /** @throws PrescoreError `project_not_found`, `project_invalid` */
  static async open(options: AppOptions): Promise<App> {
    return new App(await loadProject(options.project), options)
  }

  /** Loaded with the first question: many a command has none. */
  database(): Database {
    this.#database ??= Database.whenNeeded({ threads: this.threads })
    return this.#database
  }

  /** Ends what the embedded database is being asked: a process that exits would wait for it. */
  interrupt(): void {
    this.#database?.interrupt()
  }

  /** @throws PrescoreError `store_unreadable`, `store_format` */
  store(): Store {
    this.#store ??= openStore(this.#answers, { clock: this.clock })
    return this.#store
  }

  async place(): Promise<BatchPlace> {
    return { loaded: this.loaded, database: this.database(), store: this.store(), releases: this.releases, runs: this.runs }
  }

  /** @throws PrescoreError `unknown_prediction` */
  prediction(name: string): PredictionDefinition {
    const { predictions } = this.loaded.definition
    const found = Object.hasOwn(predictions, name) ? predictions[name] : undefined
    if (found === undefined)
      throw new PrescoreError('unknown_prediction', { found: `\`${name}\``, fix: suggestion(name, Object.keys(predictions)) })
    return found
  }

  /**
   * The event log of a source, opened once.
   * @throws PrescoreError `unknown_source`, `not_supported` (a table), `store_unreadable`, `store_format`, `log_mismatch`
   */
  log(name: string): EventLog {
    const { sources } = this.loaded.definition
    const definition = Object.hasOwn(sources, name) ? sources[name] : undefined
    if (definition === undefined)
      throw new PrescoreError('unknown_source', { found: `\`${name}\``, fix: suggestion(name, Object.keys(sources)) })
    const log = this.#logs.get(name) ?? openEventLog(this.loaded.logs as string, name, definition, { clock: this.clock })
    this.#logs.set(name, log)
    return log
  }

  /**
   * Begins to answer live: the features of live predictions are filled from history in the background, and kept up from then on.
   * Resolvers that are asked for afterwards have a live step. One process at a time may; the last has it.
   */
  async startLive({ onUnlogged, ...options }: LiveOptions = {}): Promise<Live> {
    const { loaded, clock } = this
    const names = Object.values(loaded.definition.predictions).filter(({ policy }) => policy.mode !== 'batch')
    const following = new PublishedReleases(loaded, this.releases, this.store().catalog)
    const frozen = new Map<string, Frozen>()
    for (const { name } of names) frozen.set(name, await this.#frozen(name, following))
    const logOf = (source: string) => this.log(source)
    const log = this.#openAnswerLog(onUnlogged)
    const around = log === undefined ? {} : { around: (scorer: LiveScorer, ground: Ground) => new LoggedScorer(scorer, ground, log) }
    const database = async () => this.database()
    // Its snapshots are its own: they serve as long as it runs, and no plan names them.
    const own = { ...loaded, snapshots: join(loaded.snapshots as string, 'live') }
    this.#live = new Live({ loaded: own, database, folder: this.#online, clock, logOf, following, ...around, ...options }, frozen)
    return this.#live
  }

  /** Where the project wants none, nothing stands between a request and its scorer. */
  #openAnswerLog(onFailure: ((error: PrescoreError) => void) | undefined): AnswerLog | undefined {
    const audit = this.loaded.definition.monitor?.audit
    if (audit === undefined || audit.sample === 0) return undefined
    const told = onFailure === undefined ? {} : { onFailure }
    this.#answerLog = new AnswerLog({ ...audit, folder: join(this.audits, 'answers'), clock: this.clock, ...told })
    return this.#answerLog
  }

  async auditPlace(): Promise<AuditPlace> {
    const { loaded, releases, clock } = this
    return { loaded, database: this.database(), releases, folder: join(this.audits, 'answers'), clock }
  }

  /** Of the answers of a prediction that are noted here, since the start; undefined: none are. */
  loggedCounts(prediction: string): LoggedCounts | undefined {
    return this.#answerLog?.counts.get(prediction)
  }

  lastAudit(prediction: string): LastAudit | undefined {
    return lastAudit(join(this.audits, 'last'), prediction)
  }

  /** What live answers of a prediction are made with now. @throws PrescoreError what {@link releaseForLive} may throw */
  liveRelease(name: string): Promise<Release> {
    return releaseForLive(this.loaded, name, this.releases, this.store().catalog)
  }

  async #frozen(name: string, following: PublishedReleases): Promise<Frozen> {
    // Before it is read: what is published from then on is followed.
    const published = following.hash(name)
    try {
      return { published, release: await this.liveRelease(name) }
    } catch (error) {
      return { published, failure: asPrescoreError(error) }
    }
  }

  /** The model behind a prediction now, with its own tensors. @throws PrescoreError what {@link ReleasedModels.of} may throw */
  releasedModel(name: string): ReleasedModel | Promise<ReleasedModel> {
    this.#models ??= new ReleasedModels(this.loaded, this.releases, this.store().catalog)
    return this.#models.of(name)
  }

  /** @throws PrescoreError `unknown_prediction` */
  resolver(name: string): Resolver {
    const made = this.#resolvers.get(name) ?? this.#resolver(name, this.#live?.seats.get(name)?.scorer, this.#live?.seats.get(name))
    this.#resolvers.set(name, made)
    return made
  }

  /**
   * A resolver whose live step reads features from history and log with each request, and from tables by key where they are read so: seconds instead of microseconds, the same bits,
   * and no state to keep up. For a command that answers once.
   * @throws PrescoreError `unknown_prediction`
   */
  scanningResolver(name: string): Resolver {
    const scorer = new LazyScorer(() => this.#scanningScorer(name))
    this.#scorers.push(scorer)
    return this.#resolver(name, () => scorer)
  }

  async #scanningScorer(name: string): Promise<LiveScorer> {
    const { loaded } = this
    const release = await this.liveRelease(name)
    const { definition } = loaded
    const database = this.database()
    const atOf = (source: string) => sourceAt(loaded, definition, source)
    this.#tables ??= new RequestTables({ definition, sourceAt: atOf })
    const scanned = (joins: readonly JoinDefinition[]) =>
      new HistoryReader(
        database,
        joins.map(join => ({ join, source: atOf(join.source) })),
      )
    return scorerOf(release, this.#tables.beside(release.project.predictions[name] as PredictionDefinition, scanned))
  }

  #resolver(name: string, live: (() => LiveScorer) | undefined, seat?: LiveSeat): Resolver {
    const { clock, loaded } = this
    const prediction = this.prediction(name)
    const attributes = attributeKinds(loaded.definition, prediction)
    return new Resolver({ prediction, store: this.store(), clock, attributes, seat, ...(live === undefined ? {} : { live }) })
  }

  /** May be called twice. */
  async close(): Promise<void> {
    for (const resolver of this.#resolvers.values()) resolver.close()
    this.#resolvers.clear()
    await this.#live?.close()
    await this.#answerLog?.close()
    await this.#models?.close()
    for (const scorer of this.#scorers.splice(0)) await scorer.close()
    await this.#tables?.close()
    for (const log of this.#logs.values()) await log.close()
    this.#logs.clear()
    const [database, store] = [this.#database, this.#store]
    this.#database = undefined
    this.#store = undefined
    database?.close()
    await store?.close()
  }
}
