/** A reader at a terminal: runs commands one after another in a copy of the example that has no data and no state yet. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'

const COMMAND_MS_MAX = 180_000
const DEFAULT_PORT = '8080'
const NOT_COPIED = ['.prescore', 'data', 'node_modules', 'test']

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** Settles when the process has ended and all that it wrote was read. */
  readonly ended: Promise<void>
}

export class Session {
  readonly folder: string
  private readonly env: NodeJS.ProcessEnv
  /** The running servers, by the port that the document says; the real port is any free one. */
  private readonly servers = new Map<string, { readonly running: Running; readonly port: string }>()

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder
    this.env = env
  }

  /** @param root the repository; the copy lies below it, so that packages are found. */
  static async open(root: string, example: string): Promise<Session> {
    await mkdir(join(root, '.scratch'), { recursive: true })
    const folder = await mkdtemp(join(root, '.scratch', 'docs-'))
    await cp(example, folder, { recursive: true, filter: path => path === example || !NOT_COPIED.includes(basename(path)) })
    return new Session(folder, environment(root))
  }

  async run(command: string): Promise<Ran> {
    const real = [...this.servers].reduce((text, [said, { port }]) => withPort(text, said, port), command)
    const ran = /^(?:\w+=\S+ )*(?:npx )?prescore serve\b/.test(command) ? await this.serve(real) : await this.finish(this.start(real))
    return [...this.servers].reduce(
      ({ code, stdout, stderr }, [said, { port }]) => ({ code, stdout: withPort(stdout, port, said), stderr }),
      ran,
    )
  }

  /** Ends what still runs and removes the copy. */
  async close(): Promise<void> {
    await Promise.all([...this.servers.values()].map(({ running }) => stop(running)))
    await rm(this.folder, { recursive: true, force: true })
  }

  private start(command: string): Running {
    const child = spawn('sh', ['-c', command], { cwd: this.folder, env: this.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const read = { stdout: '', stderr: '' }
    child.stdout?.setEncoding('utf8').on('data', text => {
      read.stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', text => {
      read.stderr += text
    })
    return { child, stdout: () => read.stdout, stderr: () => read.stderr, ended: once(child, 'close').then(() => {}) }
  }

  private async finish(running: Running): Promise<Ran> {
    const limit = setTimeout(() => kill(running.child, 'SIGKILL'), COMMAND_MS_MAX)
    await running.ended
    clearTimeout(limit)
    return { code: running.child.exitCode, stdout: running.stdout(), stderr: running.stderr() }
  }

  /** Starts a server on a free port and leaves it running once it says where. */
  private async serve(command: string): Promise<Ran> {
    const said = /--port[ =](\d+)/.exec(command)?.[1] ?? DEFAULT_PORT
    const earlier = this.servers.get(said)
    if (earlier !== undefined) await stop(earlier.running)
    const running = this.start(`exec ${command.replace(/\s*&$/, '').replace(/ --port[ =]\d+/, '')} --port 0`)
    const limit = setTimeout(() => kill(running.child, 'SIGKILL'), COMMAND_MS_MAX)
    const port = await Promise.race([portOf(running), running.ended.then(() => undefined)])
    clearTimeout(limit)
    if (port === undefined)
      return { code: running.child.exitCode || 1, stdout: running.stdout(), stderr: `${running.stderr()}it ended without serving` }
    this.servers.set(said, { running, port })
    return { code: 0, stdout: running.stdout(), stderr: running.stderr() }
  }
}

/** The port that a server prints once it listens. */
function portOf({ child, stdout }: Running): Promise<string> {
  return new Promise(resolve => {
    child.stdout?.on('data', () => {
      const port = /https?:\/\/[^\s:]+:(\d+)\b.*\n/.exec(stdout())?.[1]
      if (port !== undefined) resolve(port)
    })
  })
}

function withPort(text: string, from: string, to: string): string {
  return text.replaceAll(new RegExp(`(localhost|127\\.0\\.0\\.1):${from}\\b`, 'g'), `$1:${to}`)
}

/** Without colours and network, and without what an outer npm or test run left behind. */
function environment(root: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_TEST_CONTEXT$|INIT_CWD$|FORCE_COLOR$)/i.test(name))
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  return { ...Object.fromEntries(own), PATH: path, NO_COLOR: '1', npm_config_offline: 'true', npm_config_loglevel: 'error' }
}

async function stop({ child, ended }: Running): Promise<void> {
  kill(child, 'SIGTERM')
  const limit = setTimeout(() => kill(child, 'SIGKILL'), 10_000)
  await ended
  clearTimeout(limit)
}

/** The command and what it started: they are a process group of their own. */
function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid, signal)
}
