/**
 * A Python of our own with some packages, made once for each list of requirements and kept beside other caches of the workspace.
 * It is made by the full suite only; the fast one uses it where it is there.
 */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = resolve(import.meta.dirname, '../../../node_modules/.cache/prescore')

export class PythonEnvironment {
  readonly #folder: string
  readonly #requirements: string

  /** @param requirements as pip reads them */
  constructor(name: string, requirements: string) {
    const digest = createHash('sha256').update(requirements).digest('hex').slice(0, 12)
    this.#folder = join(CACHE, `${name}-${digest}`)
    this.#requirements = requirements
  }

  /** Why it cannot be used now; false: it can. */
  get missing(): string | false {
    if (existsSync(this.#python) || process.env.PRESCORE_FULL === '1') return false
    return 'the Python packages are not installed: the full suite installs them'
  }

  /** Its program, which is made first if it is not there. */
  async python(): Promise<string> {
    if (!existsSync(this.#python)) await this.#install()
    return this.#python
  }

  get #python(): string {
    return join(this.#folder, 'bin/python')
  }

  /** Made beside its place and moved there: a venv that was cut short is none. Scripts of a venv are not used, so that it may be moved. */
  async #install(): Promise<void> {
    const temporary = `${this.#folder}-${randomUUID()}`
    mkdirSync(dirname(this.#folder), { recursive: true })
    try {
      await run('python3', ['-m', 'venv', temporary])
      writeFileSync(join(temporary, 'requirements.txt'), this.#requirements)
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', join(temporary, 'requirements.txt')]
      await run(join(temporary, 'bin/python'), pip, { timeout: 900_000 })
      if (existsSync(this.#python)) rmSync(temporary, { recursive: true })
      else renameSync(temporary, this.#folder)
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true })
      throw error
    }
  }
}
