/** A PostgreSQL server of the tests' own, from the installed binaries, on a free port. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/** Debian keeps the binaries of each version in a folder of its own, not on the PATH. */
const [binaries] = globSync('/usr/lib/postgresql/*/bin').sort().toReversed()

/** Why tests over PostgreSQL cannot run here; undefined: they can. */
export function postgresMissing(): string | undefined {
  return binaries === undefined ? 'PostgreSQL is not installed (apt-get install postgresql)' : undefined
}

type Row = Readonly<Record<string, unknown>>

export class PostgresServer {
  readonly port: number
  readonly #folder: string
  readonly #user: { readonly uid?: number; readonly gid?: number }
  #process: ChildProcess | undefined

  static async start(): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort())
    await server.up()
    return server
  }

  private constructor(port: number) {
    this.port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'prescore-postgres-'))
    this.#user = unprivileged()
    if (this.#user.uid !== undefined) chownSync(this.#folder, this.#user.uid, this.#user.gid as number)
    const options = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-locale', '--no-sync']
    execFileSync(join(binaries as string, 'initdb'), ['-D', join(this.#folder, 'data'), ...options], {
      ...this.#user,
      cwd: '/',
      stdio: 'ignore',
    })
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`
  }

  /** Starts it, unless it is there. */
  async up(): Promise<void> {
    if (this.#process !== undefined) return
    const settings = ['fsync=off', 'listen_addresses=127.0.0.1', 'shared_buffers=16MB', 'max_connections=30'].flatMap(each => ['-c', each])
    const args = ['-D', join(this.#folder, 'data'), '-p', String(this.port), '-k', this.#folder, ...settings]
    const started = spawn(join(binaries as string, 'postgres'), args, { ...this.#user, cwd: '/', stdio: 'ignore' })
    this.#process = started
    while (started.exitCode === null && started.signalCode === null) {
      if (
        await this.query('SELECT 1').then(
          () => true,
          () => false,
        )
      )
        return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`PostgreSQL ended with ${started.exitCode} while it started`)
  }

  /** Runs the statement in a transaction that stays open, with its locks, until it is released. */
  async holding(sql: string): Promise<{ release(): Promise<void> }> {
    const client = new pg.Client({ connectionString: this.url })
    client.on('error', () => {})
    await client.connect()
    await client.query(`BEGIN; ${sql}`)
    return { release: () => client.end() }
  }

  /** Ends all connections at once. */
  async down(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return
    process.kill('SIGINT')
    await once(process, 'exit')
  }

  async remove(): Promise<void> {
    await this.down()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** From now on, of everybody but `postgres`. */
  async demandPasswords(): Promise<void> {
    const rules = ['host all postgres 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256']
    writeFileSync(join(this.#folder, 'data/pg_hba.conf'), `${rules.join('\n')}\n`)
    await this.query('SELECT pg_reload_conf()')
  }

  async query(sql: string): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: this.url })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(sql)).rows as Row[]
    } finally {
      await client.end().catch(() => {})
    }
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (kind: string) => Number(execFileSync('id', [kind, 'nobody']).toString())
  return { uid: id('-u'), gid: id('-g') }
}

/** None of those that the system gives to connections: while a server is down, one of them might take its port. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
