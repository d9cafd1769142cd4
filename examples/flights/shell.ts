/** What the demo types: commands as they are installed, servers, and requests, each shown as a person would type it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const folder = import.meta.dirname

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export async function tell(title: string, act: () => Promise<void>): Promise<void> {
  say(`\n== ${title}`)
  await act()
}

/** Runs a command to its end. */
export async function prescore(...args: readonly string[]): Promise<void> {
  const [code] = await once(start(args, 'inherit'), 'exit')
  if (code !== 0) throw new Error(`prescore ${args[0]} exited with ${code}`)
}

/** The command line as it is installed, run by the Node that runs this. */
function start(args: readonly string[], stdout: 'inherit' | 'pipe'): ChildProcess {
  say(`$ npx prescore ${args.join(' ')}`)
  const main = join(dirname(new URL(import.meta.resolve('prescore')).pathname), 'cli/main.ts')
  return spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', stdout, 'inherit'] })
}

export class Served {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(url: string, process: ChildProcess) {
    this.url = url
    this.#process = process
  }

  /** Starts a server and waits for its address. */
  static async start(...args: readonly string[]): Promise<Served> {
    const server = start(['serve', ...args], 'pipe')
    const lines = createInterface({ input: server.stdout as NonNullable<ChildProcess['stdout']> })
    const [line] = (await Promise.race([once(lines, 'line'), once(server, 'exit').then(() => [''])])) as [string]
    say(line)
    const url = /http:\/\/[^\s,]+/.exec(line)?.[0]
    if (url === undefined) throw new Error('the server did not start')
    return new Served(url, server)
  }

  /** Waits until the prediction is answered live. */
  async live(prediction: string): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      const { predictions } = (await this.#json('/api/predictions')) as { predictions: { name: string; live: { ready: boolean } | null }[] }
      if (predictions.find(({ name }) => name === prediction)?.live?.ready === true) return
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    throw new Error(`${prediction} is not answered live`)
  }

  /** Asks, shows question and answer, and gives the answer. */
  async ask(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}${path}`)
    const text = await response.text()
    say(`\nGET ${path}\n${text}`)
    if (!response.ok) throw new Error(`it was answered with ${response.status}`)
    return JSON.parse(text) as Record<string, unknown>
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    if (this.#process.exitCode === null) await once(this.#process, 'exit')
  }

  /** Until Ctrl-C. */
  async stays(): Promise<void> {
    say(`\nThe server stays at ${this.url}: Ctrl-C stops it.`)
    process.once('SIGINT', () => this.#process.kill('SIGTERM'))
    await once(this.#process, 'exit')
  }

  async #json(path: string): Promise<unknown> {
    return (await fetch(`${this.url}${path}`)).json()
  }
}
