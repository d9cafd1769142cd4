/** The package as it is published: packed once, and unpacked where a test needs it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pack } from '../../../../scripts/pack.ts'

export const ROOT = resolve(import.meta.dirname, '../../../..')

export interface Place {
  /** A folder whose `node_modules` holds the package. */
  readonly home: string
  /** The package itself. */
  readonly installed: string
  /** What `prescore` runs. */
  readonly main: string
}

export interface Packed extends Place {
  readonly tarball: string
}

/** Within the repository, so that its dependencies are found where that has them, further up. */
export function packed(): Packed {
  mkdirSync(join(ROOT, '.scratch'), { recursive: true })
  const home = mkdtempSync(join(ROOT, '.scratch', 'package-'))
  const tarball = pack(home)
  return { tarball, ...unpacked(tarball, home) }
}

/** Outside of it, with the dependencies of the package and nothing else: no optional peer. */
export function withoutPeers(tarball: string): Place {
  const place = unpacked(tarball, mkdtempSync(join(tmpdir(), 'prescore-bare-')))
  const { dependencies } = JSON.parse(readFileSync(join(place.installed, 'package.json'), 'utf8')) as { dependencies: object }
  for (const name of Object.keys(dependencies)) {
    const link = join(place.home, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), link)
  }
  return place
}

function unpacked(tarball: string, home: string): Place {
  const installed = join(home, 'node_modules/prescore')
  mkdirSync(installed, { recursive: true })
  run(home, 'tar', ['xzf', tarball, '-C', installed, '--strip-components=1'])
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { bin: { prescore: string } }
  return { home, installed, main: join(installed, bin.prescore) }
}

export function removed({ home }: Place): void {
  rmSync(home, { recursive: true, force: true, maxRetries: 3 })
}

/** Runs a program, which must succeed, and gives what it printed. */
export function run(cwd: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

/** Runs `prescore`, which must succeed. */
export function prescoreIn({ main }: Place, cwd: string, ...args: readonly string[]): string {
  return run(cwd, process.execPath, [main, ...args])
}

/** The error that a command of `prescore` ends with. */
export function refusalIn({ main }: Place, cwd: string, ...args: readonly string[]): { code: string; message: string; fix: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args, '--json'], { cwd, encoding: 'utf8' })
  assert.equal(status, 1, stderr + stdout)
  return (JSON.parse(stdout) as { error: { code: string; message: string; fix: string } }).error
}
